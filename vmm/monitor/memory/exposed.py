# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's own tables, walked by the processor: write-protected, each change validated.

Direct paging, as paravirtual Xen has it: there is no shadow, so a fill costs
what it costs on the bare machine, and the guest's flushes are the
processor's own.  In exchange every change of a table is looked at: a trapped
store after its instruction has ended, a batch of updates (`update`) without
any trap.  A guest that stores what no table may hold is stopped; one that asks
by hypercall is told.  `frame_types` has the rules.

Roots that were used lately stay validated, so coming back to one is cheap.
A store to a table that no root in use is above means that the guest has put
the frame to another use: the roots that it belonged to are let go, and the
store goes on unhindered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vmm.monitor.memory.base import LOAD, PAGE, STORE, MemoryCounters
from vmm.monitor.memory.frame_types import FrameTypes, RefusedError
from vmm.monitor.memory.guest import Guest, guest_of, take_over
from vmm.monitor.memory.tables import Table

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor

ROOTS = 64  # kept validated at most
WORD = 4
LONGEST_STORE = 64  # bytes: ARM's STM of all registers


def addresses(start: int, size: int) -> bool:
    """All that a board can have: 32 bits of address."""
    return start + size <= 1 << 32


class Policy:
    """The guest's tables under guard."""

    name = "exposed"

    def __init__(self, owns: Callable[[int, int], bool] = addresses) -> None:
        """``owns`` says whether so many bytes at a guest-physical address are the guest's."""
        self.counters = MemoryCounters()
        self._owns = owns
        self._guest: Guest
        self._types: FrameTypes
        self._mode: object = None
        self._current: tuple[Table, ...] = ()
        self._pinned: OrderedDict[Table, None] = OrderedDict()
        self._walked: dict[int, int | None] = {}  # virtual page -> where the kernel finds it
        self._storing: list[int] = []  # where the current instruction stores to tables

    def attach(self, monitor: Monitor) -> None:
        """Take the guest's translation over."""
        take_over(monitor, self)
        self.serve(guest_of(monitor))

    def serve(self, guest: Guest) -> None:
        """Begin, with the guest's registers as they are."""
        self._guest = guest
        self._types = FrameTypes(guest.memory, guest.tables, self._owns, self._table)
        self._switch()

    def type_of(self, frame: int) -> str:
        """What a frame (a number) is used for: "none", "table 1" to "table 4", "writable"."""
        return self._types.name(frame)

    def _table(self, frame: int, role: int) -> None:
        self._guest.mmu.set_role(frame, role)

    # -- contexts -------------------------------------------------------------------------

    def context_changed(self) -> None:
        """Validate the tables of the context, if they are not validated already."""
        self.counters.switches += 1
        self._switch()

    def _switch(self) -> None:
        guest, tables = self._guest, self._guest.tables
        self._walked.clear()
        tables.load_context(guest.registers)
        self._current = tables.roots()
        if tables.mode != self._mode or not self._current:
            self._mode = tables.mode
            self._pinned.clear()
            self._types.clear()
            # Only words can be entries of a batch that is made without asking.
            guest.mmu.set_batches(tables.entry_size == WORD and self._owns is addresses)
        if not tables.translating:
            guest.mmu.use_none()
            return
        guest.mmu.use(None)
        for root in self._current:
            if root in self._pinned:
                self._pinned.move_to_end(root)
                continue
            try:
                self._types.pin(root)
            except RefusedError as error:
                guest.stop(f"the guest's page tables cannot be used: {error}")
                return
            self.counters.walks += 1
            self._pinned[root] = None
        while len(self._pinned) > ROOTS:
            self._let_go(next(iter(self._pinned)))

    def _let_go(self, root: Table) -> None:
        del self._pinned[root]
        self._types.unpin(root)

    def flush(self, address: int | None) -> None:
        """The processor's own."""
        self.counters.flushes += 1
        self._walked.clear()
        if address is None:
            self._guest.mmu.flush()
        else:
            self._guest.mmu.flush_page(address & -PAGE)

    def fill(self, address: int, access: int) -> int:
        """A store to a frame that holds a table."""
        guest = self._guest
        self.counters.hidden_faults += 1
        assert access == STORE
        self._storing.append(guest.mmu.fill_physical & -PAGE | address & PAGE - 1)
        guest.mmu.store_through(address)
        return 0

    def physical(self, address: int) -> int | None:
        """By a walk, unless it is remembered; it is forgotten when the processor forgets."""
        page = address & -PAGE
        if page not in self._walked:
            self._walked[page] = self._guest.tables.walk(page, LOAD, False).physical
        found = self._walked[page]
        return None if found is None else found | address & PAGE - 1

    # -- changes --------------------------------------------------------------------------

    def stored(self) -> None:
        """Validate what the store has changed."""
        stores, self._storing = self._storing, []
        for address in stores:
            self._look(address, LONGEST_STORE)

    def _look(self, address: int, size: int) -> None:
        """So many bytes have been stored to, all in one frame."""
        current = {root.base for root in self._current}
        for base in self._types.tables_in(address >> 12):
            if base not in self._types:
                continue  # a change of one above has just ended its use
            above = self._types.roots_above(base)
            if above & current:
                self._validate(base)
            elif self._types.overlaps(base, address, size):
                for root in [root for root in self._pinned if root.base in above]:
                    self._let_go(root)

    def _validate(self, base: int) -> None:
        try:
            self.counters.updates += self._types.changed(base)
        except RefusedError as error:
            self._guest.stop(f"the guest's page tables may not be so: {error}")

    def wrote(self, address: int, size: int) -> None:
        """Validate what others have changed."""
        self._walked.clear()
        while size > 0:
            part = min(size, PAGE - address % PAGE)
            self._look(address, part)
            address, size = address + part, size - part

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """Validate each entry of a table in use, and store it; they count at once."""
        guest, types = self._guest, self._types
        size, place = guest.tables.entry_size, guest.memory.place
        most = 1 << 8 * size
        base = end = 0  # the table of the last entry
        free = -1  # a frame without tables
        accepted = 0
        for address, value in entries:
            if address % size or value >= most:
                break
            if not base <= address < end and address >> 12 != free:
                table = self._table_at(address)
                base, end = (0, 0) if table is None else (table, types.end(table))
                free = -1 if types.tables_in(address >> 12) else address >> 12
            if base <= address < end:
                free = -1  # the entry may make a table of it
                try:
                    types.propose(base, address, value)
                except RefusedError:
                    break
            if not place(address, size, value):
                break
            accepted += 1
        self.counters.updates += accepted
        self._walked.clear()
        guest.mmu.flush()
        return accepted == len(entries)

    def _table_at(self, address: int) -> int | None:
        """The table that the current roots reach at an address; others there are let go."""
        current = {root.base for root in self._current}
        for base in self._types.tables_in(address >> 12):
            if base not in self._types or not self._types.overlaps(base, address, 1):
                continue
            above = self._types.roots_above(base)
            if above & current:
                return base
            for root in [root for root in self._pinned if root.base in above]:
                self._let_go(root)
        return None

    def forget(self) -> None:
        """Begin anew."""
        self._storing.clear()
        self._pinned.clear()
        self._types.clear()
        self._switch()
