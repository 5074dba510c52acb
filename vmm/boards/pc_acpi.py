# SPDX-License-Identifier: GPL-2.0-or-later
"""ACPI tables of the pc board (ACPI 1.0b, chapter 5; MADT as of ACPI 2.0).

What a kernel learns: the interrupt controllers, the PCI bus with its four
interrupt links, the devices of the ISA bus, the power management registers and
the sleep state that turns the machine off.  The tables lie in the ROM.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from vmm.devices import io_apic, local_apic_state, piix4_pm
from vmm.devices.piix4_pm import SCI_IRQ
from vmm.machine import aml

OEM, OEM_TABLE, CREATOR = b"VMM   ", b"PC      ", b"VMM "
HEADER = 36
SMI_COMMAND = 0xB2
CENTURY = 0x32  # the RTC's byte
WBINVD, C1, SLEEP_BUTTON_IS_NONE = 1 << 0, 1 << 2, 1 << 5
NEVER = 0xFFF  # latency of a sleep that the processor has not
TIMER_PIN = 2
ACTIVE_HIGH_LEVEL = 0xD
LINKS = ("LNKA", "LNKB", "LNKC", "LNKD")
PCI_DEVICES = 32


def _checksum(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((-sum(data) & 0xFF,)) + data[at + 1 :]


def _table(signature: bytes, revision: int, body: bytes) -> bytes:
    header = struct.pack("<4sIBB6s8sI4sI", signature, HEADER + len(body), revision, 0, OEM,
                         OEM_TABLE, 1, CREATOR, 1)
    return _checksum(header + body, 9)


def _isa(where: str, identifier: str, *items: bytes, number: int | None = None) -> bytes:
    unique = () if number is None else (aml.name("_UID", aml.integer(number)),)
    return aml.device(where, aml.name("_HID", aml.eisa_id(identifier)), *unique,
                      aml.name("_CRS", aml.resources(*items)))


def _link(number: int, irq: int) -> bytes:
    """An interrupt link that is as firmware has set it."""
    interrupt = aml.resources(aml.shared_interrupt(irq))
    return aml.device(
        LINKS[number], aml.name("_HID", aml.eisa_id("PNP0C0F")),
        aml.name("_UID", aml.integer(number)), aml.name("_STA", aml.integer(0xB)),
        aml.name("_PRS", interrupt), aml.name("_CRS", interrupt),
        aml.method("_SRS", 1), aml.method("_DIS", 0),
    )


def _dsdt(irqs: Sequence[int], memory: tuple[int, int]) -> bytes:
    """``irqs`` are those of PIRQA# to PIRQD#, ``memory`` is the PCI bus' (base, size)."""
    routes = [
        aml.package([aml.integer(slot << 16 | 0xFFFF), aml.integer(pin),
                     aml.path(f"\\_SB.{LINKS[(slot - 1 + pin) & 3]}"), aml.integer(0)])
        for slot in range(PCI_DEVICES) for pin in range(4)
    ]
    base, size = memory
    bridge = aml.device(
        "ISA", aml.name("_ADR", aml.integer(1 << 16)),
        _isa("KBD", "PNP0303", aml.ports(0x60, 1), aml.ports(0x64, 1), aml.irq(1)),
        _isa("MOU", "PNP0F13", aml.irq(12)),
        _isa("RTC", "PNP0B00", aml.ports(0x70, 2), aml.irq(8)),
        _isa("COM1", "PNP0501", aml.ports(0x3F8, 8), aml.irq(4), number=1),
    )
    bus = aml.device(
        "PCI0", aml.name("_HID", aml.eisa_id("PNP0A03")), aml.name("_ADR", aml.integer(0)),
        aml.name("_UID", aml.integer(0)),
        aml.name("_CRS", aml.resources(
            aml.words(aml.BUS_NUMBERS, 0, 0xFF), aml.ports(0xCF8, 8),
            aml.words(aml.PORTS, 0, 0xCF7), aml.words(aml.PORTS, 0xD00, 0xFFFF),
            aml.memory(0xA0000, 0xBFFFF), aml.memory(base, base + size - 1),
        )),
        aml.name("_PRT", aml.package(routes)), bridge,
    )
    off = aml.package([aml.integer(piix4_pm.SUS_OFF >> 10)] * 4)
    return _table(b"DSDT", 1, b"".join((
        aml.scope("\\_SB", bus, *(_link(n, irq) for n, irq in enumerate(irqs))),
        aml.name("\\_S5", off),
    )))


def _fadt(facs: int, dsdt: int, power: int) -> bytes:
    return _table(b"FACP", 1, struct.pack(
        "<IIBxHIBBBxIIIIIIIIBBBBBBBxHHHHBBBBB3xI",
        facs, dsdt, 0, SCI_IRQ, SMI_COMMAND, piix4_pm.ACPI_ENABLE, piix4_pm.ACPI_DISABLE, 0,
        power + piix4_pm.PMSTS, 0, power + piix4_pm.PMCNTRL, 0, 0, power + piix4_pm.PMTMR,
        power + piix4_pm.GPSTS, 0, 4, 2, 0, 4, 4, 0, 0, NEVER, NEVER, 0, 0, 0, 0, 0, 0, CENTURY,
        WBINVD | C1 | SLEEP_BUTTON_IS_NONE,
    ))


def _madt(irqs: Sequence[int]) -> bytes:
    rows = [
        struct.pack("<BBBBI", 0, 8, 0, 0, 1),
        struct.pack("<BBBBII", 1, 12, 0, 0, io_apic.BASE, 0),
        struct.pack("<BBBBIH", 2, 10, 0, 0, TIMER_PIN, 0),
        *(struct.pack("<BBBBIH", 2, 10, 0, irq, irq, ACTIVE_HIGH_LEVEL)
          for irq in sorted({SCI_IRQ, *irqs})),
        struct.pack("<BBBHB", 4, 6, 0xFF, 0, 1),
    ]
    return _table(b"APIC", 1, struct.pack("<II", local_apic_state.BASE, 1) + b"".join(rows))


def tables(
    address: int, irqs: Sequence[int], memory: tuple[int, int], power: int, has_apic: bool
) -> bytes:
    """All tables, the pointer to them first, to be put at ``address``, a multiple of 64.

    ``irqs`` are those of PIRQA# to PIRQD#, ``memory`` is the PCI bus' (base, size), and
    ``power`` the first port of the power management registers.
    """
    blob = bytearray(64)  # the pointer, and the alignment of what follows

    def put(table: bytes) -> int:
        blob.extend(bytes(-len(blob) % 16))
        where = address + len(blob)
        blob.extend(table)
        return where

    facs = put(struct.pack("<4sI56x", b"FACS", 64))
    found = [put(_fadt(facs, put(_dsdt(irqs, memory)), power))]
    if has_apic:
        found.append(put(_madt(irqs)))
    root = put(_table(b"RSDT", 1, struct.pack(f"<{len(found)}I", *found)))
    pointer = struct.pack("<8sB6sBI", b"RSD PTR ", 0, OEM, 0, root)
    blob[: len(pointer)] = _checksum(pointer, 8)
    return bytes(blob)
