# SPDX-License-Identifier: GPL-2.0-or-later
"""A page-table walk, told step by step.

Each architecture's walker reads the tables as the manual describes it and
keeps what it saw: every entry's place and value, which table of the manual
decodes it, and where and why the walk ended.  Walkers only read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

ReadEntry = Callable[[int, int], int | None]  # (physical address, bytes); None: nobody answers
Registers = Mapping[str, int]  # by manual name, as `RegisterFile.snapshot` has them

def swapped(read: ReadEntry) -> ReadEntry:
    """Reads of entries whose bytes are in the other order than the processor's."""
    def entry(address: int, size: int) -> int | None:
        value = read(address, size)
        return None if value is None else reverse(value, size)

    return entry


def reverse(entry: int, size: int) -> int:
    """An entry of ``size`` bytes with its bytes in the other order."""
    return int.from_bytes(entry.to_bytes(size, "little"), "big")


AccessKind = Literal["load", "store", "execute"]


@dataclass(frozen=True, slots=True)
class Access:
    """An access to a virtual address, as far as permissions ask for it."""

    kind: AccessKind = "load"
    user: bool = False
    limited: bool = True  # False: permissions are not asked, as when listing tables
    privileged: str = "supervisor"  # what the architecture calls who is not the user

    def __str__(self) -> str:
        what = {"load": "load", "store": "store", "execute": "instruction fetch"}[self.kind]
        return f"{'user' if self.user else self.privileged} {what}"


class Step(NamedTuple):
    """One table entry that the walk read."""

    table: str  # what holds it: "context table", "page directory", "first level"
    address: int  # physical address of the entry
    entry: int | None  # None: nobody answers there
    layout: str  # the field table that decodes it, such as "srmmu.pte"
    kind: str  # what the entry is, in the manual's words
    size: int = 4  # bytes


class Walk(NamedTuple):
    """Where an address leads, or why it leads nowhere."""

    address: int
    steps: tuple[Step, ...]
    physical: int | None  # None exactly if there is a fault
    span: int  # bytes that the last entry stands for
    rights: str = ""  # of the mapping, supervisor before user: "rwx/r-x"
    fault: str | None = None  # in the manual's words
    status: int | None = None  # the fault's code: FT, FS or STATUS, page-fault error code
    level: int | None = None  # at which level, where the architecture numbers them
    through: tuple[Walk, ...] = ()  # stage 2 walks that stage 1 needed, the last one's fault ours

    @property
    def start(self) -> int:
        """First address that the last entry stands for."""
        return self.address & ~(self.span - 1)
