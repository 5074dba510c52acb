# SPDX-License-Identifier: GPL-2.0-or-later
"""A generic PCI Express host: a host bridge function, and configuration by memory accesses.

PCI Express Base Specification 3.0, 7.2.2 (ECAM): a function has 4 KiB, a bus 1 MiB.  As with
QEMU's `gpex-pcihost`, functions are conventional ones, so nothing is behind their first 256
bytes, and only bus 0 exists: what nobody claims reads as all ones and takes no writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.devices.device import Register
from vmm.devices.pci import SPACE, ConfigRegister, ConfigSpace, PciBus, identity

VENDOR, DEVICE = 0x1B36, 0x0008
HOST_BRIDGE = 0x060000
REGISTERS = (
    *identity(VENDOR, DEVICE, 0, HOST_BRIDGE),
    ConfigRegister(0x04, "PCICMD", 2, 0, writable=0x0547),
    ConfigRegister(0x06, "PCISTS", 2, 0, clears=0xF900),
)


@dataclass(slots=True)
class State:
    """Nothing but the functions' spaces, which they keep themselves."""


class Ecam:
    """The memory window of configuration accesses, ``buses`` of them."""

    registers: tuple[Register, ...] = ()

    def __init__(self, bus: PciBus, buses: int, name: str = "pcie-ecam") -> None:
        self.name = name
        self.size = buses << 20
        self.bus = bus
        self.unknown = bus.unknown
        self.state = State()
        self.root = ConfigSpace(f"{name}-root", REGISTERS)
        bus.place(0, 0, self.root)

    def reset(self) -> None:
        for function in self.bus.functions.values():
            function.reset()

    def resume(self) -> None:
        for function in self.bus.functions.values():
            function.resume()

    def _function(self, offset: int) -> ConfigSpace | None:
        if offset >> 20:
            return None
        return self.bus.find(offset >> 15 & 31, offset >> 12 & 7)

    def read(self, offset: int, size: int) -> int:
        function = self._function(offset)
        if function is None:
            return (1 << 8 * size) - 1
        register = offset & 0xFFF
        value = 0
        for at in range(0, size, 4):  # a function sees accesses of at most a double word
            if register + at < SPACE:
                value |= function.read(register + at, min(size, 4)) << 8 * at
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        function = self._function(offset)
        register = offset & 0xFFF
        for at in range(0, size, 4):
            if function is not None and register + at < SPACE:
                width = min(size, 4)
                function.write(register + at, width, value >> 8 * at & ((1 << 8 * width) - 1))
