# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 page tables: 32-bit paging with PSE, and PAE (Intel SDM volume 3A, chapter 4).

Accessed flags are set level by level, as the engine and the processor do: the
flag of a directory entry also when the table's entry then refuses the access
(4.8).  PAE directory pointers have none.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from vmm.cpu.walk import Walk
from vmm.cpu.x86 import walk as x86_walk
from vmm.cpu.x86.paging import ACCESSED, DIRTY
from vmm.cpu.x86.state import CR0_PG, CR0_WP, CR4_PAE, CR4_PSE
from vmm.monitor.memory.base import PAGE, STORE, Fault
from vmm.monitor.memory.tables import (
    ACCESSES,
    WRITES,
    Found,
    Memory,
    Registers,
    Source,
    rights_bits,
)


class X86Tables:
    """The tables at CR3.

    ``a20`` and ``no_execute`` tell the A20 gate's mask and EFER.NXE.
    """

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
        cr4 = registers["cr4"] & (CR4_PSE | CR4_PAE)
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
