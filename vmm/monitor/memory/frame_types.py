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
from struct import iter_unpack

from vmm.monitor.memory.base import PAGE
from vmm.monitor.memory.tables import Memory, Part, Table, Tables
from vmm.native.library import ROLE_CHUNK, ROLE_NONE, ROLE_TABLE

DECODED = 1 << 14  # entries whose decoding is remembered, at most
COMPARED = 64  # bytes at a time
FORMATS = {("little", 4): "<I", ("little", 8): "<Q", ("big", 4): ">I", ("big", 8): ">Q"}


class RefusedError(Exception):
    """An entry may not be as it is; the text says where and why."""


class _Known:
    """A table in use."""

    __slots__ = ("children", "level", "parents", "pins", "seen", "size")

    def __init__(self, table: Table) -> None:
        self.level, self.size = table.level, table.size
        self.seen = bytearray(table.size)  # its entries as they count; at first all are nothing
        self.parents: Counter[int] = Counter()  # tables by base: entries that name this one
        self.children: Counter[int] = Counter()  # the same, of entries in this one
        self.pins = 0  # uses as a root


class FrameTypes:
    """The account of tables in use, and of what they map."""

    def __init__(
        self, memory: Memory, tables: Tables, owns: Callable[[int, int], bool],
        on_table: Callable[[int, int], None],
    ) -> None:
        """``owns`` says whether so many bytes at a physical address are the guest's.

        ``on_table`` is told of frames (numbers) whose role changes: ROLE_NONE, or ROLE_TABLE with
        a bit for each chunk of ROLE_CHUNK bytes that is of a last-level table.
        """
        self._memory, self._tables = memory, tables
        self._owns, self._on_table = owns, on_table
        self._known: dict[int, _Known] = {}
        self._frames: dict[int, set[int]] = {}  # frame -> bases of the tables in it
        self._roles: dict[int, int] = {}  # frame -> what was told of it
        # Entries decoded lately, by value and level; whether one may be anywhere and changes no
        # table's use
        self._parts: dict[int, tuple[bool, Part]] = {}

    def name(self, frame: int) -> str:
        """The type of a frame (a number): "none", "table 1" to "table 4", "writable"."""
        bases = self._frames.get(frame)
        if bases:
            return f"table {min(self._known[base].level & 3 for base in bases)}"
        return "writable" if any(self._maps_writable(frame << 12)) else "none"

    def _maps_writable(self, at: int) -> Iterator[bool]:
        order, size = self._memory.byteorder, self._tables.entry_size
        for known in self._known.values():
            for (value,) in iter_unpack(FORMATS[order, size], known.seen):
                part = self._part(known.level, value)[1]
                yield part.writable and part.frame <= at < part.frame + part.span

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
        self._known[table.base] = _Known(table)
        try:
            self._follow(table.base, data, restore=False)
        except RefusedError:
            self._release(table.base)
            raise
        for frame in self._frames_of(table.base, table.size):
            self._frames.setdefault(frame, set()).add(table.base)
            self._tell(frame)

    def _release(self, base: int) -> None:
        known = self._known[base]
        if known.pins or known.parents:
            return
        for child, entries in tuple(known.children.items()):
            self._leave(base, child, entries)
        del self._known[base]
        for frame in self._frames_of(base, known.size):
            bases = self._frames.get(frame)
            if bases is not None:
                bases.discard(base)
                if not bases:
                    del self._frames[frame]
                self._tell(frame)

    def _tell(self, frame: int) -> None:
        bases, last = self._frames.get(frame, ()), self._tables.last_level
        role = ROLE_TABLE if bases else ROLE_NONE
        for base in bases:
            known = self._known[base]
            if known.level == last:
                chunks = known.size // ROLE_CHUNK
                role |= (1 << chunks) - 1 << base % PAGE // ROLE_CHUNK
        if role != self._roles.get(frame, ROLE_NONE):
            self._roles[frame] = role
            self._on_table(frame, role)
        if not role:
            self._roles.pop(frame, None)

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
        return 0 if now == known.seen else self._follow(base, now)

    def propose(self, base: int, address: int, value: int) -> None:
        """Validate an entry of a table before it is stored; RefusedError if it may not be.

        Unlike a store, this may not map a frame that holds a table writable: who asks knows.
        """
        known = self._known[base]
        plain, part = self._part(known.level, value)
        if part.writable and self._holds_table(part):
            raise RefusedError(f"it maps a table, at {part.frame:#x}, writable")
        size, order = self._tables.entry_size, self._memory.byteorder
        entry = slice(address - base, address - base + size)
        was_plain, before = self._part(known.level, int.from_bytes(known.seen[entry], order))
        if not (plain and was_plain) and part != before:
            self._take(base, part)
            self._give(base, before)
        known.seen[entry] = value.to_bytes(size, order)

    def _holds_table(self, part: Part) -> bool:
        first, last = part.frame >> 12, part.frame + part.span - 1 >> 12
        if first == last:
            return first in self._frames
        return any(first <= frame <= last for frame in self._frames)

    def _part(self, level: int, value: int) -> tuple[bool, Part]:
        key = value << 3 | level
        found = self._parts.get(key)
        if found is None:
            if len(self._parts) >= DECODED:
                self._parts.clear()
            part = self._tables.part(level, value)
            owned = not part.span or self._owns(part.frame, part.span)
            plain = part.table is None and not part.wrong and owned
            found = self._parts[key] = plain, part
        return found

    def _follow(self, base: int, now: bytes, restore: bool = True) -> int:
        """Go from the entries that counted to these; how many have another meaning.

        With ``restore``, memory gets back the entry that is refused.
        """
        known = self._known[base]
        level, decoded, different = known.level, self._parts, 0
        for offset, before, after in self._differences(known.seen, now):
            was_plain, old = decoded.get(before << 3 | level) or self._part(level, before)
            plain, new = decoded.get(after << 3 | level) or self._part(level, after)
            if old == new:
                continue
            different += 1
            if plain and was_plain:
                continue
            try:
                self._take(base, new)
            except RefusedError as error:
                known.seen[:offset] = now[:offset]
                if restore:
                    self._memory.store(base + offset, self._tables.entry_size, before)
                text = f"entry {after:#x} at {base + offset:#x}: {error}"
                raise RefusedError(text) from None
            self._give(base, old)
        known.seen[:] = now
        return different

    def _differences(self, seen: bytearray, now: bytes) -> Iterator[tuple[int, int, int]]:
        """(offset, value before, value now) of entries that differ."""
        size = self._tables.entry_size
        form = FORMATS[self._memory.byteorder, size]
        for start in range(0, len(now), COMPARED):
            before, after = bytes(seen[start : start + COMPARED]), now[start : start + COMPARED]
            if before == after:
                continue
            offset = start
            for (old,), (new,) in zip(
                iter_unpack(form, before), iter_unpack(form, after), strict=True
            ):
                if old != new:
                    yield offset, old, new
                offset += size

    def _take(self, base: int, part: Part) -> None:
        if part.wrong:
            raise RefusedError(part.wrong)
        if part.table is not None:
            self._acquire(part.table)
            self._known[part.table.base].parents[base] += 1
            self._known[base].children[part.table.base] += 1
        elif part.span and not self._owns(part.frame, part.span):
            raise RefusedError(f"{part.frame:#x} is outside the guest's memory")

    def _give(self, base: int, part: Part) -> None:
        if part.table is not None:
            self._leave(base, part.table.base, 1)

    def _leave(self, base: int, child: int, entries: int) -> None:
        """So many entries of a table no longer name another."""
        children, parents = self._known[base].children, self._known[child].parents
        children[child] -= entries
        parents[base] -= entries
        if not children[child]:
            del children[child]
        if not parents[base]:
            del parents[base]
            self._release(child)

    def clear(self) -> None:
        """Nothing is in use any more."""
        frames = tuple(self._roles)
        self._known.clear()
        self._frames.clear()
        self._roles.clear()
        self._parts.clear()
        for frame in frames:
            self._on_table(frame, ROLE_NONE)
