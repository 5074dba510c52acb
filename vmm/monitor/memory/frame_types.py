# SPDX-License-Identifier: GPL-2.0-or-later
"""What each frame of the guest is used for: nothing, a table of some level, writable memory.

The page types of Xen's direct paging (Barham and others, "Xen and the Art of
Virtualization", 2003, section 3.3.3): a table is validated, entry by entry
and with the tables below it, when it comes into use; from then on each change
is validated before it counts, so that walks of the guest's own tables never
need another look.  Uses are counted, and a frame whose last use as a table
ends may be used for anything again.

A frame may be tables of several levels at once: directories map themselves.
Entries at which a walk ends, because they are not present or have reserved bits, are of no
effect and may be anything, and so may what leads to where nobody answers.

Where Xen refuses to make a table of a frame that is mapped writable, here its
mappings lose the permission to write instead (`on_table`), so a kernel that
maps all its memory need not know.

Guests are served by the native layer's form of this (vmm/native/src/frame_types.c).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vmm.monitor.memory.tables import NOTHING, Memory, Part, Table, Tables

DECODED = 1 << 14  # entries whose decoding is remembered, at most
ADDRESSES = 1 << 32  # all that a board can have


class RefusedError(Exception):
    """An entry may not be as it is; the text says where and why."""


class Known:
    """A table in use."""

    __slots__ = ("pins", "seen", "uses")

    def __init__(self, table: Table) -> None:
        self.seen = bytearray(table.size)  # its entries as they count; at first all are nothing
        # Of each table that names this one: how many of its entries do, and the offset of the
        # one that came last.
        self.uses: dict[Table, tuple[int, int]] = {}
        self.pins = 0  # uses as a root


class FrameTypes:
    """The account of tables in use, and of what they map."""

    def __init__(
        self, memory: Memory, tables: Tables, owned: range,
        on_table: Callable[[int, bool], None],
    ) -> None:
        """``owned`` are the physical addresses that the guest may map.

        ``on_table`` is told of frames (numbers) that begin and cease to hold a table.
        """
        self._memory, self._tables = memory, tables
        self._owned, self._on_table = owned, on_table
        self._known: dict[Table, Known] = {}
        self._frames: dict[int, set[Table]] = {}  # frame -> the tables in it
        self._parts: dict[int, Part] = {}  # entries decoded lately, by value and level

    def name(self, frame: int) -> str:
        """The type of a frame (a number): "none", "table 1" to "table 4", "writable"."""
        tables = self._frames.get(frame)
        if tables:
            return f"table {min((table.level & 3) or 4 for table in tables)}"
        at = frame << 12
        written = any(part.writable and 0 <= at - part.frame < part.span
                      for table in self._known
                      for part in (self.part(table, offset)
                                   for offset in range(0, table.size, self._tables.entry_size)))
        return "writable" if written else "none"

    def known(self, table: Table) -> Known | None:
        """What is known of a table, if it is in use."""
        return self._known.get(table)

    def tables_in(self, frame: int) -> tuple[Table, ...]:
        """The tables in use that a frame holds a part of."""
        return tuple(sorted(self._frames.get(frame, ())))

    def part(self, table: Table, offset: int) -> Part:
        """What the entry at an offset of a table in use stands for."""
        return self._part(table.level, self._entry(self._known[table].seen, offset))

    def tables_above(self, table: Table) -> set[Table]:
        """The tables that a table in use is reached from, itself among them."""
        open_, seen = [table], {table}
        while open_:
            uses = self._known[open_.pop()].uses
            open_ += uses.keys() - seen
            seen |= uses.keys()
        return seen

    # -- uses ---------------------------------------------------------------------------

    def pin(self, root: Table) -> None:
        """Validate a root and all below it; RefusedError, and nothing done, if it cannot be."""
        if root.base + root.size > ADDRESSES:
            raise RefusedError(f"no memory holds a table at {root.base:#x}")
        self._acquire(root)
        self._known[root].pins += 1

    def unpin(self, root: Table) -> None:
        """A root is not used any more."""
        self._known[root].pins -= 1
        self._release(root)

    def _acquire(self, table: Table) -> None:
        if table in self._known:
            return
        data = self._content(table.base, table.size)
        if data is None:
            raise RefusedError(f"no memory holds a table at {table.base:#x}")
        self._known[table] = Known(table)
        for frame in self._frames_of(table):
            tables = self._frames.setdefault(frame, set())
            tables.add(table)
            if len(tables) == 1:
                self._on_table(frame, True)
        try:
            self._follow(table, data, restore=False)
        except RefusedError:
            self._release(table)
            raise

    def _release(self, table: Table) -> None:
        known = self._known[table]
        if known.pins or known.uses:
            return
        self._follow(table, bytes(table.size), restore=False)
        del self._known[table]
        for frame in self._frames_of(table):
            tables = self._frames[frame]
            tables.discard(table)
            if not tables:
                del self._frames[frame]
                self._on_table(frame, False)

    @staticmethod
    def _frames_of(table: Table) -> Iterable[int]:
        return range(table.base >> 12, (table.base + table.size - 1 >> 12) + 1)

    def _content(self, base: int, size: int) -> bytes | None:
        """The bytes of a table, also where nobody answers; None: they are a device's."""
        data = self._memory.block(base, size)
        if len(data) == size:
            return data
        nobody = self._memory.nobody(base, size)
        return bytes([self._memory.floating]) * size if nobody else None

    # -- entries --------------------------------------------------------------------------

    def changed(self, table: Table) -> int:
        """Validate what has been stored to a table in use; how many entries are different.

        RefusedError for the first that may not be as it is: what it was is put back.
        """
        now = self._content(table.base, table.size)
        same = now is None or now == self._known[table].seen
        return 0 if now is None or same else self._follow(table, now)

    def propose(self, table: Table, offset: int, value: int) -> None:
        """Validate the entry at an offset before it is stored; RefusedError if it may not be.

        Unlike a store, this may not map a frame that holds a table writable: who asks knows.
        """
        part = self._part(table.level, value)
        if part.writable and self._holds_table(part):
            raise RefusedError(f"it maps a table, at {part.frame:#x}, writable")
        before = self.part(table, offset)
        if part != before:
            self._take(table, offset, part)
            self._give(table, before)
        size, order = self._tables.entry_size, self._memory.byteorder
        self._known[table].seen[offset : offset + size] = value.to_bytes(size, order)

    def _holds_table(self, part: Part) -> bool:
        first, last = part.frame >> 12, part.frame + part.span - 1 >> 12
        if first == last:
            return first in self._frames
        return any(first <= frame <= last for frame in self._frames)

    def _entry(self, content: bytes | bytearray, offset: int) -> int:
        size = self._tables.entry_size
        return int.from_bytes(content[offset : offset + size], self._memory.byteorder)

    def _part(self, level: int, value: int) -> Part:
        key = value << 3 | level
        part = self._parts.get(key)
        if part is None:
            if len(self._parts) >= DECODED:
                self._parts.clear()
            part = self._tables.part(level, value)
            if part.table is not None and part.table.base + part.table.size > ADDRESSES:
                part = NOTHING  # nobody is there
            self._parts[key] = part
        return part

    def _follow(self, table: Table, now: bytes, restore: bool = True) -> int:
        """Go from the entries that counted to these; how many have another meaning.

        With ``restore``, memory gets back the entry that is refused.
        """
        known, base, level = self._known[table], table.base, table.level
        size, different = self._tables.entry_size, 0
        for offset, before, after in self._differences(bytes(known.seen), now):
            old, new = self._part(level, before), self._part(level, after)
            if old != new:
                try:
                    self._take(table, offset, new)
                except RefusedError as error:
                    if restore:
                        self._memory.store(base + offset, size, before)
                    text = f"entry {after:#x} at {base + offset:#x}: {error}"
                    raise RefusedError(text) from None
                self._give(table, old)
                different += 1
            known.seen[offset : offset + size] = now[offset : offset + size]
        return different

    def _differences(self, before: bytes, now: bytes) -> Iterator[tuple[int, int, int]]:
        """(offset, value before, value now) of entries that differ."""
        size = self._tables.entry_size
        bits = 8 * size
        changed = int.from_bytes(before, "little") ^ int.from_bytes(now, "little")
        offset = 0
        while changed:
            skip = ((changed & -changed).bit_length() - 1) // bits
            offset += skip * size
            yield offset, self._entry(before, offset), self._entry(now, offset)
            offset += size
            changed >>= (skip + 1) * bits

    def _take(self, table: Table, offset: int, part: Part) -> None:
        if part.table is not None:
            self._acquire(part.table)
            uses = self._known[part.table].uses
            uses[table] = uses.get(table, (0, 0))[0] + 1, offset
        elif part.span and part.frame < ADDRESSES and not (
            self._owned.start <= part.frame and part.frame + part.span <= self._owned.stop
        ):
            raise RefusedError(f"{part.frame:#x} is outside the guest's memory")

    def _give(self, table: Table, part: Part) -> None:
        if part.table is None:
            return
        uses = self._known[part.table].uses
        count, offset = uses.pop(table)
        if count > 1:
            uses[table] = count - 1, offset
        else:
            self._release(part.table)

    def clear(self) -> None:
        """Nothing is in use any more."""
        frames = tuple(self._frames)
        self._known.clear()
        self._frames.clear()
        self._parts.clear()
        for frame in frames:
            self._on_table(frame, False)
