# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from vmm.devices.leon_mctrl import MCFG1, MCFG2, MCFG3, MCFG4, LeonMctrl


def test_reset_values_are_the_declared_ones() -> None:
    mctrl = LeonMctrl()
    assert {r.offset: r.reset for r in mctrl.registers} == {
        offset: mctrl.read(offset, 4) for offset in (MCFG1, MCFG2, MCFG3, MCFG4)
    }


def test_fields_keep_what_is_written_and_reserved_bits_do_not() -> None:
    mctrl = LeonMctrl()
    mctrl.write(MCFG1, 4, 0x10F802FF)
    assert mctrl.read(MCFG1, 4) == 0x10F802FF
    for offset, fields in ((MCFG1, 0x7EFBCBFF), (MCFG3, 0x07FFF000), (MCFG4, 0)):
        mctrl.write(offset, 4, 0xFFFFFFFF)
        assert mctrl.read(offset, 4) == fields


def test_sdram_command_is_done_at_once() -> None:
    mctrl = LeonMctrl()
    mctrl.write(MCFG2, 4, 0xFC586000)
    assert mctrl.read(MCFG2, 4) == 0xFC406000


def test_reset_forgets() -> None:
    mctrl = LeonMctrl()
    mctrl.write(MCFG3, 4, 0x137000)
    mctrl.reset()
    assert mctrl.read(MCFG3, 4) == 0


def test_narrow_and_double_accesses() -> None:
    mctrl = LeonMctrl()
    assert mctrl.read(MCFG1 + 2, 2) == 0x02FF
    mctrl.write(MCFG1, 8, 0x10F802FF_00006000)
    assert mctrl.read(MCFG1, 8) == 0x10F802FF_00006000
    mctrl.write(MCFG1, 1, 0xFF)
    assert mctrl.read(MCFG1, 4) == 0x10F802FF
    assert mctrl.unknown.counts["write", MCFG1] == 1


def test_other_offsets_read_as_zero_and_are_counted() -> None:
    mctrl = LeonMctrl()
    assert mctrl.read(0x20, 4) == 0
    mctrl.write(0x20, 4, 1)
    assert mctrl.unknown.counts == {("read", 0x20): 1, ("write", 0x20): 1}
