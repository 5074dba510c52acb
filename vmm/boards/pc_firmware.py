# SPDX-License-Identifier: GPL-2.0-or-later
"""What a PC's firmware has done before a kernel runs, beyond what our boot ROM does.

The ROM knows no device of the board; what follows from the devices is done here,
by the same accesses that a BIOS makes: interrupt routing, the keyboard
controller, PCI addresses, and the tables of `pc_tables` and `pc_acpi`.
"""

from __future__ import annotations

from vmm.boards import pc_acpi, pc_tables
from vmm.boards.pc_chipset import PCI_MEMORY, Chipset
from vmm.boards.pc_tables import PciInterrupt
from vmm.devices import local_apic_state as lapic
from vmm.devices import pci_bars
from vmm.devices.piix4_pm import SCI_IRQ
from vmm.machine.machine import Machine

PCI_PORTS = 0xC000  # where the functions' ports begin
ACPI_TABLES, TABLES = 0xF4000, 0xF8000  # in the ROM, where kernels look for them
PIRQ_IRQS = (10, 10, 11, 11)  # where INTA# to INTD# of device 1 go, as SeaBIOS has it
VIRTUAL_WIRE, NMI = 0x8700, 0x8400  # of LINT0 and LINT1
KEYBOARD_MODE = 0x61  # interrupt, mouse off, scan codes translated
PM_DEVICE, PM_FUNCTION, PM_PORTS = 1, 3, 0xB000  # power management, its interrupt wired to IRQ 9


def set_up(machine: Machine, chipset: Chipset, has_apic: bool, signature: int) -> None:
    """Leave the devices and tables as kernels expect them."""
    bus = machine.bus
    if has_apic:
        for register, value in (
            (lapic.SVR, lapic.SVR_ENABLE | lapic.SVR_RESET),
            (lapic.LVT + 0x10 * lapic.LINT0, VIRTUAL_WIRE),
            (lapic.LVT + 0x10 * lapic.LINT1, NMI),
        ):
            bus.write(lapic.BASE + register, 4, value)
    bus.port_out(0x64, 1, 0x60)
    bus.port_out(0x60, 1, KEYBOARD_MODE)
    power = chipset.pci.functions[PM_DEVICE, PM_FUNCTION]
    power.write(0x40, 4, PM_PORTS)
    power.write(0x80, 1, 1)
    spaces = [space for _, space in sorted(chipset.pci.functions.items())]
    pci_bars.assign(spaces, PCI_PORTS, PCI_MEMORY[0])
    interrupts = _route(machine, chipset)
    tables = pc_tables.pirq_table(sorted({i.device for i in interrupts}), sorted(set(PIRQ_IRQS)))
    if has_apic:
        tables += bytes(-len(tables) % 16)
        tables += pc_tables.mp_table(TABLES + len(tables), signature, interrupts)
    machine.load_bytes(TABLES, tables, "firmware tables")
    acpi = pc_acpi.tables(ACPI_TABLES, PIRQ_IRQS, PCI_MEMORY, PM_PORTS, has_apic)
    machine.load_bytes(ACPI_TABLES, acpi, "ACPI tables")


def _route(machine: Machine, chipset: Chipset) -> list[PciInterrupt]:
    """Route the PCI interrupts, make their IRQs level triggered, tell every function its own."""
    bus = machine.bus
    for number, irq in enumerate(PIRQ_IRQS):
        chipset.isa.config.write(0x60 + number, 1, irq)
    for port in (0x4D0, 0x4D1):
        levels = sum(1 << irq for irq in set(PIRQ_IRQS)) >> 8 * (port & 1) & 0xFF
        bus.port_out(port, 1, bus.port_in(port, 1) | levels)
    interrupts = []
    for (device, function), space in sorted(chipset.pci.functions.items()):
        pin = space.read(0x3D, 1)
        if pin:
            fixed = (device, function) == (PM_DEVICE, PM_FUNCTION)
            irq = SCI_IRQ if fixed else PIRQ_IRQS[device - 1 + pin - 1 & 3]
            space.write(0x3C, 1, irq)
            interrupts.append(PciInterrupt(device, pin, irq))
    return interrupts
