# SPDX-License-Identifier: GPL-2.0-or-later
"""The PC's chip set: PCI bus 0, the memory it switches, and what firmware is told.

An Intel 440FX host bridge at 00:00.0, a PIIX3 ISA bridge at 00:01.0, and the
power management function of a PIIX4 at 00:01.3, as on QEMU's pc.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices import fw_cfg, i440fx
from vmm.devices.fw_cfg import FwCfg
from vmm.devices.i440fx import HostBridge
from vmm.devices.pci import ConfigMechanism, PciBus
from vmm.devices.piix3 import IsaBridge, ResetControl
from vmm.devices.piix4_pm import SCI_IRQ, PowerManagement
from vmm.machine.bus import Movable
from vmm.machine.line import Line, SharedLine
from vmm.machine.machine import Machine
from vmm.memory.frames import Frames

PCI_MEMORY = (0xE0000000, 0x1EC00000)  # where functions may answer: base and size, to the I/O APIC
CONFIG_PORTS, APM_PORTS = 0xCF8, 0xB2
E820_RAM = 1
WAIT_FOREVER = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Chipset:
    """PCI bus 0 and what its interrupts are wired to."""

    pci: PciBus
    isa: IsaBridge
    pirqs: tuple[SharedLine, ...]  # PIRQA# to PIRQD#
    message: Callable[[int, int], None]  # a message signalled interrupt: address, data

    def interrupt(self, device: int, pin: int = 1) -> Line:
        """A new wire to a device's interrupt pin: 1 (INTA#) to 4.

        Device 1's INTA# is PIRQA#, and the others follow in turn.
        """
        return self.pirqs[device - 1 + pin - 1 & 3].source(f"PCI {device}.{pin}")


def place(
    machine: Machine,
    ram: Frames,
    irq: Callable[[int], Line],
    reset: Callable[[], None],
    off: Callable[[], None],
    message: Callable[[int, int], None],
) -> Chipset:
    """Put the chip set on the board; ``ram`` is what it can switch in below 1 MiB."""
    bus = machine.bus
    bus.windows.append(PCI_MEMORY)
    areas = [(base, size) for _, _, base, size in i440fx.PAM_AREAS] + [i440fx.SMRAM_AREA]
    shadows = {base: bus.add_shadow(base, size, ram, base) for base, size in areas}

    def switch(base: int, size: int, readable: bool, writable: bool) -> None:
        bus.switch(shadows[base], readable, writable)

    ports = bus.ports
    window = Movable(ports)
    power = PowerManagement(machine.clock, irq(SCI_IRQ), window.move, off)
    window.device = power
    isa = IsaBridge(irq)
    pci = PciBus()
    pci.place(0, 0, HostBridge(switch).config)
    pci.place(1, 0, isa.config)
    pci.place(1, 3, power.config)
    ports.place(CONFIG_PORTS, ConfigMechanism(pci, ResetControl(reset)))
    ports.place(APM_PORTS, power.apm)
    pirqs = tuple(SharedLine(isa.pirq(n).set, f"PIRQ{'ABCD'[n]}#") for n in range(4))
    return Chipset(pci, isa, pirqs, message)


def firmware_items(machine: Machine, ram: int, boot_menu: bool) -> FwCfg:
    """The fw_cfg device with what QEMU's pc tells its firmware.

    There is no display, so SeaBIOS puts its screen on the first serial port.
    """
    device = FwCfg(machine.dma_read, machine.dma_write)
    for key, value in (
        (fw_cfg.RAM_SIZE, struct.pack("<Q", ram)),
        (fw_cfg.NOGRAPHIC, struct.pack("<H", 1)),
        (fw_cfg.CPUS, struct.pack("<H", 1)),
        (fw_cfg.BOOT_MENU, struct.pack("<H", boot_menu)),
        (fw_cfg.MAX_CPUS, struct.pack("<H", 1)),
    ):
        device.add_item(key, value)
    device.add_file("etc/e820", struct.pack("<QQI", 0, ram, E820_RAM))
    device.add_file("etc/boot-fail-wait", struct.pack("<I", WAIT_FOREVER))
    return device
