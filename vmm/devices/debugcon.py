# SPDX-License-Identifier: GPL-2.0-or-later
"""A console of one port, as Bochs has at 0xE9 and QEMU's firmware builds at 0x402.

A byte written is printed; a read gives 0xE9, which is how a guest finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices.device import Register, Unknown

PRESENT = 0xE9


@dataclass(slots=True)
class DebugconState:
    """Nothing is kept."""


class Debugcon:
    """One port; ``sink`` gets what the guest writes."""

    name = "debugcon"
    size = 1
    registers = (Register(0, "DATA", reset=PRESENT),)

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self.sink = sink
        self.unknown = Unknown(self.name)
        self.state = DebugconState()

    def reset(self) -> None:
        """Nothing to reset."""

    def resume(self) -> None:
        """Nothing to put back."""

    def read(self, offset: int, size: int) -> int:
        return PRESENT if offset == 0 else self.unknown.read(offset, size, 0xFF)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == 0:
            self.sink(bytes((value & 0xFF,)))
        else:
            self.unknown.write(offset, size, value)
