# SPDX-License-Identifier: GPL-2.0-or-later
"""AML encodings, byte by byte after the ACPI specification's grammar and examples."""

import pytest

from vmm.machine import aml


@pytest.mark.parametrize(("value", "expected"), [
    (0, "00"), (1, "01"), (2, "0a02"), (0xFF, "0aff"), (0x100, "0b0001"), (0x10000, "0c00000100"),
])
def test_integers_take_the_shortest_form(value: int, expected: str) -> None:
    assert aml.integer(value).hex() == expected


def test_names() -> None:
    assert aml.path("ISA") == b"ISA_"
    assert aml.path("\\_SB.LNKA") == b"\\\x2e_SB_LNKA"
    assert aml.path("\\_S5") == b"\\_S5_"
    with pytest.raises(ValueError, match="more than two"):
        aml.path("\\_SB.PCI0.ISA")


def test_an_eisa_identifier() -> None:
    assert aml.eisa_id("PNP0A03").hex() == "0c41d00a03"  # the specification's own example


@pytest.mark.parametrize(("size", "length"), [
    (10, "0b"), (62, "3f"), (63, "4104"), (0xFFD, "4fff"), (0xFFE, "810001"),
])
def test_package_lengths_count_themselves(size: int, length: str) -> None:
    data = aml.scope("AAAA", bytes(size - 4))
    assert data == b"\x10" + bytes.fromhex(length) + b"AAAA" + bytes(size - 4)


def test_objects() -> None:
    assert aml.name("_ADR", aml.integer(0)).hex() == "085f41445200"
    assert aml.package([aml.integer(1), aml.integer(5)]).hex() == "12050201" "0a05"
    assert aml.buffer(b"\x01\x02").hex() == "11050a020102"
    assert aml.device("COM1", b"\x00").hex() == "5b8206434f4d3100"
    assert aml.method("_DIS", 0).hex() == "14065f44495300"


def test_resources() -> None:
    assert aml.ports(0x3F8, 8).hex() == "4701f803f8030108"
    assert aml.irq(12).hex() == "220010"
    assert aml.shared_interrupt(10).hex() == "89060009010a000000"
    assert aml.words(aml.BUS_NUMBERS, 0, 0xFF).hex() == "880d00020c0000000000ff0000000001"
    assert aml.words(aml.PORTS, 0xD00, 0xFFFF).hex() == "880d00010c030000000dffff000000f3"
    assert aml.memory(0xA0000, 0xBFFFF).hex() == (
        "871700000c01" "00000000" "00000a00" "ffff0b00" "00000000" "00000200")
    assert aml.resources(aml.irq(8)).hex() == "11080a052200017900"
