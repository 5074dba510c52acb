# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI configuration: mechanism #1, declared registers, absent functions."""

from __future__ import annotations

import pytest

from vmm.devices.pci import ConfigMechanism, ConfigRegister, ConfigSpace, PciBus, identity

ONES = 0xFFFFFFFF


class Beneath:
    def __init__(self) -> None:
        self.written: list[tuple[int, int]] = []

    def read(self, offset: int, size: int) -> int:
        return 0xC0 + offset

    def write(self, offset: int, size: int, value: int) -> None:
        self.written.append((offset, value))


class Bench:
    def __init__(self) -> None:
        self.changes: list[tuple[str, int]] = []
        self.space = ConfigSpace(
            "card",
            (
                *identity(0x1234, 0x5678, 0x9A, 0x020304),
                ConfigRegister(0x04, "CMD", 2, 0x0100, writable=0x0007),
                ConfigRegister(0x06, "STS", 2, 0x0280, clears=0x8000),
                ConfigRegister(0x10, "BAR", 4, 0x00000001, writable=0xFFFFFFC0),
                ConfigRegister(0x40, "OWN", 1, 0x55, writable=0x0F),
            ),
            lambda register, before: self.changes.append((register, before)),
        )
        self.bus = PciBus()
        self.bus.place(3, 1, self.space)
        self.beneath = Beneath()
        self.ports = ConfigMechanism(self.bus, self.beneath)

    def select(self, register: int, device: int = 3, function: int = 1, bus: int = 0) -> None:
        self.ports.write(0, 4, 1 << 31 | bus << 16 | device << 11 | function << 8 | register)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_any_width_at_any_byte_of_confdata(bench: Bench) -> None:
    bench.select(0x00)
    assert bench.ports.read(4, 4) == 0x56781234
    assert bench.ports.read(6, 2) == 0x5678
    assert [bench.ports.read(4 + n, 1) for n in range(4)] == [0x34, 0x12, 0x78, 0x56]
    bench.select(0x08)
    assert bench.ports.read(4, 4) == 0x0203049A
    assert bench.ports.read(5, 1) == 0x04


def test_writes_obey_the_masks_and_tell_of_changes_only(bench: Bench) -> None:
    bench.select(0x04)
    bench.ports.write(4, 4, 0xFFFFFFFF)
    assert bench.ports.read(4, 4) == 0x02800107
    assert bench.changes == [("CMD", 0x0100)]
    bench.ports.write(5, 1, 0x00)  # the high byte has nothing that can be written
    assert bench.ports.read(4, 2) == 0x0107
    bench.select(0x00)
    bench.ports.write(4, 4, 0)
    assert bench.ports.read(4, 4) == 0x56781234
    assert len(bench.changes) == 1


def test_status_bits_are_cleared_by_writing_one(bench: Bench) -> None:
    bench.space["STS"] = 0x8280
    bench.select(0x04)
    bench.ports.write(6, 2, 0x0200)
    assert bench.ports.read(6, 2) == 0x8280
    bench.ports.write(6, 2, 0x8000)
    assert bench.ports.read(6, 2) == 0x0280


def test_base_address_register_tells_its_size(bench: Bench) -> None:
    bench.select(0x10)
    bench.ports.write(4, 4, ONES)
    assert bench.ports.read(4, 4) == 0xFFFFFFC1
    bench.changes.clear()
    for n in range(4):
        bench.ports.write(4 + n, 1, 0x20)
    assert bench.ports.read(4, 4) == 0x20202001
    assert bench.changes[0] == ("BAR", 0xFFFFFFC1)


@pytest.mark.parametrize(
    "place", [{"device": 4}, {"function": 0}, {"bus": 1}], ids=str
)
def test_nobody_answers_for_what_is_not_there(bench: Bench, place: dict[str, int]) -> None:
    bench.select(0x00, **place)
    assert bench.ports.read(4, 4) == ONES
    assert bench.ports.read(5, 1) == 0xFF
    bench.ports.write(4, 4, 0)
    bench.select(0x00)
    assert bench.ports.read(4, 4) == 0x56781234


def test_without_the_enable_bit_confdata_is_nobodys(bench: Bench) -> None:
    bench.ports.write(0, 4, 3 << 11 | 1 << 8)
    assert bench.ports.read(4, 4) == ONES
    assert bench.ports.read(0, 4) == 3 << 11 | 1 << 8


def test_confadd_is_a_double_word_and_its_reserved_bits_are_zero(bench: Bench) -> None:
    bench.ports.write(0, 4, ONES)
    assert bench.ports.read(0, 4) == 0x80FFFFFC
    bench.ports.write(3, 1, 0x01)  # as Linux probes for mechanism #1
    bench.ports.write(1, 1, 0x06)
    bench.ports.write(0, 2, 0x2211)
    assert bench.beneath.written == [(3, 1), (1, 6), (0, 0x11), (1, 0x22)]
    assert bench.ports.read(0, 4) == 0x80FFFFFC
    assert bench.ports.read(1, 1) == 0xC1
    assert bench.ports.read(2, 2) == 0xC3C2


def test_registers_behind_the_header_that_nobody_declared_are_reported(bench: Bench) -> None:
    heard: list[str] = []
    bench.ports.unknown.sink = heard.append
    bench.select(0x3C)
    assert bench.ports.read(4, 4) == 0
    assert heard == []
    bench.select(0x40)
    assert bench.ports.read(4, 2) == 0x0055
    bench.ports.write(5, 1, 0x77)
    assert len(heard) == 2
    assert "card" in heard[1] and "0x41" in heard[1]


def test_reset_and_resume_tell_of_every_register(bench: Bench) -> None:
    bench.space.write(0x40, 1, 0)
    bench.changes.clear()
    bench.space.reset()
    assert ("OWN", 0x55) in bench.changes
    bench.space.state.space[0x40] = 0x5A
    bench.changes.clear()
    bench.space.resume()
    assert ("OWN", 0x5A) in bench.changes


def test_a_slot_is_taken_once(bench: Bench) -> None:
    with pytest.raises(ValueError, match=r"3\.1"):
        bench.bus.place(3, 1, bench.space)
    with pytest.raises(ValueError, match="32"):
        bench.bus.place(32, 0, bench.space)
