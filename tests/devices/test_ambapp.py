# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from vmm.devices import ambapp
from vmm.devices.ambapp import APB_IO, Bar, Core, ahb_area, apb_area, lanes


def test_apb_entries_are_the_words_that_qemu_lists() -> None:
    area = apb_area(ambapp.LEON3_APB)
    words = [area.read(offset, 4) for offset in range(0, 24, 4)]
    assert words == [0x0100D040, 0x0020FFF1, 0x01011006, 0x0030FFF1, 0x0100C023, 0x0010FFF1]


def test_ahb_entries_are_the_words_that_qemu_lists() -> None:
    area = ahb_area(ambapp.LEON3_MASTERS, ambapp.LEON3_SLAVES)
    assert area.read(0x000, 4) == 0x01003000
    assert area.read(0x800, 4) == 0x01006000
    assert area.read(0x810, 4) == 0x8000FFF2
    assert [area.read(offset, 4) for offset in (0x804, 0x808, 0x80C, 0x814)] == [0] * 4


def test_memory_controller_is_listed_with_its_three_banks() -> None:
    area = ahb_area(ambapp.LEON3_MASTERS, ambapp.LEON3_SLAVES)
    assert area.read(0x820, 4) == 0x0400F000
    assert area.read(0x830, 4) == 0x0003E002
    assert area.read(0x834, 4) == 0x2000E002
    assert area.read(0x838, 4) == 0x4003C002


def test_a_scan_ends_at_a_zero_word_that_is_no_guest_mistake() -> None:
    area = apb_area(ambapp.LEON3_APB)
    assert area.read(8 * len(ambapp.LEON3_APB), 4) == 0
    assert not area.unknown.counts


def test_writes_change_nothing_and_are_counted() -> None:
    area = apb_area(ambapp.LEON3_APB)
    area.write(0, 4, 0xFFFFFFFF)
    assert area.read(0, 4) == 0x0100D040
    assert area.unknown.counts["write", 0] == 1


def test_narrow_loads_see_big_endian_lanes() -> None:
    area = apb_area(ambapp.LEON3_APB)
    assert [area.read(offset, 1) for offset in range(4)] == [0x01, 0x00, 0xD0, 0x40]
    assert area.read(2, 2) == 0xD040
    assert area.read(0, 8) == 0x0100D040_0020FFF1
    assert lanes(0x11223344, 1, 1) == 0x22


def test_system_word_and_user_words() -> None:
    area = ahb_area((Core(1, 2, user=(7, 8)),), (), system=0x12345678)
    assert (area.read(4, 4), area.read(8, 4)) == (7, 8)
    assert area.read(0xFF0, 4) == 0x12345678


def test_impossible_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="one bank"):
        apb_area((Core(1, 2),))
    with pytest.raises(ValueError, match="4 banks"):
        ahb_area((Core(1, 2, bars=(Bar(0, 0, APB_IO),) * 5),), ())
    with pytest.raises(ValueError, match="64 cores"):
        ahb_area((), (Core(1, 2),) * 64)
