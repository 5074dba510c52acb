# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest memory as a bus master sees it: views that host calls read and write directly.

Addresses are the guest's physical ones.  What is not all memory gives None
and touches nothing; secure RAM does not answer, for devices are not secure.
"""

from __future__ import annotations

from vmm.machine.bus import Bus, Memory

ADDRESSES = 1 << 64


class Dma:
    """A bus master's way to one machine's memory."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._ram: list[Memory] | None = None

    def _find(self, address: int, size: int) -> Memory | None:
        """The RAM that holds all of it, if nothing can be switched in front of that."""
        if self._ram is None:
            self._ram = [
                one
                for one in self._bus.memory if not one.rom and not one.secure and not any(
                    one.base < shadow.end and shadow.base < one.end for shadow in self._bus.shadows
                )
            ]
        for one in self._ram:
            if one.base <= address and address + size <= one.end:
                return one
        return None

    def ram(self, address: int, size: int) -> memoryview | None:
        """``size`` bytes of RAM in one piece, as rings need it, or None."""
        one = self._find(address, size)
        if one is None:
            return None
        start = one.offset + address - one.base
        return one.frames.view[start : start + size]

    def readable(self, address: int, size: int) -> list[memoryview] | None:
        """The pieces of RAM or ROM that a device reads there, or None."""
        plain = self.ram(address, size)
        return [plain] if plain is not None else self._pieces(address, size, store=False)

    def writable(self, address: int, size: int) -> list[memoryview] | None:
        """The pieces of RAM that a device writes there, or None; `wrote` once it has."""
        plain = self.ram(address, size)
        return [plain] if plain is not None else self._pieces(address, size, store=True)

    def _pieces(self, address: int, size: int, store: bool) -> list[memoryview] | None:
        if address + size > ADDRESSES or self._secure(address, size):
            return None
        pieces = self._bus.pieces(address, size, store=store, rom=not store)
        if pieces is None:
            return None
        return [frames.view[start:stop] for frames, start, stop in pieces]

    def _secure(self, address: int, size: int) -> bool:
        return any(
            one.secure and one.base < address + size and address < one.end
            for one in self._bus.memory
        )

    def wrote(self, address: int, size: int) -> None:
        """A device has written there: snapshots and translated code have to know."""
        one = self._find(address, size)
        if one is not None:
            one.frames.wrote(one.offset + address - one.base, size)
        else:
            for frames, start, stop in self._bus.pieces(address, size, store=True, rom=False) or ():
                frames.wrote(start, stop - start)
        self._bus.on_host_write(address, size)

    def release(self, address: int, size: int) -> bool:
        """Give the frames there back to the host; they read as zeros.  False: not all RAM."""
        if self.ram(address, size) is None:
            return False
        return self._bus.clear_memory(address, size)
