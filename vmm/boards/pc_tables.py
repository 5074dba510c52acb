# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that a PC's firmware leaves for kernels: the MP table and the PIRQ table.

Intel MultiProcessor Specification 1.4, chapter 4: one processor, one I/O APIC,
the ISA and PCI buses and their interrupts, in virtual wire mode.  PCI IRQ
Routing Table Specification 1.0 (Microsoft): which 8259 inputs a PCI interrupt
pin can be routed to, for kernels that use no I/O APIC.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from vmm.devices import io_apic, local_apic_state

SPECIFICATION = 4  # MP 1.4
OEM, PRODUCT = b"VMM     ", b"PC          "
PROCESSOR, BUS, IO_APIC, INTERRUPT, LOCAL_INTERRUPT = range(5)
ENABLED, BOOTSTRAP = 1, 2
FEATURES = 0x201  # CPUID: FPU and APIC
PCI_BUS, ISA_BUS = 0, 1
INT, NMI, EXTINT = 0, 1, 3
CONFORMS, ACTIVE_HIGH_LEVEL = 0, 0xD
EVERY_APIC = 0xFF
PIC_CASCADE, TIMER_PIN = 2, 2

PIIX3 = (0x8086, 0x7000)
ROUTER = 1 << 3  # device 1, function 0
EXCLUSIVE = 0x0C00  # IRQs 10 and 11 are for PCI alone


@dataclass(frozen=True, slots=True)
class PciInterrupt:
    """An interrupt pin of a PCI function: 1 is INTA#."""

    device: int
    pin: int
    irq: int  # where firmware has routed it


def _checksum(data: bytes) -> int:
    return -sum(data) & 0xFF


def mp_table(address: int, signature: int, pci: Sequence[PciInterrupt]) -> bytes:
    """The floating pointer and, right behind it, the configuration table, to be put at ``address``.

    ``signature`` is the processor's, as CPUID has it.
    """
    taken = {interrupt.irq for interrupt in pci}
    entries = [
        struct.pack("<BBBBIIII", PROCESSOR, 0, local_apic_state.VERSION, ENABLED | BOOTSTRAP,
                    signature, FEATURES, 0, 0),
        struct.pack("<BB6s", BUS, PCI_BUS, b"PCI   "),
        struct.pack("<BB6s", BUS, ISA_BUS, b"ISA   "),
        struct.pack("<BBBBI", IO_APIC, 0, io_apic.VERSION_VALUE & 0xFF, ENABLED, io_apic.BASE),
    ]

    def interrupt(kind: int, what: int, flags: int, bus: int, source: int, pin: int,
                  apic: int = 0) -> None:
        entries.append(struct.pack("<BBHBBBB", kind, what, flags, bus, source, apic, pin))

    for source in pci:
        interrupt(INTERRUPT, INT, ACTIVE_HIGH_LEVEL, PCI_BUS, source.device << 2 | source.pin - 1,
                  source.irq)
    for irq in range(16):
        if irq != PIC_CASCADE and irq not in taken:
            interrupt(INTERRUPT, INT, CONFORMS, ISA_BUS, irq, irq or TIMER_PIN)
    interrupt(LOCAL_INTERRUPT, EXTINT, CONFORMS, ISA_BUS, 0, 0)
    interrupt(LOCAL_INTERRUPT, NMI, CONFORMS, ISA_BUS, 0, 1, EVERY_APIC)
    body = b"".join(entries)

    table = struct.pack("<4sHBB8s12sIHHIHBB", b"PCMP", 44 + len(body), SPECIFICATION, 0, OEM,
                        PRODUCT, 0, 0, len(entries), local_apic_state.BASE, 0, 0, 0) + body
    table = table[:7] + bytes((_checksum(table),)) + table[8:]
    pointer = struct.pack("<4sIBBBBBBBB", b"_MP_", address + 16, 1, SPECIFICATION, 0, 0, 0, 0, 0, 0)
    return pointer[:10] + bytes((_checksum(pointer),)) + pointer[11:] + table


def pirq_table(devices: Sequence[int], irqs: Sequence[int]) -> bytes:
    """The routing table, for a multiple of 16: each pin of each device, by the PIIX3's registers.

    ``irqs`` are those that a pin can be routed to; a device's pins go round by its number.
    """
    mask = sum(1 << irq for irq in irqs)
    slots = b"".join(
        struct.pack("<BB", PCI_BUS, device << 3)
        + b"".join(struct.pack("<BH", 0x60 + (device - 1 + pin & 3), mask) for pin in range(4))
        + bytes((0, 0))
        for device in devices
    )
    table = struct.pack("<4sHHBBHHHI11xB", b"$PIR", 0x100, 32 + len(slots), PCI_BUS, ROUTER,
                        EXCLUSIVE, *PIIX3, 0, 0) + slots
    return table[:31] + bytes((_checksum(table),)) + table[32:]
