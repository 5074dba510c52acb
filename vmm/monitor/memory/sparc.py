# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC Reference MMU tables (SPARC V8 manual, appendix H).

R and M of the entry that maps a page are set as the hardware does; entries
that point to tables have no flags.
"""

from __future__ import annotations

from collections.abc import Hashable

from vmm.cpu.sparc import mmu
from vmm.cpu.walk import Walk
from vmm.monitor.memory.base import PAGE, STORE, Fault
from vmm.monitor.memory.tables import (
    ACCESSES,
    NOTHING,
    WRITES,
    Found,
    Memory,
    Part,
    Registers,
    Table,
    rights_bits,
)
from vmm.native.table_guard import TABLES_SPARC

ENABLED = 1  # MMU control register, E
REFERENCED, MODIFIED = 1 << 5, 1 << 6
FAULT_ADDRESS_VALID = 1 << 1
# FSR.AT by kind of access (H-6): supervisor; the user's are one less.
ACCESS_TYPES = (1, 5, 3)
SIZES = (4, 1 << 10, 1 << 8, 1 << 8)  # bytes of a table, by level


class SparcTables:
    """The tables that the context table pointer and the context register select."""

    features = 0
    swapped = False

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._on = False
        self._pointer = self._context = 0

    entry_size = 4

    def load_context(self, registers: Registers) -> Hashable:
        """By MMU control, context table pointer and context."""
        self._on = bool(registers["mmu.control"] & ENABLED)
        if not self._on:
            return None
        self._pointer = registers["mmu.ctxtbl"]
        self._context = registers["mmu.context"]
        return self._pointer, self._context

    def walk(self, address: int, access: int, user: bool) -> Walk:
        """The readable walk."""
        if not self._on:
            return Walk(address, (), address, PAGE, "rwx/rwx")
        return mmu.walk(self._memory.load, self._pointer, self._context, address,
                        ACCESSES[access][user])

    def find(self, address: int, access: int, user: bool) -> Found:
        """Translate, setting R, and M for a store."""
        walk = self.walk(address, access, user)
        if walk.physical is None:
            return Found(Fault(address, access, user, status(walk, access, user)))
        rights = rights_bits(walk.rights)
        sources = [(step.address, 4, step.entry or 0) for step in walk.steps]
        if sources:
            at, size, _ = sources[-1]
            marked = self.mark(walk, access)
            sources[-1] = (at, size, marked)
            if not marked & MODIFIED:
                rights &= ~WRITES
        return Found(None, walk.physical & -PAGE, rights, walk.span, tuple(sources))

    def mark(self, walk: Walk, access: int) -> int:
        """Set R, and M for a store, in the entry that a walk ended with: the entry now."""
        last = walk.steps[-1]
        entry = last.entry or 0
        marked = entry | (REFERENCED | MODIFIED if access == STORE else REFERENCED)
        if marked != entry:
            self._memory.store(last.address, 4, marked)
        return marked

    mode = None  # there is one only

    @property
    def translating(self) -> bool:
        """The control register's E."""
        return self._on

    def roots(self) -> tuple[Table, ...]:
        """The context's entry of the context table is a table of its own."""
        if not self._on:
            return ()
        return (Table((self._pointer << 4 & 0xFFFFFFFF0) + 4 * self._context, 1, 4),)

    def begins(self, root: Table) -> int:
        """All addresses are translated there."""
        return 0

    def part(self, level: int, entry: int) -> Part:
        """H.3: the root is level 0 in the manual's count, 1 in ours."""
        kind = entry & 3
        if kind == mmu.PTE and level > 1:
            size = mmu.SIZES[level - 1]
            frame = (entry & 0xFFFFFF00) << 4 & -size
            return Part(None, frame, size, "w" in mmu.RIGHTS[entry >> 2 & 7])
        if kind == mmu.PTD and level < len(SIZES):
            return Part(Table((entry & 0xFFFFFFFC) << 4, level + 1, SIZES[level]))
        return NOTHING

    format = TABLES_SPARC, 0, (1 << 64) - 1

    def span(self, level: int) -> int:
        """H.3."""
        return mmu.SIZES[level - 1]


def status(walk: Walk, access: int, user: bool) -> int:
    """FSR (H.5): L, AT, FT, FAV.

    As in the engine, L is told of entries that end a walk, not of rights refused.
    """
    level = 0 if walk.rights else walk.level or 0
    access_type = ACCESS_TYPES[access] - user
    return level << 8 | access_type << 5 | (walk.status or 0) << 2 | FAULT_ADDRESS_VALID
