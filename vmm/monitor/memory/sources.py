# SPDX-License-Identifier: GPL-2.0-or-later
"""Which translations were made from which entries of the guest's page tables.

A translation holds as long as every entry that its walk read still has the
value that was read.  `Sources` remembers those values, and the blocks of
memory that hold them as they were last seen, so that finding what changed
costs one comparison a block where nothing did.  An entry that several
addresses use (tables mapped twice, large pages) is remembered once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vmm.monitor.memory.tables import Memory, Source

BLOCK = 10  # tables are looked at in pieces of 1 << BLOCK bytes: the smallest that ARM has
FRAME_BLOCKS = 12 - BLOCK


class _Entry:
    """One entry of a guest table that translations were made from."""

    __slots__ = ("address", "size", "translations", "value")

    def __init__(self, address: int, size: int, value: int) -> None:
        self.address, self.size, self.value = address, size, value
        self.translations: set[int] = set()


class _Block:
    """A piece of memory that holds such entries."""

    __slots__ = ("entries", "seen")

    def __init__(self) -> None:
        self.entries: dict[int, _Entry] = {}
        self.seen = b""  # its bytes when all entries were last compared; none: compare


class Sources:
    """The account of a set of translations, which are numbers to it."""

    def __init__(
        self, memory: Memory, drop: Callable[[int], None],
        on_frame: Callable[[int, bool], None] = lambda frame, used: None,
    ) -> None:
        """``drop`` is told of translations that no longer hold.

        ``on_frame`` is told when a frame (a number) begins and ceases to hold entries in use.
        """
        self._memory = memory
        self._drop, self._on_frame = drop, on_frame
        self._blocks: dict[int, _Block] = {}
        self._frames: dict[int, int] = {}  # number of blocks in use
        self._paths: dict[int, tuple[_Entry, ...]] = {}

    def __len__(self) -> int:
        """How many translations there are."""
        return len(self._paths)

    def __contains__(self, translation: int) -> bool:
        return translation in self._paths

    def translations(self) -> tuple[int, ...]:
        """All of them."""
        return tuple(self._paths)

    def holds(self, frame: int) -> bool:
        """Whether a frame holds entries in use."""
        return frame in self._frames

    # -- translations ---------------------------------------------------------------

    def record(self, translation: int, sources: tuple[Source, ...]) -> None:
        """A translation has just been made from these entries, in the order of the walk."""
        if translation in self._paths:
            self.forget(translation)
        path = []
        blocks = self._blocks
        for address, size, value in sources:
            number = address >> BLOCK
            block = blocks.get(number) or self._add_block(number)
            entry = block.entries.get(address)
            if entry is not None and entry.value != value:
                self._drop_all(entry)  # they were made from what the entry was before
                block = blocks.get(number) or self._add_block(number)
                entry = None
            if entry is None:
                entry = block.entries[address] = _Entry(address, size, value)
                block.seen = b""
            entry.translations.add(translation)  # at once: the next may drop others of it
            path.append(entry)
        self._paths[translation] = tuple(path)

    def _add_block(self, number: int) -> _Block:
        block = self._blocks[number] = _Block()
        frame = number >> FRAME_BLOCKS
        used = self._frames.get(frame, 0)
        self._frames[frame] = used + 1
        if not used:
            self._on_frame(frame, True)
        return block

    def forget(self, translation: int) -> None:
        """A translation is no longer there."""
        for entry in self._paths.pop(translation, ()):
            entry.translations.discard(translation)
            if not entry.translations:
                self._remove(entry)

    def _remove(self, entry: _Entry) -> None:
        number = entry.address >> BLOCK
        block = self._blocks.get(number)
        if block is None or block.entries.get(entry.address) is not entry:
            return  # the walk read it twice
        del block.entries[entry.address]
        if block.entries:
            return
        del self._blocks[number]
        frame = number >> FRAME_BLOCKS
        left = self._frames[frame] - 1
        if left:
            self._frames[frame] = left
        else:
            del self._frames[frame]
            self._on_frame(frame, False)

    def siblings(self, translation: int) -> tuple[int, ...]:
        """All translations made from the same last entry: the pages of a large page."""
        path = self._paths.get(translation)
        return tuple(path[-1].translations) if path else ()

    def standing_on(self, frame: int) -> Iterator[int]:
        """Translations made from entries in a frame; one may come several times."""
        first = frame << FRAME_BLOCKS
        for number in range(first, first + (1 << FRAME_BLOCKS)):
            block = self._blocks.get(number)
            if block is not None:
                for entry in block.entries.values():
                    yield from entry.translations

    # -- what has changed --------------------------------------------------------------

    def check(self) -> int:
        """Drop translations whose entries have changed; how many entries had."""
        return sum([self._check(number) for number in tuple(self._blocks)])

    def check_frame(self, frame: int) -> int:
        """The same for entries in one frame."""
        first = frame << FRAME_BLOCKS
        return sum([self._check(first + i) for i in range(1 << FRAME_BLOCKS)])

    def drop_frame(self, frame: int) -> None:
        """Drop all translations made from entries in a frame, which is then not in use."""
        first = frame << FRAME_BLOCKS
        for number in range(first, first + (1 << FRAME_BLOCKS)):
            block = self._blocks.get(number)
            if block is not None:
                for entry in tuple(block.entries.values()):
                    self._drop_all(entry)

    def _check(self, number: int) -> int:
        block = self._blocks.get(number)
        if block is None:
            return 0
        now = self._memory.block(number << BLOCK, 1 << BLOCK)
        if now == block.seen:
            return 0
        block.seen = now
        order = self._memory.byteorder
        changed = 0
        for entry in tuple(block.entries.values()):
            at = entry.address & (1 << BLOCK) - 1
            if int.from_bytes(now[at : at + entry.size], order) != entry.value:
                changed += 1
                self._drop_all(entry)
        return changed

    def _drop_all(self, entry: _Entry) -> None:
        while entry.translations:
            translation = next(iter(entry.translations))
            self.forget(translation)
            self._drop(translation)
