# SPDX-License-Identifier: GPL-2.0-or-later
"""The MP and PIRQ tables: found where kernels look, summing to zero, saying what is wired."""

import struct
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.boards.pc_tables import PciInterrupt, mp_table, pirq_table

GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
SIZES = {0: 20, 1: 8, 2: 8, 3: 8, 4: 8}
PCI = (PciInterrupt(1, 1, 9), PciInterrupt(3, 2, 11))


def entries(table: bytes) -> list[bytes]:
    found = []
    at, (count,) = 44, struct.unpack_from("<H", table, 34)
    for _ in range(count):
        size = SIZES[table[at]]
        found.append(table[at : at + size])
        at += size
    assert at == len(table)
    return found


def test_mp_table() -> None:
    data = mp_table(0xF8000, 0x663, PCI)
    pointer, table = data[:16], data[16:]
    assert sum(pointer) & 0xFF == sum(table) & 0xFF == 0
    assert struct.unpack("<4sIBB", pointer[:10]) == (b"_MP_", 0xF8010, 1, 4)
    assert table[:4] == b"PCMP"
    assert struct.unpack_from("<H", table, 4) == (len(table),)
    rows = entries(table)
    assert rows[0][:4] == bytes((0, 0, 0x14, 3))
    assert struct.unpack_from("<I", rows[0], 4) == (0x663,)
    assert struct.unpack_from("<I", rows[3], 4) == (0xFEC00000,)
    interrupts = {tuple(row[4:6]): (row[1], row[2], row[7]) for row in rows if row[0] == 3}
    assert interrupts[0, 1 << 2] == (0, 0xD, 9)  # level, active high
    assert interrupts[0, 3 << 2 | 1] == (0, 0xD, 11)
    assert interrupts[1, 0] == (0, 0, 2)
    assert sorted(irq for bus, irq in interrupts if bus == 1) == [
        0, 1, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15]
    assert [row for row in rows if row[0] == 4] == [
        bytes((4, 3, 0, 0, 1, 0, 0, 0)), bytes((4, 1, 0, 0, 1, 0, 0xFF, 1))]


def test_pirq_table() -> None:
    table = pirq_table([1, 3], [10, 11])
    assert (table[:4], sum(table) & 0xFF) == (b"$PIR", 0)
    assert struct.unpack_from("<H", table, 6) == (64,)
    links = [[table[at + 2 + 3 * pin] for pin in range(4)] for at in (32, 48)]
    assert links == [[0x60, 0x61, 0x62, 0x63], [0x62, 0x63, 0x60, 0x61]]
    assert struct.unpack_from("<H", table, 35) == (0x0C00,)


@pytest.mark.parametrize("apic", ["on", "off"])
def test_kernels_find_them_in_the_rom(apic: str) -> None:
    machine = create(Options("pc", {"apic": apic}, kernel=GUESTS / "x86" / "hello.elf"))
    rom = machine.bus.read_memory(0xF0000, 0x10000)
    assert rom is not None
    signatures = [rom[at : at + 4] for at in range(0, len(rom), 16)]
    assert signatures.count(b"$PIR") == 1
    assert signatures.count(b"_MP_") == (apic == "on")
    # What the tables say is so: PIRQA# to PIRQD# are routed, and their IRQs are levels.
    machine.bus.port_out(0xCF8, 4, 0x80000860)
    assert machine.bus.port_in(0xCFC, 4) == 0x0B0B0A0A
    assert machine.bus.port_in(0x4D1, 1) == 0x0C
