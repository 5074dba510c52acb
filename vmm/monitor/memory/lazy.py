# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow tables that are brought up to date when the guest would flush its TLB.

The guest writes its tables freely and is trapped at none of its stores.  What
it must do to have a change take effect, an operation on the TLB or a write of
a register that governs translation, is where the shadow follows; until then
the shadow is as stale as a TLB may be (Intel SDM volume 3A, 4.10; ARM DDI
0406C, B3.9 and B3.10; SPARC V8 manual, appendix H.3).

Coming back to a context keeps what is still true of its shadow: the blocks
of table memory it was made from are compared with what they were.  So a
switch of the address space costs a comparison a table instead of a fill a
page, and no store is ever trapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmm.monitor.memory.base import LOAD, PAGE, MemoryCounters
from vmm.monitor.memory.guest import Guest, guest_of, store_entries, take_over
from vmm.monitor.memory.shadow import Shadows
from vmm.monitor.memory.sources import Sources
from vmm.monitor.memory.tables import FRAME, READ

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor


class Policy:
    """Shadow tables, synchronised at TLB operations."""

    name = "lazy"

    def __init__(self) -> None:
        self.counters = MemoryCounters()
        self._guest: Guest
        self._shadows: Shadows

    def attach(self, monitor: Monitor) -> None:
        """Take the guest's translation over."""
        self.serve(guest_of(monitor))
        take_over(monitor, self)

    def serve(self, guest: Guest) -> None:
        """Begin, with the guest's registers as they are."""
        self._guest = guest
        self._shadows = Shadows(
            guest.mmu, guest.new_space, lambda: Sources(guest.memory, self._shadows.drop)
        )
        self._switch()

    def _switch(self) -> None:
        key = self._guest.tables.load_context(self._guest.registers)
        space = self._shadows.switch(key)
        if not self._guest.tables.translating:
            self._shadows.use_none()
            return
        self.counters.updates += space.sources.check()
        self._shadows.use()

    def context_changed(self) -> None:
        """Follow to the context's own space, and bring that up to date."""
        self.counters.switches += 1
        self._switch()

    def flush(self, address: int | None) -> None:
        """Follow the guest's tables where it says that they have changed."""
        self.counters.flushes += 1
        if address is not None:
            self._shadows.drop_page(address & -PAGE)
        if address is None or self._shadows.was_large(address):
            self.counters.updates += self._shadows.current.sources.check()

    def fill(self, address: int, access: int) -> int:
        """Walk the guest's tables; enter what they say, or refuse as they do."""
        guest = self._guest
        self.counters.walks += 1
        found = guest.tables.find(address, access, not guest.mmu.fill_privileged)
        if found.fault is not None:
            self.counters.faults += 1
            return guest.refuse(found.fault)
        self.counters.hidden_faults += 1
        self._shadows.enter(address, found)
        return 0

    def physical(self, address: int) -> int | None:
        """By the shadow, else by a walk."""
        entry = self._shadows.current.space.get(address)
        if entry & READ:
            return entry & FRAME | address & PAGE - 1
        return self._guest.tables.walk(address, LOAD, False).physical

    def stored(self) -> None:
        """Stores to tables are not trapped."""

    def wrote(self, address: int, size: int) -> None:
        """Neither are others': the guest says when they count."""

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """Write the entries, then follow them all."""
        accepted = store_entries(self._guest, entries)
        self.flush(None)
        return len(accepted) == len(entries)

    def forget(self) -> None:
        """Begin anew."""
        self._shadows.forget()
        self._switch()
