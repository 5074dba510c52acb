# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 page tables: 32-bit paging with PSE, and PAE (Intel SDM volume 3A, chapter 4).

Accessed flags are set level by level, as the engine and the processor do: the
flag of a directory entry also when the table's entry then refuses the access
(4.8).  PAE directory pointers have none.  Of 4.6, CR4.SMEP counts; CR4.SMAP does
not, as no 32-bit processor has it, and the engine lets none of ours set it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from vmm.cpu.walk import Walk
from vmm.cpu.x86 import walk as x86_walk
from vmm.cpu.x86.paging import (
    ACCESSED,
    ADDRESS,
    DIRTY,
    LARGE,
    NO_EXECUTE,
    PAT_LARGE,
    PRESENT,
    RESERVED_4M,
    RESERVED_HIGH,
    WRITABLE,
)
from vmm.cpu.x86.state import CR0_PG, CR0_WP, CR4_PAE, CR4_PSE, CR4_SMEP
from vmm.monitor.memory.base import PAGE, STORE, Fault
from vmm.monitor.memory.tables import (
    ACCESSES,
    NOTHING,
    WRITES,
    Found,
    Memory,
    Part,
    Registers,
    Source,
    Table,
    rights_bits,
)
from vmm.native.table_guard import FORMAT_NXE, FORMAT_PSE, TABLES_PAE, TABLES_X86

ALL = (1 << 64) - 1
GIB, MIB_4, MIB_2 = 1 << 30, 1 << 22, 1 << 21


class X86Tables:
    """The tables at CR3.

    ``a20`` and ``no_execute`` tell the A20 gate's mask and EFER.NXE.
    """

    features = 0
    swapped = False

    def __init__(
        self, memory: Memory, a20: Callable[[], int] = lambda: -1,
        no_execute: Callable[[], bool] = lambda: False,
    ) -> None:
        self._memory = memory
        self._read_a20, self._read_no_execute = a20, no_execute
        self._registers = {"cr0": 0, "cr3": 0, "cr4": 0}
        self._a20, self._no_execute, self._pointers = -1, False, False

    @property
    def entry_size(self) -> int:
        """PAE's entries have 8 bytes."""
        return 8 if self._registers["cr4"] & CR4_PAE else 4

    def load_context(self, registers: Registers) -> Hashable:
        """By CR0, CR3, CR4, EFER and the A20 gate."""
        self._a20 = self._read_a20()
        cr0 = registers["cr0"] & (CR0_PG | CR0_WP)
        if not cr0 & CR0_PG:
            self._registers = {"cr0": 0, "cr3": 0, "cr4": 0}
            return self._a20
        cr4 = registers["cr4"] & (CR4_PSE | CR4_PAE | CR4_SMEP)
        self._registers = {"cr0": cr0, "cr3": registers["cr3"], "cr4": cr4}
        self._no_execute = self._read_no_execute()
        self._pointers = bool(cr4 & CR4_PAE)
        return cr0, self._registers["cr3"], cr4, self._no_execute, self._a20

    def walk(self, address: int, access: int, user: bool) -> Walk:
        """The readable walk."""
        return x86_walk.walk(self._memory.load, self._registers, address,
                             ACCESSES[access][user], self._a20, self._no_execute)

    def find(self, address: int, access: int, user: bool) -> Found:
        """Translate, setting accessed flags, and the dirty flag for a store."""
        walk = self.walk(address, access, user)
        steps = walk.steps
        refused = walk.physical is None
        last = len(steps) - 1
        sources: dict[int, Source] = {}  # a table that contains itself is read twice
        rights = rights_bits(walk.rights)
        for index, step in enumerate(steps):
            known = sources.get(step.address)
            entry = step.entry or 0 if known is None else known[2]
            marked = entry
            if index == last:
                if refused:
                    break
                marked |= ACCESSED | DIRTY if access == STORE else ACCESSED
                if not marked & DIRTY:
                    rights &= ~WRITES
            elif index or not self._pointers:
                marked |= ACCESSED
            if marked != entry:
                self._memory.store(step.address, step.size, marked)
            sources[step.address] = (step.address, step.size, marked)
        if walk.physical is None:
            fault = Fault(address, access, user, walk.status or 0)
            return Found(fault)
        return Found(None, walk.physical & -PAGE, rights, walk.span, tuple(sources.values()))

    @property
    def mode(self) -> Hashable:
        """Which bits mean what: CR4.PAE and PSE, EFER.NXE, the A20 gate."""
        return self._registers["cr4"], self._no_execute, self._a20

    @property
    def translating(self) -> bool:
        """CR0.PG."""
        return bool(self._registers["cr0"] & CR0_PG)

    def roots(self) -> tuple[Table, ...]:
        """The directory, or PAE's four pointers."""
        registers = self._registers
        if not registers["cr0"] & CR0_PG:
            return ()
        if self._pointers:
            return (Table(registers["cr3"] & 0xFFFFFFE0 & self._a20, 1, 32),)
        return (Table(registers["cr3"] & 0xFFFFF000 & self._a20, 1, PAGE),)

    def begins(self, root: Table) -> int:
        """All addresses are translated there."""
        return 0

    def part(self, level: int, entry: int) -> Part:
        """4.3 and 4.4."""
        if not entry & PRESENT:
            return NOTHING
        if not self._pointers:
            return self._part_32(level, entry)
        high = RESERVED_HIGH | (0 if self._no_execute and level > 1 else NO_EXECUTE)
        large = level == 2 and bool(entry & LARGE)
        if entry & high or (large and entry & 0x1FF000 & ~PAT_LARGE):
            return NOTHING
        if level < 3 and not large:
            return Part(Table(entry & ADDRESS & self._a20, level + 1, PAGE))
        span = MIB_2 if large else PAGE
        frame = entry & ADDRESS & -span & self._a20
        return Part(None, frame, span, bool(entry & WRITABLE))

    def _part_32(self, level: int, entry: int) -> Part:
        writable = bool(entry & WRITABLE)
        if level == 2:
            return Part(None, entry & 0xFFFFF000 & self._a20, PAGE, writable)
        if not (entry & LARGE and self._registers["cr4"] & CR4_PSE):
            return Part(Table(entry & 0xFFFFF000 & self._a20, 2, PAGE))
        if entry & RESERVED_4M:
            return NOTHING
        frame = (entry >> 13 & 0xFF) << 32 | entry & 0xFFC00000 & self._a20
        return Part(None, frame, MIB_4, writable)

    @property
    def format(self) -> tuple[int, int, int]:
        """CR4.PSE, EFER.NXE and the A20 gate."""
        flags = FORMAT_NXE if self._no_execute else 0
        if self._registers["cr4"] & CR4_PSE:
            flags |= FORMAT_PSE
        return TABLES_PAE if self._pointers else TABLES_X86, flags, self._a20 & ALL

    def span(self, level: int) -> int:
        """4.3 and 4.4."""
        return (MIB_4, PAGE)[level - 1] if not self._pointers else (GIB, MIB_2, PAGE)[level - 1]
