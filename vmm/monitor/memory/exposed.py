# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's own tables, walked by the processor: write-protected, each change validated.

Direct paging, as paravirtual Xen has it: there is no shadow, so a fill costs
what it costs on the bare machine, and the guest's flushes are the
processor's own.  In exchange every change of a table is looked at: a trapped
store after its instruction has ended, a batch of updates (`update`) without
any trap.  A guest that stores what no table may hold is stopped; one that asks
by hypercall is told.

`frame_types` has the rules, `table_guard` what is looked at when; guests are served by
the native form of both (`native_guard`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vmm.monitor.memory.base import LOAD, PAGE, STORE, MemoryCounters
from vmm.monitor.memory.frame_types import RefusedError
from vmm.monitor.memory.guest import Guest, guest_of, take_over
from vmm.monitor.memory.physical import PhysicalMemory
from vmm.monitor.memory.table_guard import Guard, TableGuard

if TYPE_CHECKING:
    from vmm.machine.bus import Bus
    from vmm.monitor.base import Monitor

NOT_SO = "the guest's page tables may not be so: "
LONGEST_STORE = 64  # bytes: ARM's STM of all registers

GuardOf = Callable[[Guest, MemoryCounters], Guard]


def readable(guest: Guest, counters: MemoryCounters) -> Guard:
    """The guard that is written in Python."""
    return TableGuard(guest.mmu, guest.memory, guest.tables, counters)


class Policy:
    """The guest's tables under guard."""

    name = "exposed"

    def __init__(self, guard_of: GuardOf = readable) -> None:
        """``guard_of`` makes the guard of a guest that has no monitor (`serve`)."""
        self.counters = MemoryCounters()
        self._guard_of = guard_of
        self._guest: Guest
        self.guard: Guard
        self._mode: tuple[object] | None = None  # of the tables that the guard knows
        self._walked: dict[int, int | None] = {}  # virtual page -> where the kernel finds it
        self._generation = 0  # of the guard, when those were found
        self._storing: list[int] = []  # where the current instruction stores to tables

    def attach(self, monitor: Monitor) -> None:
        """Take the guest's translation over."""
        from vmm.monitor.memory.native_guard import NativeGuard

        memory = PhysicalMemory(monitor.machine.bus)
        guest = guest_of(monitor, memory)
        guard = NativeGuard(
            guest.mmu, memory, guest.tables, self.counters, engine=monitor.engine)
        self._guard_of = lambda guest, counters: guard
        monitor.engine.native.guard = guard.address
        take_over(monitor, self)
        self._follow_switches(monitor.machine.bus)
        self.serve(guest)

    def _follow_switches(self, bus: Bus) -> None:
        """Memory that is switched in or out may be tables: look at all of them again."""
        switch = bus.set_behind

        def switched(base: int, size: int, load: bool, store: bool) -> None:
            switch(base, size, load, store)
            self.forget()

        bus.set_behind = switched

    def serve(self, guest: Guest) -> None:
        """Begin, with the guest's registers as they are."""
        self._guest = guest
        self.guard = self._guard_of(guest, self.counters)
        self._switch()

    def type_of(self, frame: int) -> str:
        """What a frame (a number) is used for: "none", "table 1" to "table 4", "writable"."""
        return self.guard.type_of(frame)

    # -- contexts -------------------------------------------------------------------------

    def context_changed(self) -> None:
        """Validate the tables of the context, if they are not validated already."""
        self.counters.switches += 1
        self._switch()

    def _switch(self) -> None:
        guest, tables = self._guest, self._guest.tables
        self._walked.clear()
        tables.load_context(guest.registers)
        roots = tables.roots()
        mode = (tables.mode,)
        if mode != self._mode or not roots:
            self._mode = mode
            self.guard.begin()
        if not tables.translating:
            guest.mmu.use_none()
            return
        guest.mmu.use(None)
        try:
            self.guard.enter(roots)
        except RefusedError as error:
            guest.stop(f"the guest's page tables cannot be used: {error}")

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
        if self.guard.generation != self._generation:
            self._generation = self.guard.generation
            self._walked.clear()
        page = address & -PAGE
        if page not in self._walked:
            self._walked[page] = self._guest.tables.walk(page, LOAD, False).physical
        found = self._walked[page]
        return None if found is None else found | address & PAGE - 1

    # -- changes --------------------------------------------------------------------------

    def stored(self) -> None:
        """Validate what the store has changed."""
        refused = self.guard.refused()
        if refused is not None:
            self._guest.stop(NOT_SO + refused)
        stores, self._storing = self._storing, []
        for address in stores:
            self._look(address, LONGEST_STORE)

    def _look(self, address: int, size: int) -> None:
        try:
            self.guard.look(address, size)
        except RefusedError as error:
            self._guest.stop(NOT_SO + str(error))

    def wrote(self, address: int, size: int) -> None:
        """Validate what others have changed."""
        while size > 0:
            part = min(size, PAGE - address % PAGE)
            self._look(address, part)
            address, size = address + part, size - part

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """Validate each entry of a table in use, and store it; they count at once."""
        return self.guard.update(entries) == len(entries)

    def forget(self) -> None:
        """Begin anew."""
        self._storing.clear()
        self.guard.begin()
        self._switch()
