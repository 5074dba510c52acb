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
        self._roots: dict[int, Table] = {}  # by base; the one entered longest ago first

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
            known = self._roots.get(root.base)
            if known is not None and known != root:
                self._let_go(root.base)
                known = None
            if known is None:
                self._types.pin(root)
                self._counters.walks += 1
            else:
                del self._roots[root.base]
            self._roots[root.base] = root
        while len(self._roots) > ROOTS:
            self._let_go(next(iter(self._roots)))
        self._mmu.flush()

    def release(self, base: int) -> None:
        if base in self._roots and self._roots[base] not in self._current:
            self._let_go(base)

    def _let_go(self, base: int) -> None:
        self._types.unpin(self._roots.pop(base))

    # -- changes --------------------------------------------------------------------------

    def look(self, address: int, size: int) -> None:
        for base in self._types.tables_in(address >> 12):
            known = self._types.known(base)
            if known is None:
                continue  # a change of one above has just ended its use
            if self._reached(base, base < address + size and address < base + known.size):
                self._counters.updates += self._types.changed(base)

    def refused(self) -> str | None:
        return None  # this one is always asked

    def _reached(self, base: int, go: bool) -> bool:
        """Whether the current roots reach a table.  If not, and ``go``, its roots are let go."""
        above = self._types.tables_above(base)
        if any(root.base in above for root in self._current):
            return True
        if go:
            for root in reversed([root for root in self._roots if root in above]):
                self._let_go(root)
        return False

    def update(self, entries: Sequence[tuple[int, int]]) -> int:
        types, size = self._types, self._tables.entry_size
        accepted = 0
        flush_all = False
        pages: list[int] = []
        for address, value in entries:
            if address % size or value >= 1 << 8 * size:
                break
            base = self._table_at(address)
            if base is not None:
                old = types.part(base, address - base)
                page = self._page_of(base, address - base)
                try:
                    types.propose(base, address - base, value)
                except RefusedError:
                    break
                if old.table is not None or (old.span and page is None):
                    flush_all = True
                elif old.span and page is not None:
                    pages.append(page)
            if not self._memory.place(address, size, value):
                if base is not None:
                    types.changed(base)
                break
            accepted += 1
        self._counters.updates += accepted
        self.generation += 1
        if flush_all or len(pages) > FLUSH_PAGES:
            self._mmu.flush()
        else:
            for page in pages:
                self._mmu.flush_page(page)
        return accepted

    def _table_at(self, address: int) -> int | None:
        """The table that the current roots reach at an address; others there are let go."""
        for base in self._types.tables_in(address >> 12):
            known = self._types.known(base)
            if known is not None and base <= address < base + known.size and (
                self._reached(base, True)
            ):
                return base
        return None

    def _page_of(self, base: int, offset: int) -> int | None:
        """The page that an entry translates, in the only place where walks find it.

        None: there may be more such places, or it is no single page.
        """
        types = self._types
        if len(self._current) != 1 or types.part(base, offset).span != PAGE:
            return None
        page, known = 0, types.known(base)
        while known is not None:
            page += self._tables.span(known.level) * (offset // self._tables.entry_size)
            if known.pins:
                covered = self._tables.span(known.level) * (known.size // self._tables.entry_size)
                whole = base == self._current[0].base and not known.uses and covered == ADDRESSES
                return page if whole else None
            if len(known.uses) != 1:
                return None
            (parent, (count, offset)), = known.uses.items()
            # The entry that came last need not be the one that is left.
            table = types.part(parent, offset).table
            if count != 1 or table is None or table.base != base:
                return None
            base, known = parent, types.known(parent)
        return None
