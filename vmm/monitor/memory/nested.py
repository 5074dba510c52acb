# SPDX-License-Identifier: GPL-2.0-or-later
"""Nested translation: the guest's tables are walked as they are, behind them a second stage.

The engine walks the guest's own tables at the guest's own privilege; each
translation that it is about to use passes a map of the guest-physical frames
and what may be done with them (Intel SDM volume 3C, chapter 28, EPT; ARM DDI
0406C, B3.6, stage 2).  Frames come into the map as they are first touched.
Guest-physical addresses are the machine's own unless `Policy.move` has put frames
elsewhere; what the engine reads while it walks is moved, and not limited.

Guests in user mode have this too: the real processor keeps what their walk
goes by (CR0, CR3 and CR4; SCTLR and the TTBRs; the SRMMU's registers), and it goes
by the virtual privilege level.  The second stage is then the native layer's map of the
machine's pages, and nothing comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vmm.cpu.virtual import Virtual
from vmm.monitor.memory.base import PAGE, MemoryCounters
from vmm.monitor.memory.guest import Guest, guest_of, store_entries, virtual_of
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.assist.monitor import Monitor as AssistMonitor
    from vmm.monitor.base import Monitor

READ, WRITE, EXECUTE = 1, 2, 4
EVERYTHING = READ | WRITE | EXECUTE


class Policy:
    """The map of frames.  ``backing``: a frame that is touched comes into the map."""

    name = "nested"

    def __init__(self) -> None:
        self._counters = MemoryCounters()
        self.backing = True
        self._monitor: AssistMonitor
        self._guest: Guest | None = None  # of one in user mode
        self._virtual: Virtual | None = None  # what runs that on the engine
        self._flush: Callable[[], None] = lambda: None
        self._translate: Callable[[int], int | None] = lambda address: None

    def attach(self, monitor: Monitor) -> None:
        """Put the second stage in; PolicyError if the guest does not walk its own tables."""
        from vmm.cpu.second_stage import SecondStage
        from vmm.monitor.assist.monitor import Monitor as AssistMonitor

        self._translate = monitor.machine.processor.translate
        if not isinstance(monitor, AssistMonitor):
            self._virtual = virtual_of(monitor)
            self._virtual.set_fill_mode(native.FILL_ENGINE)
            self._guest = guest_of(monitor)
            self._flush = monitor.engine.flush_tlb
            return
        self._monitor = monitor
        self._flush = monitor.engine.flush_tlb
        self._stage = SecondStage(monitor.engine, self._violation)
        monitor.engine.handlers.derived = self.forget

    @property
    def counters(self) -> MemoryCounters:
        """What translating took; a guest in user mode does some of it without us."""
        if self._virtual is not None:
            updates, flushes, switches = self._virtual.asked()
            self._counters.updates += updates
            self._counters.flushes += flushes
            self._counters.switches += switches
        return self._counters

    def allow(self, address: int, size: int, rights: int) -> None:
        """Let the guest read (1), write (2), execute (4) the frames that hold these bytes."""
        for page in range(address & -PAGE, address + size, PAGE):
            self._stage.set(page, rights)
        self._monitor.engine.flush_tlb()

    def move(self, address: int, size: int, place: int) -> None:
        """Have the guest's frames at ``address`` be the machine's at ``place`` from now on.

        Both are multiples of 4 KiB, and so is ``size``.  Nothing is copied.  The guest, its own
        page tables, devices' DMA and whoever looks at its memory by guest-physical addresses find
        it there; the rights stay those of the guest's frames.
        """
        if (address | size | place) % PAGE:
            raise ValueError(f"{size:#x} bytes at {address:#x} or {place:#x} are not whole frames")
        for page in range(0, size, PAGE):
            self._stage.move(address + page, place + page)
        self._show_moves()
        self._monitor.engine.flush_tlb()

    def _show_moves(self) -> None:
        """The board finds the guest's frames where they are."""
        self._monitor.machine.bus.moved = self._stage.place if self._stage.moved else None

    def rights(self, address: int) -> int:
        """What the guest may do with a frame."""
        return self._stage.get(address)

    def _violation(self, address: int, access: int) -> bool:
        self._counters.hidden_faults += 1
        told = not self.backing or self._monitor.block.controls.second_stage
        if told and not self._monitor.second_stage(address, access):
            return False
        if not self._stage.get(address) >> access & 1 and self.backing:
            self._stage.set(address, EVERYTHING)
        return True

    # The engine follows the guest's registers, and flushes for what it executes itself.

    def context_changed(self) -> None:
        self._counters.switches += 1
        self._flush()

    def flush(self, address: int | None) -> None:
        self._counters.flushes += 1
        self._flush()

    def fill(self, address: int, access: int) -> int:
        raise AssertionError("the engine fills an assisted guest's translations")

    def physical(self, address: int) -> int | None:
        """By the processor's own walk."""
        return self._translate(address)

    def stored(self) -> None:
        """No store is let through to a page that is kept."""

    def wrote(self, address: int, size: int) -> None:
        """Nothing is derived from memory."""

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """Write the entries; an assisted guest has no such hypercall."""
        if self._guest is None:
            return False
        written = store_entries(self._guest, entries)
        self._flush()
        return len(written) == len(entries)

    def forget(self) -> None:
        if self._virtual is None:
            self._stage.renew()
            self._show_moves()
        self._flush()
