# SPDX-License-Identifier: GPL-2.0-or-later
"""The host bridge of the Intel 440FX chip set (82441FX PMC, data sheet 290549).

The PAM registers switch the RAM behind 0xC0000 to 0xFFFFF, SMRAM that behind
0xA0000 to 0xBFFFF; both tell the board, which moves the memory.  DRAM timing,
buffer and error-reporting registers are kept and have no effect, as there is
nothing to time; DRAM sizing by the row boundaries is not modelled, firmware
learns the size from CMOS or fw_cfg.  There is no system management mode, so
D_CLS, which matters only there, does nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from vmm.devices.pci import STATUS_DEVSEL_MEDIUM, ConfigRegister, ConfigSpace, identity

VENDOR, DEVICE, REVISION = 0x8086, 0x1237, 0x02
HOST_BRIDGE = 0x060000

PAM_READ, PAM_WRITE = 0x1, 0x2  # of each half of a PAM register; bits 2 and 3 are reserved
SMRAM_OPEN, SMRAM_CLOSE, SMRAM_LOCK, SMRAM_ENABLE = 0x40, 0x20, 0x10, 0x08
SMRAM_BASE = 0x02  # C_BASE_SEG: 0xA0000, hardwired
SMRAM_AREA = (0xA0000, 0x20000)

# The areas that the halves of PAM0 to PAM6 control, low half first: (base, size).
PAM_AREAS: tuple[tuple[str, int, int, int], ...] = (
    ("PAM0", 4, 0xF0000, 0x10000),
    *(
        (f"PAM{1 + half // 2}", 4 * (half % 2), 0xC0000 + 0x4000 * half, 0x4000)
        for half in range(12)
    ),
)

REGISTERS = (
    *identity(VENDOR, DEVICE, REVISION, HOST_BRIDGE),
    ConfigRegister(0x04, "PCICMD", 2, 0x0006, writable=0x0140),
    ConfigRegister(0x06, "PCISTS", 2, STATUS_DEVSEL_MEDIUM | 0x80, clears=0xF900),
    ConfigRegister(0x0D, "MLT", 1, 0, writable=0xF8),
    ConfigRegister(0x0F, "BIST"),
    ConfigRegister(0x50, "PMCCFG", 2, 0, writable=0xFFFF),
    ConfigRegister(0x52, "DETURBO", 1, 0, writable=0xFF),
    ConfigRegister(0x53, "DBC", 1, 0x80, writable=0xFF),
    ConfigRegister(0x54, "AXC", 1, 0, writable=0xFF),
    ConfigRegister(0x55, "DRT", 2, 0, writable=0xFFFF),
    ConfigRegister(0x57, "DRAMC", 1, 0x01, writable=0xFF),
    ConfigRegister(0x58, "DRAMT", 1, 0x10, writable=0xFF),
    ConfigRegister(0x59, "PAM0", 1, 0, writable=0x30),
    *(ConfigRegister(0x59 + n, f"PAM{n}", 1, 0, writable=0x33) for n in range(1, 7)),
    *(ConfigRegister(0x60 + n, f"DRB{n}", 1, 0x01, writable=0xFF) for n in range(8)),
    ConfigRegister(0x68, "FDHC", 1, 0),
    ConfigRegister(0x70, "MTT", 1, 0, writable=0xFF),
    ConfigRegister(0x71, "CLT", 1, 0x10, writable=0xFF),
    ConfigRegister(0x72, "SMRAM", 1, SMRAM_BASE,
                   writable=SMRAM_OPEN | SMRAM_CLOSE | SMRAM_LOCK | SMRAM_ENABLE),
    ConfigRegister(0x90, "ERRCMD", 1, 0, writable=0xFF),
    ConfigRegister(0x91, "ERRSTS", 2, 0, clears=0xFFFF),
)


class HostBridge:
    """``on_memory(base, size, readable, writable)`` switches the RAM behind an area."""

    def __init__(self, on_memory: Callable[[int, int, bool, bool], None]) -> None:
        self.on_memory = on_memory
        self.config = ConfigSpace("i440fx", REGISTERS, self._changed)

    def _changed(self, register: str, before: int) -> None:
        value = self.config[register]
        if register == "SMRAM":
            self._smram(value, before)
        for name, shift, base, size in PAM_AREAS:
            if name == register:
                bits = value >> shift
                self.on_memory(base, size, bool(bits & PAM_READ), bool(bits & PAM_WRITE))

    def _smram(self, value: int, before: int) -> None:
        """The open, close and lock bits count only with G_SMRAME; a lock lasts until reset."""
        locked = SMRAM_LOCK | SMRAM_ENABLE
        if before & locked == locked:
            value = before & ~SMRAM_CLOSE | value & SMRAM_CLOSE
        if value & locked == locked:
            value &= ~SMRAM_OPEN
        self.config["SMRAM"] = value
        opened = SMRAM_OPEN | SMRAM_ENABLE
        visible = value & opened == opened
        self.on_memory(*SMRAM_AREA, visible, visible)
