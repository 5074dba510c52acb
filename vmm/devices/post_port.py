# SPDX-License-Identifier: GPL-2.0-or-later
"""Port 0x80, the diagnostic port (IBM PC/AT Technical Reference).

A latch that firmware writes progress codes to and kernels write to when they
want to wait for a moment; the AT's is a spare DMA page register, so it can be
read back.
"""

from __future__ import annotations

import ctypes as C

from vmm.devices.device import Register, Unknown
from vmm.devices.shared import Cell, Shared, SharedState


class PostPortState(Shared):
    """The latch."""

    code: int
    _fields_ = (("code", C.c_uint32),)


class PostPort(SharedState[PostPortState]):
    """The last byte written."""

    name = "post-port"
    size = 1
    registers = (Register(0, "CODE"),)

    def __init__(self) -> None:
        self.unknown = Unknown(self.name)
        self.state = PostPortState()
        self.cells = (Cell(0, self.state, "code", mask=0xFF, size=1),)

    def reset(self) -> None:
        self.state = PostPortState()

    def resume(self) -> None:
        """Nothing runs by itself."""

    def read(self, offset: int, size: int) -> int:
        return int(self.state.code)

    def write(self, offset: int, size: int, value: int) -> None:
        self.state.code = value & 0xFF
