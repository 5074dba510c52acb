# SPDX-License-Identifier: GPL-2.0-or-later
"""A port that ends the run, as QEMU's ``isa-debug-exit``.

Writing v calls back with the exit status (v << 1) | 1, so that a guest can
never report plain 0 by accident.  Reads give zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices.device import Register, Unknown


@dataclass(slots=True)
class DebugExitState:
    """Nothing is kept."""


class DebugExit:
    """Four ports; any write ends the run through ``on_exit``."""

    name = "debug-exit"
    size = 4
    registers = (Register(0, "EXIT", "wo"),)

    def __init__(self, on_exit: Callable[[int], None]) -> None:
        self.on_exit = on_exit
        self.unknown = Unknown(self.name)
        self.state = DebugExitState()

    def reset(self) -> None:
        """Nothing to reset."""

    def resume(self) -> None:
        """Nothing to put back."""

    def read(self, offset: int, size: int) -> int:
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        self.on_exit(value << 1 | 1)
