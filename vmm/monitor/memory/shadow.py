# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow spaces: what the processor translates by in place of the guest's tables.

There is one for each context that the guest has used lately, filled page by
page as the guest touches them.  They are a cache: any translation may be
dropped at any time and is found again by a fill.  So memory is bounded by
dropping the spaces used least lately.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from vmm.monitor.memory.base import PAGE
from vmm.monitor.memory.guest import Mmu, Space
from vmm.monitor.memory.sources import Sources
from vmm.monitor.memory.tables import Found

SPACES = 64  # kept at most
REGIONS = 4096  # of 4 MiB, of all spaces: each takes 8 KiB
TRANSLATIONS = 1 << 16  # of all spaces
NUMBER = 20  # a translation is a page number and, above it, a space's number
PAGES = (1 << NUMBER) - 1


class ShadowSpace:
    """The shadow of one context."""

    __slots__ = ("large", "number", "regions", "sources", "space")

    def __init__(self, number: int, space: Space, sources: Sources) -> None:
        self.number, self.space, self.sources = number, space, sources
        self.regions: set[int] = set()
        self.large: set[int] = set()  # of which a part was in a page of more than 4 KiB


class Shadows:
    """All of a guest's spaces; one is the current."""

    def __init__(
        self, mmu: Mmu, new_space: Callable[[], Space], new_sources: Callable[[], Sources],
        on_removed: Callable[[int], None] = lambda translation: None,
    ) -> None:
        """``new_sources`` makes a new space's account, which may be shared by all.

        ``on_removed`` is told of each translation that is taken out or made anew.
        """
        self._mmu, self._on_removed = mmu, on_removed
        self._new_space, self._new_sources = new_space, new_sources
        self._by_key: OrderedDict[Hashable, ShadowSpace] = OrderedDict()
        self._by_number: dict[int, ShadowSpace] = {}
        self._next = 0
        self._regions = self._translations = 0
        self.current: ShadowSpace
        self._used: ShadowSpace | None = None

    def switch(self, key: Hashable) -> ShadowSpace:
        """Make the space of a context the current one; it may be new and empty."""
        space = self._by_key.get(key)
        if space is None:
            space = ShadowSpace(self._next, self._new_space(), self._new_sources())
            self._next += 1
            self._by_key[key] = self._by_number[space.number] = space
        else:
            self._by_key.move_to_end(key)
        self.current = space
        while len(self._by_key) > SPACES:
            self._evict()
        return space

    def use(self) -> None:
        """Have the processor translate by the current space."""
        if self._used is not self.current:
            self._used = self.current
            self._mmu.use(self.current.space)

    def use_none(self) -> None:
        """Have the processor take addresses for their places."""
        self._used = None
        self._mmu.use_none()

    def enter(self, address: int, found: Found) -> None:
        """Put a translation into the current space."""
        self.account(address, found)
        if found.span > PAGE:
            first = address & -found.span
            self.current.large |= {at >> 22 for at in range(first, first + found.span, 1 << 22)}
        self.put(address, found.frame | found.rights)

    def account(self, address: int, found: Found) -> None:
        """Note what a translation of the current space is made from; it is about to be put in.

        Others may be dropped: those that no longer hold, and whole spaces.
        """
        space = self.current
        page = address >> 12
        translation = self.number_of(address)
        if translation in space.sources:
            self._on_removed(translation)
        else:
            self._translations += 1
            region = page >> 10
            if region not in space.regions:
                space.regions.add(region)
                self._regions += 1
            if self._regions > REGIONS or self._translations > TRANSLATIONS:
                self._shrink(region)
        space.sources.record(translation, found.sources)

    def number_of(self, address: int) -> int:
        """The current space's translation of a page, as a number."""
        return address >> 12 | self.current.number << NUMBER

    def put(self, address: int, entry: int) -> None:
        """Enter a translation that has been accounted for."""
        self.current.space.put(address & -PAGE, entry)

    def _shrink(self, region: int) -> None:
        """Make room for one more translation of the current space."""
        if len(self._by_key) > 1:
            self._evict()
            return
        self.empty(self.current)
        self.current.regions.add(region)
        self._regions, self._translations = 1, 1

    def drop(self, translation: int) -> None:
        """Remove a translation that its account has forgotten."""
        self._translations -= 1
        self._on_removed(translation)
        space = self._by_number[translation >> NUMBER]
        address = (translation & PAGES) << 12
        space.space.put(address, 0)
        if space is self.current:
            self._mmu.flush_page(address)

    def remove(self, translation: int) -> None:
        """Remove a translation."""
        self._by_number[translation >> NUMBER].sources.forget(translation)
        self.drop(translation)

    def drop_page(self, address: int) -> None:
        """Remove the current translation of a page, and the rest of the large page it is in."""
        space = self.current
        for other in space.sources.siblings(self.number_of(address)):
            if other >> NUMBER == space.number:
                self.remove(other)

    def was_large(self, address: int) -> bool:
        """Whether current translations near an address may be of a large page.

        A guest flushes all of such a page by any address in it (Intel SDM volume 3A, 4.10.4.1;
        ARM DDI 0406C, B3.10.1), also by one that there is no translation of here.
        """
        return address >> 22 in self.current.large

    def empty(self, space: ShadowSpace) -> None:
        """Remove all translations of a space."""
        for translation in space.sources.translations():
            if translation >> NUMBER == space.number:
                space.sources.forget(translation)
                self._on_removed(translation)
                self._translations -= 1
        space.space.clear()
        self._regions -= len(space.regions)
        space.regions.clear()
        space.large.clear()
        if space is self.current:
            self._mmu.flush()

    def _evict(self) -> None:
        key = next(key for key, space in self._by_key.items() if space is not self.current)
        space = self._by_key.pop(key)
        self.empty(space)
        del self._by_number[space.number]

    def forget(self) -> None:
        """Remove all spaces but the current, which is emptied."""
        for key, space in tuple(self._by_key.items()):
            self.empty(space)
            if space is not self.current:
                del self._by_key[key], self._by_number[space.number]
