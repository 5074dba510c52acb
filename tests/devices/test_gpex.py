# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration accesses through memory: which function, which register, and what nobody claims."""

from __future__ import annotations

from vmm.devices.gpex import Ecam
from vmm.devices.pci import ConfigRegister, ConfigSpace, PciBus, identity

FUNCTION = 3 << 15 | 1 << 12  # device 3, function 1


def host() -> tuple[Ecam, ConfigSpace]:
    bus = PciBus()
    ecam = Ecam(bus, 16)
    space = ConfigSpace("some", (
        *identity(0x1234, 0x5678, 9, 0x020000),
        ConfigRegister(0x40, "SCRATCH", 4, 0x11223344, writable=0xFFFFFF00),
    ))
    bus.place(3, 1, space)
    return ecam, space


def test_the_host_bridge_is_what_linux_finds_first() -> None:
    ecam, _ = host()
    assert ecam.size == 16 << 20
    assert ecam.read(0, 4) == 0x0008_1B36
    assert ecam.read(0x08, 4) >> 8 == 0x060000  # class code: host bridge


def test_device_function_and_register_are_in_the_address() -> None:
    ecam, space = host()
    assert ecam.read(FUNCTION, 2) == 0x1234
    assert ecam.read(FUNCTION | 2, 2) == 0x5678
    assert ecam.read(FUNCTION | 0x41, 1) == 0x33
    ecam.write(FUNCTION | 0x40, 4, 0xAABBCCDD)
    assert space["SCRATCH"] == 0xAABBCC44
    ecam.write(FUNCTION | 0x42, 1, 0x55)
    assert space["SCRATCH"] == 0xAA55CC44
    assert ecam.read(FUNCTION | 0x40, 8) == 0xAA55CC44
    ecam.reset()
    assert space["SCRATCH"] == 0x11223344


def test_nobody_gives_all_ones_and_takes_nothing() -> None:
    ecam, space = host()
    for offset in (4 << 15, FUNCTION + (1 << 12), 1 << 20 | FUNCTION):
        assert ecam.read(offset, 4) == 0xFFFFFFFF
        assert ecam.read(offset + 2, 2) == 0xFFFF
        ecam.write(offset, 4, 0)
    # Conventional functions have nothing in the extended space.
    assert ecam.read(FUNCTION | 0x100, 4) == 0
    ecam.write(FUNCTION | 0x140, 4, 0)
    assert space["SCRATCH"] == 0x11223344
