# SPDX-License-Identifier: GPL-2.0-or-later
"""System control port A, 0x92 (IBM PS/2 Technical Reference): A20 and fast reset.

Bit 1 is the A20 gate; bit 0 going from 0 to 1 resets the processor.  The other
bits (watchdog, password lock, disk lamps) read as written and do nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices.device import Register, Unknown

RESET = 0x01
A20 = 0x02


@dataclass(slots=True)
class Port92State:
    """What was last written."""

    value: int = 0


class Port92:
    """``on_a20`` is told of every change of the gate, ``on_reset`` of a fast reset."""

    name = "port92"
    size = 1
    registers = (Register(0, "SCPA"),)

    def __init__(self, on_a20: Callable[[bool], None], on_reset: Callable[[], None]) -> None:
        self.on_a20 = on_a20
        self.on_reset = on_reset
        self.unknown = Unknown(self.name)
        self.state = Port92State()

    def reset(self) -> None:
        self.state = Port92State()

    def resume(self) -> None:
        """After the state was replaced: drive the gate again."""
        self.on_a20(bool(self.state.value & A20))

    def read(self, offset: int, size: int) -> int:
        return self.state.value if offset == 0 else self.unknown.read(offset, size, 0xFF)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset != 0:
            self.unknown.write(offset, size, value)
            return
        value &= 0xFF
        changed = self.state.value ^ value
        self.state.value = value
        if changed & A20:
            self.on_a20(bool(value & A20))
        if changed & value & RESET:
            self.on_reset()
