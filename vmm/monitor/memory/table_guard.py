# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables under guard: the roots that were used lately, and each change of what they reach.

Roots stay validated, so coming back to one is cheap.  A store to a table that
no root in use is above means that the guest has put the frame to another use:
the roots that it belonged to are let go, and the store goes on unhindered.

This is the readable form.  Guests are served by the native one, which
`native_guard` makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vmm.monitor.memory.base import PAGE, MemoryCounters
from vmm.monitor.memory.frame_types import ADDRESSES, FrameTypes, RefusedError
from vmm.monitor.memory.guest import Mmu
from vmm.monitor.memory.tables import Memory, Table, Tables

ROOTS = 64  # kept validated at most, besides current ones
FLUSH_PAGES = 16  # by one batch; more than that, and all are flushed
OWNED = range(ADDRESSES)


class Guard(Protocol):
    """What a policy asks of either form.

    Of the policy's counters it keeps `updates` of entries, and `walks` of roots that were
    validated from nothing.
    """

    @property
    def generation(self) -> int:
        """Differs whenever the guard has had the processor forget translations."""
        ...

    def begin(self) -> None:
        """Know of no table; those to come are as the guest's registers say now."""
        ...

    def enter(self, roots: Sequence[Table]) -> None:
        """Walks begin here from now on.  RefusedError if these cannot be validated."""
        ...

    def release(self, base: int) -> None:
        """The root with that base will not be entered again, unless it is in use now."""
        ...

    def look(self, address: int, size: int) -> None:
        """So many bytes have been stored to, all in one frame.

        RefusedError if that may not be; it has been undone.
        """
        ...

    def refused(self) -> str | None:
        """Why a store was refused that the guard has looked at unasked; None: none was."""
        ...

    def update(self, entries: Sequence[tuple[int, int]]) -> int:
        """Validate and store entries: (physical address, value) each.  How many were accepted.

        Nothing stays cached of what they were.
        """
        ...

    def type_of(self, frame: int) -> str:
        """What a frame (a number) is used for: "none", "table 1" to "table 4", "writable"."""
        ...


class TableGuard:
    """`Guard`, to be read."""

    def __init__(
        self, mmu: Mmu, memory: Memory, tables: Tables, counters: MemoryCounters,
        owned: range = OWNED,
    ) -> None:
        """``owned`` are the physical addresses that the guest may map."""
        self._counters = counters
        self.generation = 0
        self._mmu, self._memory, self._tables = mmu, memory, tables
        self._types = FrameTypes(memory, tables, owned, mmu.set_role)
        self._current: tuple[Table, ...] = ()
        self._roots: dict[Table, None] = {}  # the one entered longest ago first

    def type_of(self, frame: int) -> str:
        return self._types.name(frame)

    def begin(self) -> None:
        self._current = ()
        self._roots.clear()
        self._types.clear()
        self.generation += 1

    # -- roots --------------------------------------------------------------------------

    def enter(self, roots: Sequence[Table]) -> None:
        self._current = tuple(roots)
        self.generation += 1
        for root in roots:
            if root in self._roots:
                del self._roots[root]
            else:
                self._types.pin(root)
                self._counters.walks += 1
            self._roots[root] = None
        while len(self._roots) > ROOTS:
            self._let_go(next(iter(self._roots)))
        self._mmu.flush()

    def release(self, base: int) -> None:
        for root in reversed(tuple(self._roots)):
            if root.base == base and root not in self._current:
                self._let_go(root)

    def _let_go(self, root: Table) -> None:
        del self._roots[root]
        self._types.unpin(root)

    # -- changes --------------------------------------------------------------------------

    def look(self, address: int, size: int) -> None:
        self._counters.updates += self._look(address, size)

    def _look(self, address: int, size: int) -> int:
        """How many entries have another meaning now."""
        different = 0
        for table in self._types.tables_in(address >> 12):
            if self._types.known(table) is None:
                continue  # a change of one above has just ended its use
            overlaps = table.base < address + size and address < table.base + table.size
            if self._reached(table, overlaps):
                different += self._types.changed(table)
        return different

    def refused(self) -> str | None:
        return None  # this one is always asked

    def _reached(self, table: Table, go: bool) -> bool:
        """Whether the current roots reach a table.  If not, and ``go``, its roots are let go."""
        above = self._types.tables_above(table)
        if any(root in above for root in self._current):
            return True
        if go:
            for root in reversed([root for root in self._roots if root in above]):
                self._let_go(root)
        return False

    def update(self, entries: Sequence[tuple[int, int]]) -> int:
        accepted = 0
        pages: list[int | None] = []  # of entries that are others now; None: not known
        for address, value in entries:
            if not self._update(address, value, pages):
                break
            accepted += 1
        self._counters.updates += accepted
        self.generation += 1
        if None in pages or len(pages) > FLUSH_PAGES:
            self._mmu.flush()
        else:
            for page in pages:
                assert page is not None
                self._mmu.flush_page(page)
        return accepted

    def _update(self, address: int, value: int, pages: list[int | None]) -> bool:
        types, size = self._types, self._tables.entry_size
        if address % size or value >= 1 << 8 * size:
            return False
        table = self._table_at(address)
        if table is None:
            return self._memory.place(address, size, value)
        old, page = types.part(table, address - table.base), self._page_of(table, address)
        try:
            types.propose(table, address - table.base, value)
        except RefusedError:
            return False
        if old.table is not None or old.span:
            pages.append(page)
        try:
            if self._memory.place(address, size, value):
                if self._look(address, size):  # the same place as tables of other levels
                    pages.append(None)
                return True
        except RefusedError:
            pass
        types.changed(table)  # it is what it was
        return False

    def _table_at(self, address: int) -> Table | None:
        """The table that the current roots reach at an address; others there are let go."""
        for table in self._types.tables_in(address >> 12):
            if self._types.known(table) is not None and (
                table.base <= address < table.base + table.size and self._reached(table, True)
            ):
                return table
        return None

    def _page_of(self, table: Table, address: int) -> int | None:
        """The page that the entry at an address translates, in the only place where walks find it.

        None: there may be more such places, or it is no single page.
        """
        types, size = self._types, self._tables.entry_size
        offset = address - table.base
        if types.part(table, offset).span != PAGE:
            return None
        page, known = 0, types.known(table)
        while known is not None:
            page += self._tables.span(table.level) * (offset // size)
            if known.pins:
                alone = self._current.count(table) == 1 and not known.uses
                return self._tables.begins(table) + page if alone else None
            if len(known.uses) != 1:
                return None
            (parent, (count, offset)), = known.uses.items()
            # The entry that came last need not be the one that is left.
            if count != 1 or types.part(parent, offset).table != table:
                return None
            table, known = parent, types.known(parent)
        return None
