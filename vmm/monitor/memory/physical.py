# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine's memory as page-table walks reach it: fast for RAM, right for the rest."""

from __future__ import annotations

from struct import Struct
from typing import Literal

from vmm.machine.bus import Bus
from vmm.machine.bus import Memory as Stretch
from vmm.monitor.memory.base import PAGE


class PhysicalMemory:
    """Loads and stores of table entries in the memory of ``bus``.

    Memory that other memory is switched in front of (a PC's first MiB) is
    always asked for at the bus.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.floating = bus.floating
        self.byteorder: Literal["big", "little"] = "big" if bus.byteorder == "big" else "little"
        order = ">" if bus.byteorder == "big" else "<"
        self._formats = {4: Struct(order + "I"), 8: Struct(order + "Q")}
        self._switched = max((shadow.end for shadow in bus.shadows), default=0)
        ram = [memory for memory in bus.memory if not memory.rom]
        # The largest RAM is where tables are.
        self._main: Stretch | None = max(ram, key=lambda memory: memory.size, default=None)
        if self._main is not None:
            self._map = self._main.frames.map
            self._low = max(self._main.base, self._switched)
            self._high = self._main.end - 8
            self._offset = self._main.offset - self._main.base
        else:
            self._low, self._high = 1, 0

    def load(self, address: int, size: int) -> int | None:
        """4 or 8 bytes in the guest's byte order; None: no memory answers."""
        if self._low <= address <= self._high:
            value: int = self._formats[size].unpack_from(self._map, address + self._offset)[0]
            return value
        data = self._bus.read_memory(address, size)
        return None if data is None else int(self._formats[size].unpack(data)[0])

    def store(self, address: int, size: int, value: int) -> None:
        """Store an entry as a walk does: ROM keeps what it has."""
        self.place(address, size, value)

    def place(self, address: int, size: int, value: int) -> bool:
        """Store an entry for whoever asked; False, and nothing stored, if that is not RAM."""
        main = self._main
        if main is not None and self._low <= address <= self._high:
            self._formats[size].pack_into(self._map, address + self._offset, value)
            main.frames.wrote(address + self._offset, size)
            return True
        return self._bus.write_ram(address, self._formats[size].pack(value))

    def nobody(self, address: int, size: int) -> bool:
        """Whether neither memory nor a device answers in any page of these bytes, now."""
        start, end = address & -PAGE, address + size + PAGE - 1 & -PAGE
        switched = (one for one in self._bus.shadows if one.readable or one.writable)
        placed = (*self._bus.memory, *switched, *self._bus.devices)
        return not any(one.base < end and start < one.end for one in placed)

    @property
    def main(self) -> tuple[int, int, int]:
        """First address, end, and place in the host, of the memory that is plain RAM."""
        if self._main is None:
            return 0, 0, 0
        at = self._main.frames.address + self._low + self._offset
        return self._low, self._main.end, at

    def block(self, address: int, size: int) -> bytes:
        """``size`` bytes; no bytes if they are not all memory."""
        if self._low <= address <= self._high:
            start = address + self._offset
            return self._map[start : start + size]
        return self._bus.read_memory(address, size) or b""
