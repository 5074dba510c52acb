# SPDX-License-Identifier: GPL-2.0-or-later
"""The control block of an assisted guest, in the manner of a VMCS.

Intel SDM volume 3C, chapter 24: a guest-state area (here the live registers),
execution controls that say what leaves the guest, information about the last
exit, and an event to be injected when the guest goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from vmm.cpu.registers import RegisterFile
from vmm.monitor.assist.classes import CLASSES


class Reason(Enum):
    """Why the guest was left."""

    TRAP = "trap"
    INTERRUPT = "interrupt"
    CALL = "call of the monitor"
    INSTRUCTION = "instruction"
    HALT = "halt"
    PORT = "port"
    DEVICE = "device"
    SECOND_STAGE = "second stage"

    def __hash__(self) -> int:  # counting exits is a good part of their cost
        return id(self)


class Action(Enum):
    """What a handler wants done about an exit.

    RESUME: what the guest was about is done as on the bare machine: its trap is entered, its
    instruction runs, its device answers.  DONE: the handler has done it, on the guest's
    registers, and the guest goes on where these say.  STOP: the run ends; an instruction has
    not begun then, a trap is not entered.
    """

    RESUME = "resume"
    DONE = "done"
    STOP = "stop"


class Exit(NamedTuple):
    """One exit: reason and qualification.

    ``what`` is the trap's name, or the class of the instruction.  The qualification depends
    on the reason.  Of a trap: ``kind``, ``status`` and ``info`` as in the ledger (``info`` is
    the error code, HSR's layout, or npc), the ``address`` of a fault, and on ARM the exception
    ``level`` that takes it (2: HYP mode, by HVC or a trap bit of HCR).  Of an access to the
    board: ``port`` or ``address``, ``size``, ``write`` and ``value``.  Of the second stage:
    the guest-physical ``address`` and ``access`` (0 load, 1 store, 2 fetch).
    """

    reason: Reason
    what: str
    pc: int
    instructions: int  # begun so far; an intercepted one has not
    qualification: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Event:
    """A trap or interrupt for the guest, entered as the architecture says.

    ``kind`` is its number in the ledger; ``error`` is the error code of an x86 fault that
    has one, or ARM's syndrome.  The guest returns from it to where it is now.
    """

    kind: int
    error: int = 0


@dataclass(frozen=True, slots=True)
class Controls:
    """The execution controls: what leaves the guest."""

    traps: frozenset[int] = frozenset()  # by kind, interrupts among them
    instructions: frozenset[str] = frozenset()  # classes (vmm.monitor.assist.classes)
    halt: bool = False
    ports: bool = False
    devices: bool = False  # accesses to device registers
    second_stage: bool = False  # frames that come into the map (others that are refused always)

    @classmethod
    def everything(cls, architecture: str, kinds: Mapping[int, str]) -> Controls:
        """All that can be intercepted, once; ``kinds`` are the processor's traps."""
        classes = frozenset(CLASSES[architecture]) - {"ports"}  # the accesses say more
        return cls(frozenset(kinds), classes, True, True, True, True)

    @classmethod
    def named(
        cls, architecture: str, kinds: Mapping[int, str], names: Iterable[str]
    ) -> Controls:
        """The controls of these names (`control_names`) together.

        ValueError for a name that is none; its text says so.
        """
        known = control_names(architecture, kinds)
        found = []
        for name in names:
            if name not in known:
                raise ValueError(f"no control {name!r} on {architecture}")
            found.append(known[name])
        return cls(
            frozenset().union(*(one.traps for one in found)),
            frozenset().union(*(one.instructions for one in found)),
            *(any(getattr(one, flag) for one in found) for flag in FLAGS),
        )


FLAGS = ("halt", "ports", "devices", "second_stage")


def control_names(architecture: str, kinds: Mapping[int, str]) -> dict[str, Controls]:
    """What can leave a guest, by name; ``kinds`` are the processor's traps.

    All of a sort (``all``, ``traps``, ``instructions``), each class of instructions, each of
    the board's accesses, halts, the second stage, and each trap.
    """
    everything = Controls.everything(architecture, kinds)
    found = {name: Controls(traps=frozenset({kind})) for kind, name in kinds.items()}
    found |= {
        name.replace(" ", "-"): Controls(instructions=frozenset({name}))
        for name in CLASSES[architecture]
    }
    found |= {
        "all": everything, "traps": Controls(traps=everything.traps),
        "instructions": Controls(instructions=everything.instructions),
        "halt": Controls(halt=True), "ports": Controls(ports=True),
        "devices": Controls(devices=True), "second-stage": Controls(second_stage=True),
    }
    return found


@dataclass(slots=True)
class ControlBlock:
    """One guest's control block."""

    guest: RegisterFile
    controls: Controls
    exit: Exit | None = None  # the last one
    event: Event | None = None  # injected when the guest goes on; then None
    value: int = 0  # what a load gets that a handler has done (DONE at PORT or DEVICE)
    exits: Counter[tuple[Reason, str]] = field(default_factory=Counter)


ExitHandler = Callable[[ControlBlock], Action]
