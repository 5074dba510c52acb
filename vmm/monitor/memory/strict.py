# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow tables that equal the guest's at every moment.

The frames that the guest's tables are found in, as walks from its roots go
through them, are write-protected in every space that maps them.  A store to
one is let through alone (`Virtual.store_through`), and when its instruction
has ended the translations made from entries that it changed are dropped.
This is the classic shadow (Adams and Agesen, "A Comparison of Software and
Hardware Techniques for x86 Virtualization", 2006, section 2.4): no operation
on the TLB is needed to see it follow, and each update costs a trap.

A frame is released when no translation stands on it any more.  Kernels give
freed tables to other uses without telling: a frame that is stored to again
and again with no walk through it in between, and that the current space does
not stand on, is taken for one of those, and what stands on it is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmm.monitor.memory.base import LOAD, PAGE, STORE, MemoryCounters
from vmm.monitor.memory.guest import Guest, guest_of, store_entries, take_over
from vmm.monitor.memory.shadow import NUMBER, Shadows
from vmm.monitor.memory.sources import Sources
from vmm.monitor.memory.tables import FRAME, READ, WRITE, WRITES
from vmm.native.library import ENTRY_PROTECTED

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor

FLOOD = 3  # stores without a walk in between: a table no more


class Policy:
    """Shadow tables over write-protected guest tables."""

    name = "strict"

    def __init__(self) -> None:
        self.counters = MemoryCounters()
        self._guest: Guest
        self._sources: Sources
        self._shadows: Shadows
        self._frames: dict[int, int] = {}  # translations that may store -> their frames
        self._stores: dict[int, set[int]] = {}  # frame -> translations that may store to it
        # Translations that only protection keeps the kernel from storing by -> their frames
        self._withheld: dict[int, int] = {}
        self._storing: set[int] = set()  # protected frames that the current instruction stores to
        self._floods: dict[int, int] = {}  # frame -> stores since it was last walked through

    def attach(self, monitor: Monitor) -> None:
        """Take the guest's translation over."""
        self.serve(guest_of(monitor))
        take_over(monitor, self)

    def serve(self, guest: Guest) -> None:
        """Begin, with the guest's registers as they are."""
        self._guest = guest
        self._sources = Sources(guest.memory, self._drop, self._table)
        self._shadows = Shadows(
            guest.mmu, guest.new_space, lambda: self._sources, self._removed
        )
        self._switch()

    def _switch(self) -> None:
        tables = self._guest.tables
        self._shadows.switch(tables.load_context(self._guest.registers))
        if tables.translating:
            self._shadows.use()
            return
        # Nothing is protected meanwhile, so nothing may be relied on afterwards.
        self._shadows.forget()
        self._shadows.use_none()

    def context_changed(self) -> None:
        """Follow to the context's own space, which is up to date."""
        self.counters.switches += 1
        self._switch()

    def flush(self, address: int | None) -> None:
        """Nothing to be done."""
        self.counters.flushes += 1

    def fill(self, address: int, access: int) -> int:
        """Walk the guest's tables; enter what they say, or refuse as they do."""
        guest = self._guest
        self.counters.walks += 1
        found = guest.tables.find(address, access, not guest.mmu.fill_privileged)
        if found.fault is not None:
            self.counters.faults += 1
            return guest.refuse(found.fault)
        self.counters.hidden_faults += 1
        for entry, _, _ in found.sources:
            self._floods.pop(entry >> 12, None)
        self._shadows.account(address, found)
        frame = found.frame >> 12
        if self._sources.holds(frame):
            wanted = ENTRY_PROTECTED if found.rights & WRITE else 0
            self._shadows.put(address, found.frame | found.rights & ~WRITES | wanted)
            if found.rights & WRITE:
                self._withheld[self._shadows.number_of(address)] = frame
            if access == STORE:
                self._storing.add(frame)
                guest.mmu.store_through(address)
            return 0
        if found.rights & WRITES:
            translation = self._shadows.number_of(address)
            self._frames[translation] = frame
            self._stores.setdefault(frame, set()).add(translation)
        self._shadows.put(address, found.frame | found.rights)
        return 0

    def _drop(self, translation: int) -> None:
        self._shadows.drop(translation)

    def physical(self, address: int) -> int | None:
        """By the shadow, else by a walk."""
        entry = self._shadows.current.space.get(address)
        if entry & READ:
            return entry & FRAME | address & PAGE - 1
        return self._guest.tables.walk(address, LOAD, False).physical

    # -- protection -----------------------------------------------------------------

    def protects(self, frame: int) -> bool:
        """Whether a frame (a number) holds table entries in use."""
        return self._sources.holds(frame)

    def _table(self, frame: int, used: bool) -> None:
        """A frame begins or ceases to hold table entries in use.

        One that ceases stays protected where it is, until a store to it asks.
        """
        if not used:
            self._floods.pop(frame, None)
            return
        for translation in tuple(self._stores.get(frame, ())):
            self._shadows.remove(translation)

    def _removed(self, translation: int) -> None:
        self._withheld.pop(translation, None)
        frame = self._frames.pop(translation, None)
        if frame is None:
            return
        stores = self._stores[frame]
        stores.discard(translation)
        if not stores:
            del self._stores[frame]

    # -- changes of tables ------------------------------------------------------------

    def stored(self) -> None:
        """See what the store has changed."""
        frames, self._storing = self._storing, set()
        for frame in sorted(frames):
            self.counters.updates += 1
            self._sources.check_frame(frame)
            if self._sources.holds(frame):
                self._note_flood(frame)

    def storing(self, address: int) -> int | None:
        """The physical address of a word that the kernel stores to in a protected frame.

        None if anything else may keep it from storing (the guest's tables, a dirty flag), or
        the frame holds no tables any more.
        """
        frame = self._withheld.get(self._shadows.number_of(address))
        if frame is None or not self._sources.holds(frame):
            return None
        return frame << 12 | address & PAGE - 1

    def stored_for_guest(self, address: int) -> None:
        """The monitor has made that store in place of the guest's instruction."""
        self._storing.add(address >> 12)
        self.stored()

    def _note_flood(self, frame: int) -> None:
        stores = self._floods[frame] = self._floods.get(frame, 0) + 1
        if stores % FLOOD:
            return
        current = self._shadows.current.number
        if all(t >> NUMBER != current for t in self._sources.standing_on(frame)):
            self._sources.drop_frame(frame)

    def wrote(self, address: int, size: int) -> None:
        """See what others have changed."""
        for frame in range(address >> 12, (address + size - 1 >> 12) + 1):
            if self._sources.holds(frame):
                self._sources.check_frame(frame)

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """Write the entries, then see what has changed, once a frame."""
        accepted = store_entries(self._guest, entries)
        self.counters.updates += len(accepted)
        for frame in {address >> 12 for address, _ in accepted}:
            self.wrote(frame << 12, 1)
        return len(accepted) == len(entries)

    def forget(self) -> None:
        """Begin anew."""
        self._storing.clear()
        self._shadows.forget()
        self._switch()
