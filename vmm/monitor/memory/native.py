# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies `strict` and `lazy` as the native layer keeps them (vmm/native/src/shadow.h).

`strict` and `lazy` say what these do; here the same is attached to a processor
as C, which answers fills, flushes and changes of context before anything comes to
Python.  What does come is a walk of tables outside of RAM, and what a SPARC's
no-fault mode does with a refused access.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from vmm.cpu.engine import Engine
from vmm.machine.bus import Bus
from vmm.monitor.memory.base import LOAD, MemoryCounters, PolicyError
from vmm.monitor.memory.guest import (
    Guest,
    guest_of,
    note_store,
    store_entries,
    take_over,
    virtual_of,
)
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor

POLICIES = ("strict", "lazy")
Window = tuple[int, int, int, bool]  # base, bytes, address in the host, whether it can be stored to


class Policy:
    """Shadow tables, kept by the native layer; ``name`` is one of POLICIES."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counters = MemoryCounters()
        self._guest: Guest

    def attach(self, monitor: Monitor) -> None:
        """Take the guest's translation over."""
        virtual = virtual_of(monitor)
        virtual.handlers.table_store = lambda: note_store(virtual, monitor)
        take_over(monitor, self)
        self.serve(guest_of(monitor), monitor.engine, windows(monitor.machine.bus))

    def serve(self, guest: Guest, engine: Engine, memory: Iterable[Window]) -> None:
        """Begin, with the registers that the engine has and tables in ``memory``."""
        self._guest, self._dll, self._pointer = guest, engine.library.dll, engine.pointer
        features = guest.tables.features | native.SHADOW_STRICT * (self.name == "strict")
        if self._dll.vmm_shadow_new(self._pointer, features, C.addressof(self.counters)):
            raise PolicyError("no memory for shadow tables")
        for window in memory:
            self._dll.vmm_shadow_window(self._pointer, *window)
        self.forget()

    def context_changed(self) -> None:
        """Follow to the context's own space."""
        self._dll.vmm_shadow_context(self._pointer)

    def flush(self, address: int | None) -> None:
        """Follow the guest's tables where it says that they have changed."""
        if address is None:
            self._dll.vmm_shadow_flush_all(self._pointer)
        else:
            self._dll.vmm_shadow_flush_page(self._pointer, address)

    def fill(self, address: int, access: int) -> int:
        """Walk tables that the native layer does not."""
        guest = self._guest
        self.counters.walks += 1
        guest.tables.load_context(guest.registers)
        found = guest.tables.find(address, access, not guest.mmu.fill_privileged)
        if found.fault is not None:
            self.counters.faults += 1
            return guest.refuse(found.fault)
        sources = (native.TableSource * len(found.sources))(*(
            native.TableSource(at, value, size) for at, size, value in found.sources
        ))
        self._dll.vmm_shadow_enter(
            self._pointer, address, access, found.frame | found.rights, sources, len(sources),
            found.span)
        return 0

    def physical(self, address: int) -> int | None:
        """By the shadow, else by a walk."""
        found = C.c_uint64()
        if self._dll.vmm_shadow_physical(self._pointer, address, C.byref(found)):
            return found.value
        guest = self._guest
        guest.tables.load_context(guest.registers)
        return guest.tables.walk(address, LOAD, False).physical

    def make_up(self, address: int, entry: int) -> None:
        """Put in an entry that the guest's tables do not have, until the context changes."""
        self._dll.vmm_shadow_make_up(self._pointer, address, entry)

    def protects(self, frame: int) -> bool:
        """Whether a frame (a number) holds table entries in use."""
        return bool(self._dll.vmm_shadow_protects(self._pointer, frame))

    def stored(self) -> None:
        raise AssertionError("the native layer follows stores that it lets through")

    def wrote(self, address: int, size: int) -> None:
        """See what others have changed."""
        self._dll.vmm_shadow_wrote(self._pointer, address, size)

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """Write the entries, then follow them."""
        guest = self._guest
        guest.tables.load_context(guest.registers)
        most = 1 << 8 * guest.tables.entry_size
        if all(value < most for _, value in entries):
            updates = (native.TableUpdate * len(entries))(
                *(native.TableUpdate(*entry) for entry in entries))
            if self._dll.vmm_shadow_update(self._pointer, updates, len(entries)):
                return True
        accepted = store_entries(guest, entries)
        if self.name == "lazy":
            self.flush(None)
        else:
            self.counters.updates += len(accepted)
            for address, _ in accepted:
                self.wrote(address, guest.tables.entry_size)
        return len(accepted) == len(entries)

    def forget(self) -> None:
        """Begin anew."""
        self._dll.vmm_shadow_forget(self._pointer)


def windows(bus: Bus) -> list[Window]:
    """The memory that tables are walked in natively, the largest first.

    Memory that other memory is switched in front of (a PC's below 1 MiB) is not.
    """
    low = min((shadow.base for shadow in bus.shadows), default=0)
    high = max((shadow.end for shadow in bus.shadows), default=0)
    found = []
    for memory in bus.memory:
        host = memory.frames.address + memory.offset - memory.base
        below, above = (memory.base, min(memory.end, low)), (max(memory.base, high), memory.end)
        for start, end in (below, above):
            if start < end:
                found.append((start, end - start, host + start, not memory.rom))
    return sorted(found, key=lambda window: -window[1])
