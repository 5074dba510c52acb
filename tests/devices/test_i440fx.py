# SPDX-License-Identifier: GPL-2.0-or-later
"""The 440FX host bridge: which areas of memory PAM and SMRAM switch."""

from __future__ import annotations

from vmm.devices.i440fx import HostBridge

PAM0, PAM1, PAM6, SMRAM = 0x59, 0x5A, 0x5F, 0x72


class Bench:
    def __init__(self) -> None:
        self.areas: dict[int, tuple[int, bool, bool]] = {}
        self.bridge = HostBridge(self.switch)
        self.config = self.bridge.config

    def switch(self, base: int, size: int, readable: bool, writable: bool) -> None:
        self.areas[base] = (size, readable, writable)


def test_identity() -> None:
    config = Bench().config
    assert config.read(0, 4) == 0x12378086
    assert config.read(8, 4) == 0x06000002
    assert config.read(0x2C, 4) == 0x11001AF4


def test_pam0_is_the_system_bios_area() -> None:
    bench = Bench()
    bench.config.write(PAM0, 1, 0xFF)
    assert bench.areas == {0xF0000: (0x10000, True, True)}
    assert bench.config.read(PAM0, 1) == 0x30
    bench.config.write(PAM0, 1, 0x10)
    assert bench.areas == {0xF0000: (0x10000, True, False)}


def test_each_half_of_pam1_to_pam6_is_16_kib() -> None:
    bench = Bench()
    bench.config.write(PAM1, 1, 0x21)
    assert bench.areas == {0xC0000: (0x4000, True, False), 0xC4000: (0x4000, False, True)}
    bench.areas.clear()
    bench.config.write(PAM6, 1, 0x30)
    assert bench.areas == {0xE8000: (0x4000, False, False), 0xEC000: (0x4000, True, True)}
    bench.areas.clear()
    bench.config.write(0x5C, 4, 0x33333333)
    assert sorted(bench.areas) == list(range(0xD0000, 0xF0000, 0x4000))


def test_reset_switches_all_ram_out() -> None:
    bench = Bench()
    bench.config.write(PAM0, 1, 0x30)
    bench.config.reset()
    assert len(bench.areas) == 14
    assert not any(readable or writable for _, readable, writable in bench.areas.values())


def test_smram_opens_only_if_enabled_and_its_base_is_fixed() -> None:
    bench = Bench()
    assert bench.config.read(SMRAM, 1) == 0x02
    bench.config.write(SMRAM, 1, 0x40)
    assert bench.areas[0xA0000] == (0x20000, False, False)
    bench.config.write(SMRAM, 1, 0x4F)
    assert bench.areas[0xA0000] == (0x20000, True, True)
    assert bench.config.read(SMRAM, 1) == 0x4A


def test_locked_smram_stays_closed_until_reset() -> None:
    bench = Bench()
    bench.config.write(SMRAM, 1, 0x48)
    bench.config.write(SMRAM, 1, 0x58)  # open and lock: the lock closes it
    assert bench.areas[0xA0000] == (0x20000, False, False)
    assert bench.config.read(SMRAM, 1) == 0x1A
    bench.config.write(SMRAM, 1, 0x68)
    assert bench.config.read(SMRAM, 1) == 0x3A  # D_CLS alone can still be written
    assert bench.areas[0xA0000] == (0x20000, False, False)
    bench.config.reset()
    bench.config.write(SMRAM, 1, 0x48)
    assert bench.areas[0xA0000] == (0x20000, True, True)
