# SPDX-License-Identifier: GPL-2.0-or-later
"""The control block of an assisted guest, in the manner of a VMCS.

Intel SDM volume 3C, chapter 24: a guest-state area (here the live registers),
execution controls that say what leaves the guest, information about the last
exit, and an event to be injected when the guest goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

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


class Action(Enum):
    """What a handler wants done about an exit.

    RESUME: what the guest was about is done as on the bare machine: its trap is entered, its
    instruction runs, its device answers.  DONE: the handler has done it, on the guest's
    registers, and the guest goes on where these say.  STOP: the run ends.
    """

    RESUME = "resume"
    DONE = "done"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit: reason and qualification.

    ``what`` is the trap's name, or the class of the instruction.  The qualification depends
    on the reason: ``kind``, ``status`` and ``info`` of a trap as in the ledger, with the
    ``address`` of a fault; ``port`` or ``address``, ``size``, ``write`` and ``value`` of an
    access; ``address`` (guest-physical) and ``access`` (0 load, 1 store, 2 fetch).
    """

    reason: Reason
    what: str
    pc: int
    count: int  # instructions begun; an intercepted instruction has not
    qualification: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Event:
    """A trap or interrupt for the guest, entered as the architecture says.

    ``kind`` is its number in the ledger; ``error`` is the error code of an x86 fault that
    has one.
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

    @classmethod
    def everything(cls, architecture: str, kinds: Mapping[int, str]) -> Controls:
        """All that can be intercepted; ``kinds`` are the processor's traps."""
        return cls(frozenset(kinds), frozenset(CLASSES[architecture]), True, True, True)


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
