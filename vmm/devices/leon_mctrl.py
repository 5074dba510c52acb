# SPDX-License-Identifier: GPL-2.0-or-later
"""The LEON memory controller's configuration registers (MCTRL of GRLIB, vendor ESA).

After the GRLIB IP Core User's Manual, chapter MCTRL.  Only what software sees
is modelled: the fields of MCFG1 to MCFG3 keep what is written, reserved bits
read as zero, and an SDRAM command is carried out at once, so its field reads
as zero.  Wait states, widths and refresh change nothing: memory is where the
board puts it.  MCFG4 exists only with mobile SDRAM, which this controller does
not have: it reads as zero.  QEMU's leon3_generic has no memory controller.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.devices.ambapp import lanes
from vmm.devices.device import Register, Unknown

MCFG1 = 0x00
MCFG2 = 0x04
MCFG3 = 0x08
MCFG4 = 0x0C

# 15 wait states on a PROM that the board's pins make 32 bits wide.
_MCFG1_RESET = 0x0000_02FF
# The slowest SDRAM timing: tRP 3, tRFC 10, CAS 3.
_MCFG2_RESET = 0x7C00_0000

# Without reserved bits and the SDRAM command, which is done when it is written.
_WRITABLE = {MCFG1: 0x7EFB_CBFF, MCFG2: 0xFFE0_7EFF, MCFG3: 0x07FF_F000, MCFG4: 0}


@dataclass(slots=True)
class State:
    mcfg1: int = _MCFG1_RESET
    mcfg2: int = _MCFG2_RESET
    mcfg3: int = 0


class LeonMctrl:
    """MCFG1..MCFG4."""

    registers = (
        Register(MCFG1, "MCFG1", reset=_MCFG1_RESET),
        Register(MCFG2, "MCFG2", reset=_MCFG2_RESET),
        Register(MCFG3, "MCFG3"),
        Register(MCFG4, "MCFG4", "ro"),
    )

    def __init__(self, name: str = "mctrl") -> None:
        self.name = name
        self.size = 0x100
        self.state = State()
        self.unknown = Unknown(name)

    def reset(self) -> None:
        self.state = State()

    def resume(self) -> None:
        """No events, no lines."""

    def read(self, offset: int, size: int) -> int:
        if size == 8:
            return self.read(offset, 4) << 32 | self.read(offset + 4, 4)
        state = self.state
        match offset & ~3:
            case 0x00:
                word = state.mcfg1
            case 0x04:
                word = state.mcfg2
            case 0x08:
                word = state.mcfg3
            case 0x0C:
                word = 0
            case _:
                return self.unknown.read(offset, size)
        return lanes(word, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        if size == 8:
            self.write(offset, 4, value >> 32)
            self.write(offset + 4, 4, value & 0xFFFF_FFFF)
            return
        if size != 4 or offset not in _WRITABLE:
            self.unknown.write(offset, size, value)
            return
        value &= _WRITABLE[offset]
        if offset == MCFG1:
            self.state.mcfg1 = value
        elif offset == MCFG2:
            self.state.mcfg2 = value
        elif offset == MCFG3:
            self.state.mcfg3 = value
