# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest memory as users of the library and debuggers read and write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from vmm.machine.bus import PAGE

if TYPE_CHECKING:
    from vmm.machine.machine import Machine

SMALLEST_PAGE = 0x400  # ARMv5's tiny pages
ADDRESSES = 1 << 32


def read_virtual(machine: Machine, address: int, size: int) -> bytes | None:
    """Memory at a virtual address, or None if some of it is not mapped or not memory."""
    data = bytearray()
    while len(data) < size:
        at = address + len(data) & 0xFFFFFFFF
        chunk = min(size - len(data), PAGE - at % PAGE)
        physical = machine.processor.translate(at)
        part = None if physical is None else machine.bus.read_memory(physical, chunk)
        if part is None:
            return None
        data += part
    return bytes(data)


def peek(machine: Machine, address: int, size: int) -> int | None:
    """The number in memory at a virtual address, or None: devices are not asked."""
    data = read_virtual(machine, address, size)
    return None if data is None else int.from_bytes(data, machine.processor.byteorder)


class NotMemory(LookupError):
    """No memory answers at that address: it is not mapped, or a device is there."""


class Memory:
    """RAM and ROM by physical addresses, or by those that the processor uses now.

    Writes come from outside the processor: ROM takes them too, and code that
    is overwritten runs as written.  Nothing here touches a device.
    """

    def __init__(self, machine: Machine, translate: Callable[[int], int | None] | None) -> None:
        """``translate`` makes physical addresses; None: they are physical."""
        self._machine = machine
        self._translate = translate

    def _pieces(self, address: int, size: int) -> Iterator[tuple[int, int, int]]:
        """Physical address, offset and size of each piece; NotMemory before the first is used."""
        if not 0 <= address <= address + size <= ADDRESSES or size < 0:
            raise NotMemory(f"{size} bytes at {address:#x} are beyond 32-bit addresses")
        translate = self._translate
        found = []
        done = 0
        while done < size:
            at = address + done
            length = size - done
            if translate is not None:
                length = min(length, SMALLEST_PAGE - at % SMALLEST_PAGE)
            physical = at if translate is None else translate(at)
            if physical is None or self._machine.bus.memory_at(physical, length) is None:
                what = "not mapped" if physical is None else "not memory"
                raise NotMemory(f"{length} bytes at {at:#010x} are {what}")
            found.append((physical, done, length))
            done += length
        return iter(found)

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes; NotMemory if any of them is not memory."""
        bus = self._machine.bus
        return b"".join(
            bus.read_memory(physical, length) or b""
            for physical, _, length in self._pieces(address, size)
        )

    def write(self, address: int, data: bytes) -> None:
        """Write all of ``data``, or with NotMemory nothing."""
        for physical, offset, length in self._pieces(address, len(data)):
            self._machine.bus.write_memory(physical, data[offset : offset + length])

    def read_int(self, address: int, size: int = 4) -> int:
        """An unsigned number in the guest's byte order."""
        return int.from_bytes(self.read(address, size), self._machine.processor.byteorder)

    def write_int(self, address: int, value: int, size: int = 4) -> None:
        """Write an unsigned number in the guest's byte order; OverflowError if it is too large."""
        self.write(address, value.to_bytes(size, self._machine.processor.byteorder))
