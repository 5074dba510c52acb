# SPDX-License-Identifier: GPL-2.0-or-later
"""What a campaign does: the guest, the number of runs, and how each is chosen."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from vmm.testing.case import Case


class Class(Enum):
    """What came of a run, beside the reference run with nothing changed."""

    SAME = "same"  # the same output and the same end
    OUTPUT = "output"  # another output or exit status, and nobody noticed
    TRAP = "trap"  # a kind of trap that the reference run does not take
    CRASH = "crash"  # the guest could not go on
    TIMEOUT = "timeout"  # it took longer than it may
    ERROR = "error"  # the run could not be made: ours, not the guest's


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign.  ``spaces`` are what bits are flipped in (see `Space`), or nothing is."""

    case: Case
    runs: int
    seed: int = 0
    spaces: tuple[str, ...] = ()
    inputs: tuple[bytes, ...] = ()  # typed at the start, in turn
    snapshot: Path | None = None  # the machine's file, instead of booting the case
    after: str | None = None  # the state that all runs begin with: once this is printed
    patience: float = 2.0  # times the reference run's virtual time


@dataclass(frozen=True, slots=True)
class Space:
    """Bits that may be flipped: of registers, or of a range of physical memory."""

    registers: tuple[str, ...] = ()
    memory: range = range(0)


@dataclass(frozen=True, slots=True)
class Flip:
    """One bit, inverted before the instruction that is number ``count`` after reset."""

    count: int
    bit: int
    register: str = ""  # "": memory
    address: int = 0  # physical

    @property
    def place(self) -> str:
        """The register's name, or the byte's address."""
        return self.register or f"{self.address:#010x}"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one run."""

    run: int
    outcome: Class
    count: int | None = None  # where the bit was flipped; None: nothing was
    place: str = ""
    bit: int | None = None
    pc: str = ""  # the instruction that came next, with its symbol
    typed: str = ""
    ending: str = ""
    status: int | None = None
    instructions: int = 0
    traps: int = 0
    new_traps: str = ""  # kinds that the reference run does not take
    console: str = ""  # SHA-256
    line: int | None = None  # the first line of the console that differs
    text: str = ""


def choose(seed: int, run: int, spaces: list[Space], counts: range, bits: dict[str, int]) -> Flip:
    """The flip of one run: uniform over counts, over spaces, and over the bits of a space.

    ``bits`` are the sizes of registers.
    """
    chosen = random.Random(f"{seed}/{run}")
    count = chosen.choice(counts)
    space = chosen.choice(spaces)
    if space.registers:
        name = chosen.choice(space.registers)
        return Flip(count, chosen.randrange(bits[name]), name)
    return Flip(count, chosen.randrange(8), address=chosen.choice(space.memory))
