# SPDX-License-Identifier: GPL-2.0-or-later
"""What each frame of the guest is used for: nothing, a table of some level, writable memory.

The page types of Xen's direct paging (Barham and others, "Xen and the Art of
Virtualization", 2003, section 3.3.3): a table is validated, entry by entry
and with the tables below it, when it comes into use; from then on each change
is validated before it counts, so that walks of the guest's own tables never
need another look.  Uses are counted, and a frame whose last use as a table
ends may be used for anything again.

Where Xen refuses to make a table of a frame that is mapped writable, here its
mappings lose the permission to write instead (`on_table`), so a kernel that
maps all its memory need not know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from vmm.monitor.memory.tables import Memory, Part, Table, Tables

DECODED = 1 << 14  # entries whose decoding is remembered, at most


class RefusedError(Exception):
    """An entry may not be as it is; the text says where and why."""


class Leaves(Protocol):
    """Who sets entries of tables that lead to no other, with no need to ask (`guest.Mmu`)."""

    def open_leaf(self, base: int, size: int) -> memoryview | None: ...
    def close_leaf(self, base: int, size: int) -> None: ...


class _Known:
    """A table in use."""

    __slots__ = ("level", "open", "parents", "pins", "seen", "size")

    def __init__(self, table: Table, leaf: memoryview | None) -> None:
        self.level, self.size = table.level, table.size
        self.open = leaf is not None
        # Its entries as they count; at first all are nothing, unless they are judged elsewhere.
        self.seen = bytearray(table.size) if leaf is None else leaf
        self.parents: Counter[int] = Counter()  # tables by base: entries that name this one
        self.pins = 0  # uses as a root


class FrameTypes:
    """The account of tables in use, and of what they map."""

    def __init__(
        self, memory: Memory, tables: Tables, owns: Callable[[int, int], bool],
        on_table: Callable[[int, bool], None], leaves: Leaves | None = None,
    ) -> None:
        """``owns`` says whether so many bytes at a physical address are the guest's.

        ``on_table`` is told of frames (numbers) that begin and cease to hold a table.
        """
        self._memory, self._tables = memory, tables
        self._owns, self._on_table, self._leaves = owns, on_table, leaves
        self._known: dict[int, _Known] = {}
        self._frames: dict[int, set[int]] = {}  # frame -> bases of the tables in it
        self._parts: dict[int, Part] = {}  # entries decoded lately, by value and level

    def name(self, frame: int) -> str:
        """The type of a frame (a number): "none", "table 1" to "table 4", "writable"."""
        bases = self._frames.get(frame)
        if bases:
            return f"table {min(self._known[base].level & 3 for base in bases)}"
        at = frame << 12
        written = any(start <= at < start + span for start, span in self._writable)
        return "writable" if written else "none"

    @property
    def _writable(self) -> Counter[tuple[int, int]]:
        """Memory that entries in use map writable: (address, span)."""
        found: Counter[tuple[int, int]] = Counter()
        for known in self._known.values():
            for _, _, entry in self._differences(bytes(known.size), bytes(known.seen)):
                part = self._part(known.level, entry)
                if part.table is None and part.writable:
                    found[part.frame, part.span] += 1
        return found

    def __contains__(self, base: int) -> bool:
        """Whether a table with that base is in use."""
        return base in self._known

    def tables_in(self, frame: int) -> tuple[int, ...]:
        """The bases of the tables in use that a frame holds a part of."""
        return tuple(sorted(self._frames.get(frame, ())))

    def overlaps(self, base: int, address: int, size: int) -> bool:
        """Whether so many bytes at an address are, in part, of a table in use."""
        return base < address + size and address < self.end(base)

    def end(self, base: int) -> int:
        """The address after a table in use."""
        return base + self._known[base].size

    def roots_above(self, base: int) -> set[int]:
        """The roots that a table in use is reached from."""
        found, open_, seen = set(), [base], {base}
        while open_:
            at = open_.pop()
            known = self._known[at]
            if known.pins:
                found.add(at)
            open_ += known.parents.keys() - seen
            seen |= known.parents.keys()
        return found

    # -- uses ---------------------------------------------------------------------------

    def pin(self, root: Table) -> None:
        """Validate a root and all below it; RefusedError, and nothing done, if it cannot be."""
        self._acquire(root)
        self._known[root.base].pins += 1

    def unpin(self, root: Table) -> None:
        """A root is not used any more."""
        self._known[root.base].pins -= 1
        self._release(root.base)

    def _acquire(self, table: Table) -> None:
        known = self._known.get(table.base)
        if known is not None:
            if (known.level, known.size) != (table.level, table.size):
                raise RefusedError(f"the table at {table.base:#x} is one of another level")
            return
        data = self._memory.block(table.base, table.size)
        if len(data) != table.size:
            raise RefusedError(f"no memory holds a table at {table.base:#x}")
        leaf = None
        if self._leaves is not None and table.level == self._tables.leaf_level:
            leaf = self._leaves.open_leaf(table.base, table.size)
        self._known[table.base] = _Known(table, leaf)
        try:
            self._follow(table.base, data, restore=False)
        except RefusedError:
            self._release(table.base)
            raise
        for frame in self._frames_of(table.base, table.size):
            bases = self._frames.setdefault(frame, set())
            bases.add(table.base)
            if len(bases) == 1:
                self._on_table(frame, True)

    def _release(self, base: int) -> None:
        known = self._known[base]
        if known.pins or known.parents:
            return
        if known.level != self._tables.leaf_level:
            self._follow(base, bytes(known.size), restore=False)
        self._close(base)
        del self._known[base]
        for frame in self._frames_of(base, known.size):
            bases = self._frames.get(frame)
            if bases is not None:
                bases.discard(base)
                if not bases:
                    del self._frames[frame]
                    self._on_table(frame, False)

    def _close(self, base: int) -> None:
        known = self._known[base]
        if known.open and self._leaves is not None:
            self._leaves.close_leaf(base, known.size)

    @staticmethod
    def _frames_of(base: int, size: int) -> Iterable[int]:
        return range(base >> 12, (base + size - 1 >> 12) + 1)

    # -- entries --------------------------------------------------------------------------

    def changed(self, base: int) -> int:
        """Validate what has been stored to a table in use; how many entries are different.

        RefusedError for the first that may not be as it is: what it was is put back.
        """
        known = self._known[base]
        now = self._memory.block(base, known.size)
        return 0 if now == bytes(known.seen) else self._follow(base, now)

    def propose(self, base: int, address: int, value: int) -> None:
        """Validate an entry of a table before it is stored; RefusedError if it may not be.

        Unlike a store, this may not map a frame that holds a table writable: who asks knows.
        """
        known = self._known[base]
        part = self._part(known.level, value)
        if part.writable and self._holds_table(part):
            raise RefusedError(f"it maps a table, at {part.frame:#x}, writable")
        size, order = self._tables.entry_size, self._memory.byteorder
        entry = slice(address - base, address - base + size)
        before = self._part(known.level, int.from_bytes(known.seen[entry], order))
        if part != before:
            self._take(base, part)
            self._give(base, before)
        known.seen[entry] = value.to_bytes(size, order)

    def _holds_table(self, part: Part) -> bool:
        first, last = part.frame >> 12, part.frame + part.span - 1 >> 12
        if first == last:
            return first in self._frames
        return any(first <= frame <= last for frame in self._frames)

    def _part(self, level: int, value: int) -> Part:
        key = value << 3 | level
        part = self._parts.get(key)
        if part is None:
            if len(self._parts) >= DECODED:
                self._parts.clear()
            part = self._parts[key] = self._tables.part(level, value)
        return part

    def _follow(self, base: int, now: bytes, restore: bool = True) -> int:
        """Go from the entries that counted to these; how many have another meaning.

        With ``restore``, memory gets back the entry that is refused.
        """
        known, tables = self._known[base], self._tables
        size, different = tables.entry_size, 0
        for offset, before, after in self._differences(bytes(known.seen), now):
            old, new = self._part(known.level, before), self._part(known.level, after)
            if old != new:
                try:
                    self._take(base, new)
                except RefusedError as error:
                    if restore:
                        self._memory.store(base + offset, size, before)
                    text = f"entry {after:#x} at {base + offset:#x}: {error}"
                    raise RefusedError(text) from None
                self._give(base, old)
                different += 1
            known.seen[offset : offset + size] = now[offset : offset + size]
        return different

    def _differences(self, before: bytes, now: bytes) -> Iterator[tuple[int, int, int]]:
        """(offset, value before, value now) of entries that differ."""
        size, order = self._tables.entry_size, self._memory.byteorder
        bits = 8 * size
        changed = int.from_bytes(before, "little") ^ int.from_bytes(now, "little")
        offset = 0
        while changed:
            skip = ((changed & -changed).bit_length() - 1) // bits
            offset += skip * size
            yield (offset, int.from_bytes(before[offset : offset + size], order),
                   int.from_bytes(now[offset : offset + size], order))
            offset += size
            changed >>= (skip + 1) * bits

    def _take(self, base: int, part: Part) -> None:
        if part.wrong:
            raise RefusedError(part.wrong)
        if part.table is not None:
            self._acquire(part.table)
            self._known[part.table.base].parents[base] += 1
        elif part.span and not self._owns(part.frame, part.span):
            raise RefusedError(f"{part.frame:#x} is outside the guest's memory")

    def _give(self, base: int, part: Part) -> None:
        if part.table is not None:
            child = part.table.base
            parents = self._known[child].parents
            parents[base] -= 1
            if not parents[base]:
                del parents[base]
                self._release(child)

    def clear(self) -> None:
        """Nothing is in use any more."""
        frames = tuple(self._frames)
        for base in self._known:
            self._close(base)
        self._known.clear()
        self._frames.clear()
        self._parts.clear()
        for frame in frames:
            self._on_table(frame, False)
