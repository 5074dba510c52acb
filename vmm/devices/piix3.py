# SPDX-License-Identifier: GPL-2.0-or-later
"""The PCI-to-ISA bridge of the Intel PIIX3 (82371SB data sheet 290550).

Routes the four PCI interrupts to the IRQs of the 8259s, and has the reset
control register at port 0xCF9.  Its bus, timing and chip-select registers are
kept without effect.  Function 1 (IDE) is not on the board and function 2 (USB)
neither; SMM does not exist, so the SMI registers only keep what is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from vmm.devices.device import Register, Unknown
from vmm.devices.pci import (
    MULTIFUNCTION,
    STATUS_DEVSEL_MEDIUM,
    ConfigRegister,
    ConfigSpace,
    identity,
)
from vmm.machine.line import Line

VENDOR, DEVICE = 0x8086, 0x7000
ISA_BRIDGE = 0x060100
PIRQS = ("PIRQRCA", "PIRQRCB", "PIRQRCC", "PIRQRCD")
PIRQ_DISABLED, PIRQ_IRQ = 0x80, 0x0F
ROUTABLE = frozenset((3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15))

REGISTERS = (
    *identity(VENDOR, DEVICE, 0x00, ISA_BRIDGE, header=MULTIFUNCTION),
    ConfigRegister(0x04, "PCICMD", 2, 0x0007, writable=0x0008),
    ConfigRegister(0x06, "PCISTS", 2, STATUS_DEVSEL_MEDIUM, clears=0x7800),
    ConfigRegister(0x4C, "IORT", 1, 0x4D, writable=0x7F),
    ConfigRegister(0x4E, "XBCS", 2, 0x0003, writable=0x01FF),
    *(ConfigRegister(0x60 + n, name, 1, PIRQ_DISABLED, writable=0x8F)
      for n, name in enumerate(PIRQS)),
    ConfigRegister(0x69, "TOM", 1, 0x02, writable=0xFE),
    ConfigRegister(0x6A, "MSTAT", 2, 0, writable=0x80D0),
    ConfigRegister(0x70, "MBIRQ0", 1, 0x80, writable=0xEF),
    ConfigRegister(0x76, "MBDMA0", 1, 0x04, writable=0x8F),
    ConfigRegister(0x77, "MBDMA1", 1, 0x04, writable=0x8F),
    ConfigRegister(0x78, "PCSC", 2, 0x0002, writable=0xFFFF),
    ConfigRegister(0x80, "APICBASE", 1, 0, writable=0x7F),
    ConfigRegister(0x82, "DLC", 1, 0, writable=0x0F),
    ConfigRegister(0xA0, "SMICNTL", 1, 0x08, writable=0x1F),
    ConfigRegister(0xA2, "SMIEN", 2, 0, writable=0x00FF),
    ConfigRegister(0xA4, "SEE", 4, 0, writable=0xFFFFFFFF),
    ConfigRegister(0xA8, "FTMR", 1, 0x0F, writable=0xFF),
    ConfigRegister(0xAA, "SMIREQ", 2, 0, writable=0x00FF),
    ConfigRegister(0xAC, "CTLTMR", 1, 0, writable=0xFF),
    ConfigRegister(0xAE, "CTHTMR", 1, 0, writable=0xFF),
)


@dataclass(slots=True)
class IsaBridgeState:
    """Levels of the PIRQ pins, bit 0 for PIRQA#."""

    pirqs: int = 0


class IsaBridge:
    """``irq(n)`` is a new wire to the interrupt controller's input n; `pirq` gives the pins."""

    def __init__(self, irq: Callable[[int], Line]) -> None:
        self.config = ConfigSpace("piix3", REGISTERS, self._changed)
        self.state = IsaBridgeState()
        self._irqs = {number: irq(number) for number in sorted(ROUTABLE)}
        self._pins = [Line(partial(self._pin, n), name) for n, name in enumerate("ABCD")]

    def pirq(self, number: int) -> Line:
        """The PIRQ pin 0 (A) to 3 (D), high when asserted."""
        return self._pins[number]

    def reset(self) -> None:
        self.config.reset()

    def resume(self) -> None:
        """After the state was replaced: drive the interrupt lines."""
        self._route()

    def _pin(self, number: int, level: bool) -> None:
        self.state.pirqs = self.state.pirqs & ~(1 << number) | level << number
        self._route()

    def _changed(self, register: str, before: int) -> None:
        if register in PIRQS:
            self._route()

    def _route(self) -> None:
        """Each IRQ is high while any asserted pin is routed to it."""
        high = set()
        for number, name in enumerate(PIRQS):
            control = self.config[name]
            if self.state.pirqs >> number & 1 and not control & PIRQ_DISABLED:
                high.add(control & PIRQ_IRQ)
        for irq, line in self._irqs.items():
            line.set(irq in high)


RCR = 1  # port 0xCF9, as an offset from 0xCF8
RCR_HARD, RCR_RESET = 0x02, 0x04


@dataclass(slots=True)
class ResetControlState:
    """The register's two bits."""

    value: int = 0


class ResetControl:
    """The reset control register: bit 2 going from 0 to 1 resets, bit 1 says how thoroughly.

    It lies beneath the first double word of the PCI mechanism (see
    `pci.ConfigMechanism`), where nothing else answers byte cycles.
    """

    name = "reset-control"
    size = 4
    registers = (Register(RCR, "RCR"),)

    def __init__(self, on_reset: Callable[[], None]) -> None:
        self.on_reset = on_reset
        self.unknown = Unknown(self.name)
        self.state = ResetControlState()

    def reset(self) -> None:
        self.state = ResetControlState()

    def resume(self) -> None:
        """Nothing runs by itself."""

    def read(self, offset: int, size: int) -> int:
        if offset == RCR:
            return self.state.value
        return self.unknown.read(offset, size, 0xFF)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset != RCR:
            self.unknown.write(offset, size, value)
            return
        before, self.state.value = self.state.value, value & (RCR_HARD | RCR_RESET)
        if value & ~before & RCR_RESET:
            self.on_reset()
