# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses of 32 bits that come out of the translator's 64-bit values (fast_access.c)."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine


@pytest.fixture
def board(tmp_path: Path):
    firmware = tmp_path / "nothing.bin"
    firmware.write_bytes(bytes(16))

    def build(name: str) -> Machine:
        return create(Options(name, ram=4 << 20, bios=firmware))

    return build


def test_a_negative_product_is_an_address_on_arm(board) -> None:
    """SMULWB's product of 48 bits, shifted, is negative; its lower half is an address."""
    machine = board("virt")
    code, data, table, address = 0x40000000, 0x40101000, 0x40004000, 0xC0001000
    words = (0xEE020F10,  # mcr p15, 0, r0, c2, c0, 0 (TTBR0)
             0xEE033F10,  # mcr p15, 0, r3, c3, c0, 0 (DACR)
             0xEE014F10,  # mcr p15, 0, r4, c1, c0, 0 (SCTLR)
             0xE12002A1,  # again: smulwb r0, r1, r2
             0xE5903000,  # ldr r3, [r0]
             0xE5805004,  # str r5, [r0, #4]
             0xE5D04008,  # ldrb r4, [r0, #8]
             0xEAFFFFFA)  # b again
    machine.bus.write_memory(code, b"".join(word.to_bytes(4, "little") for word in words))
    for section, frame in ((0x400, 0x400), (0xC00, 0x401)):  # a megabyte each, for everybody
        machine.bus.write_memory(table + 4 * section, (frame << 20 | 0xC02).to_bytes(4, "little"))
    machine.bus.write_memory(data, b"abcd....e")
    registers = machine.processor.registers
    registers["r0"], registers["r3"], registers["r4"] = table, 3, registers["sctlr"] | 1
    registers["r1"], registers["r2"] = 0x7FFFE000, 0x8000  # 7FFFE000h * -8000h
    registers["r5"] = 0x31323334
    machine.processor.set_pc(code)
    machine.run(until=machine.engine.count + 3 + 5 * 4)
    assert registers["r0"] == address
    assert registers["r3"] == int.from_bytes(b"abcd", "little")
    assert registers["r4"] == ord("e")
    assert machine.bus.read_memory(data + 4, 4) == b"4321"


def test_half_of_a_doubleword_is_an_address_on_sparc(board) -> None:
    machine = board("leon3")
    code, data = 0x40000000, 0x40001000
    words = (0xE01A2000,  # ldd [%o0], %l0
             0xE4046000,  # ld [%l1], %l2
             0xD2246004,  # st %o1, [%l1 + 4]
             0xE60C6008,  # ldub [%l1 + 8], %l3
             0x10800000, 0x01000000)  # ba .; nop
    machine.bus.write_memory(code, b"".join(word.to_bytes(4, "big") for word in words))
    machine.bus.write_memory(data, b"\xff" * 4 + (data + 0x100).to_bytes(4, "big"))
    machine.bus.write_memory(data + 0x100, b"abcd....e")
    registers = machine.processor.registers
    for _ in range(2):
        registers["o0"], registers["o1"] = data, 0x31323334
        machine.processor.set_pc(code)
        machine.run(until=machine.engine.count + 6)
        assert registers["l0"] == 0xFFFFFFFF
        assert registers["l1"] == data + 0x100
        assert registers["l2"] == int.from_bytes(b"abcd", "big")
        assert registers["l3"] == ord("e")
        assert machine.bus.read_memory(data + 0x104, 4) == b"1234"
