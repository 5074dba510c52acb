# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a run stands, and why it stopped there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from vmm.cpu.watch import Access
from vmm.cpu.x86.processor import X86Processor
from vmm.machine.ledger import TrapRecord
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome

if TYPE_CHECKING:
    from vmm.debug.breakpoints import Breakpoint

SPARC_SUPERVISOR, ARM_MODE, ARM_USER = 0x80, 0x1F, 0x10


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where in the run: comparable, exact, replayable.

    A trap is taken between two instructions: after it the count is the same and ``traps``
    one higher.  Of several moments with one position (time that goes by in a sleep) the
    position means the first.
    """

    count: int  # instructions begun since reset
    traps: int  # traps taken so far


class Why(Enum):
    """Why the machine stands where it stands."""

    START = "start"  # the oldest point that is kept
    STEP = "step"
    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"
    TRAP = "trap"
    COUNT = "count"
    TIME = "time"
    ENDED = "ended"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class TrapInfo:
    """A trap that was just taken: the machine stands at its handler's first instruction."""

    kind: int
    name: str
    count: int
    pc: int
    status: int
    info: int
    before: Mapping[str, int]  # every register, by the manual's name, just before


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a session."""

    why: Why
    position: Position
    text: str  # one line for people
    trap: TrapInfo | None = None
    breakpoint: Breakpoint | None = None
    access: Access | None = None  # of a watchpoint
    outcome: Outcome | None = None  # of a run that has ended


def from_user(machine: Machine, status: int) -> bool:
    """Whether a trap that is about to be taken comes from user mode."""
    processor = machine.processor
    if processor.architecture == "sparc":
        return not status & SPARC_SUPERVISOR
    if processor.architecture == "arm":
        return status & ARM_MODE == ARM_USER
    assert isinstance(processor, X86Processor)
    return processor.cpl == 3


@dataclass(frozen=True, slots=True)
class TrapFilter:
    """Which traps are wanted: all criteria that are given must hold."""

    kinds: frozenset[int] | None = None
    privilege: Literal["user", "supervisor"] | None = None  # where the trap comes from
    addresses: range | None = None  # pc of the trapping instruction (x86: linear)

    def matches(self, machine: Machine, record: TrapRecord) -> bool:
        """Asked when the trap is about to be taken."""
        _, kind, pc, status, _ = record
        if self.kinds is not None and kind not in self.kinds:
            return False
        if self.privilege is not None and (
            from_user(machine, status) != (self.privilege == "user")
        ):
            return False
        base = machine.linear_pc - machine.processor.pc  # x86: of the code segment
        return self.addresses is None or (pc + base) & 0xFFFFFFFF in self.addresses
