# SPDX-License-Identifier: GPL-2.0-or-later
"""What is put to the experiment: instructions, and the states that they are run in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Mode(Enum):
    """The two modes of Popek and Goldberg's machine."""

    SUPERVISOR = "supervisor"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with its operands.

    ``registers`` and ``memory`` (by virtual address) hold the operands; they are the
    same in every run.  ``system`` is false of the ordinary ones that serve as a control.
    """

    name: str
    code: bytes
    system: bool = True
    registers: Mapping[str, int] = field(default_factory=dict)
    memory: Mapping[int, bytes] = field(default_factory=dict)
    thumb: bool = False


@dataclass(frozen=True, slots=True)
class Variation:
    """A state of the machine that differs from the base state in what only a supervisor sets.

    ``apply`` makes it out of the base state.  ``loosens``: it gives user mode a right that a
    monitor, which runs its guests in user mode, keeps to itself (I/O privilege, counters).
    ``stale``: a page table entry has changed and the TLB does not know.
    """

    name: str
    apply: Callable[[Any, Mode], None]
    loosens: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of an instruction: what came of it.

    ``results`` is all that a user program can see afterwards.  ``changes`` are those of
    privileged state, as name to (before, after), and what else the instruction did to the
    machine's resources: the TLB, ports, the processor's sleep.
    """

    mode: Mode
    variation: str
    trap: str | None
    results: Mapping[str, int]
    changes: Mapping[str, tuple[int, int]]

    def differences(self, other: Run) -> dict[str, tuple[int | None, int | None]]:
        """The results that two runs do not share."""
        mine, others = self.results, other.results
        if mine == others:
            return {}
        return {
            name: (mine.get(name), others.get(name))
            for name in sorted({*mine, *others}) if mine.get(name) != others.get(name)
        }
