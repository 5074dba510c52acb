# SPDX-License-Identifier: GPL-2.0-or-later
"""GICv2m: a frame that turns a write into a shared peripheral interrupt (ARM
Server Base System Architecture, appendix E; as QEMU's `virt` has it).

It has no memory of its own: a message is one edge on an SPI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmm.devices.device import Register, Unknown
from vmm.machine.line import Line

MSI_TYPER, MSI_SETSPI, MSI_IIDR = 0x008, 0x040, 0xFCC
IIDR = 0x51 << 20  # QEMU's product number


@dataclass
class State:
    """Nothing to keep."""


class GicV2m:
    """``lines`` are the wires of consecutive SPIs from INTID ``first`` on.

    The SPIs must be configured as edge-triggered by the guest, as Linux does.
    """

    size = 0x1000

    def __init__(self, lines: Sequence[Line], first: int, name: str = "gicv2m") -> None:
        self.name = name
        self.lines = lines
        self.first = first
        self.unknown = Unknown(name)
        self.state = State()
        self.registers = (
            Register(MSI_TYPER, "MSI_TYPER", "ro", first << 16 | len(lines)),
            Register(MSI_SETSPI, "MSI_SETSPI_NS", "wo"),
            Register(MSI_IIDR, "MSI_IIDR", "ro", IIDR),
        )

    def reset(self) -> None:
        """Nothing to reset."""

    def resume(self) -> None:
        """Nothing to resume."""

    def read(self, offset: int, size: int) -> int:
        if offset == MSI_TYPER:
            return self.first << 16 | len(self.lines)
        if offset == MSI_IIDR:
            return IIDR
        if offset == MSI_SETSPI or 0xFD0 <= offset < 0x1000:
            return 0
        return self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset != MSI_SETSPI:
            self.unknown.write(offset, size, value)
            return
        index = (value & 0x3FF) - self.first
        if 0 <= index < len(self.lines):
            self.lines[index].pulse()
        else:
            self.unknown.note(f"MSI_SETSPI_NS: {value:#x} is not one of this frame's interrupts")
