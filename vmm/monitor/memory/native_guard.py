# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard that serves guests: `table_guard` and `frame_types`, in C.

vmm/native/src/table_guard.c says how an architecture's hypercalls reach it without Python.
"""

from __future__ import annotations

import ctypes as C
import weakref
from collections.abc import Callable, Sequence

from vmm.cpu.engine import Engine
from vmm.monitor.memory.base import MemoryCounters
from vmm.monitor.memory.frame_types import RefusedError
from vmm.monitor.memory.guest import Mmu
from vmm.monitor.memory.physical import PhysicalMemory
from vmm.monitor.memory.table_guard import OWNED
from vmm.monitor.memory.tables import Table, Tables
from vmm.native import library
from vmm.native import table_guard as native

TYPES = ("none", "table 1", "table 2", "table 3", "table 4", "writable")


class NativeGuard:
    """`vmm.monitor.memory.table_guard.Guard`."""

    def __init__(
        self, mmu: Mmu, memory: PhysicalMemory, tables: Tables, counters: MemoryCounters,
        owned: range = OWNED, engine: Engine | None = None,
    ) -> None:
        """With ``engine`` the guard works on its processor, else on ``mmu``."""
        self._counters = counters
        self._tables = tables
        self._big_endian = memory.byteorder == "big"
        self._dll = dll = native.functions(library.library().dll)
        self._calls = self._connect(mmu, memory)
        address = dll.vmm_guard_new(
            None if engine is None else engine.pointer, self._calls, C.addressof(counters),
            owned.start, owned.stop)
        if not address:
            raise MemoryError("no memory for the account of a guest's tables")
        self.address: int = address
        weakref.finalize(self, dll.vmm_guard_free, address)
        dll.vmm_guard_set_memory(address, *memory.main, memory.floating)

    @staticmethod
    def _connect(mmu: Mmu, memory: PhysicalMemory) -> native.Calls:
        def read(address: int, size: int, to: C.Array[C.c_uint8]) -> int:
            data = memory.block(address, size)
            if len(data) != size:
                return native.NOBODY if memory.nobody(address, size) else native.DEVICE
            C.memmove(to, data, size)
            return native.MEMORY

        def flush(address: int) -> None:
            if address == native.ALL_PAGES:
                mmu.flush()
            else:
                mmu.flush_page(address)

        write: Callable[[int, int, int], bool] = memory.place
        return native.Calls(
            native.READ(read), native.WRITE(write),
            native.ON_TABLE(lambda frame, used: mmu.set_role(frame, bool(used))),
            native.ON_FLUSH(flush),
        )

    @property
    def generation(self) -> int:
        return int(self._dll.vmm_guard_generation(self.address))

    def begin(self) -> None:
        kind, flags, mask = self._tables.format
        entry = self._tables.entry_size
        self._dll.vmm_guard_begin(
            self.address, native.Format(
                kind, flags, entry, self._big_endian != self._tables.swapped, mask))

    def _refused(self) -> RefusedError:
        return RefusedError(self._dll.vmm_guard_refusal(self.address).decode())

    def refused(self) -> str | None:
        """Why a store was, that the native layer let through and looked at."""
        return str(self._refused()) if self._dll.vmm_guard_refused(self.address) else None

    def enter(self, roots: Sequence[Table]) -> None:
        array = (native.Root * len(roots))(
            *[native.Root(*root, self._tables.begins(root)) for root in roots])
        if not self._dll.vmm_guard_enter(self.address, array, len(roots)):
            raise self._refused()

    def release(self, base: int) -> None:
        self._dll.vmm_guard_release(self.address, base)

    def look(self, address: int, size: int) -> None:
        if not self._dll.vmm_guard_look(self.address, address, size):
            raise self._refused()

    def update(self, entries: Sequence[tuple[int, int]]) -> int:
        array = (native.Entry * len(entries))(*[native.Entry(*entry) for entry in entries])
        return int(self._dll.vmm_guard_update(self.address, array, len(entries)))

    def type_of(self, frame: int) -> str:
        return TYPES[self._dll.vmm_guard_type_of(self.address, frame)]
