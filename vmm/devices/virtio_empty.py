# SPDX-License-Identifier: GPL-2.0-or-later
"""An unused virtio-mmio slot (virtio 1.2, 4.2.2 and 4.2.4).

The `virt` board has 32 of them.  A guest that probes one finds the magic value
and device number zero, which means that there is nothing; like QEMU's unused
slots it shows the legacy version.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.devices.device import Register, Unknown

MAGIC, VERSION, VENDOR = 0x74726976, 1, 0x554D4551
REGISTERS = (
    Register(0x00, "MagicValue", "ro", MAGIC),
    Register(0x04, "Version", "ro", VERSION),
    Register(0x08, "DeviceID", "ro", 0),
    Register(0x0C, "VendorID", "ro", VENDOR),
)


@dataclass
class State:
    """Nothing to keep."""


class VirtioEmpty:
    """One slot."""

    size = 0x200
    registers = REGISTERS

    def __init__(self, name: str = "virtio-empty") -> None:
        self.name = name
        self.unknown = Unknown(name)
        self.state = State()

    def reset(self) -> None:
        """Nothing to reset."""

    def resume(self) -> None:
        """Nothing to resume."""

    def read(self, offset: int, size: int) -> int:
        if offset < 4 * len(REGISTERS):
            value = REGISTERS[offset >> 2].reset >> 8 * (offset & 3)
            return value & ((1 << 8 * size) - 1)
        return self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        self.unknown.write(offset, size, value)
