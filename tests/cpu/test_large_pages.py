# SPDX-License-Identifier: GPL-2.0-or-later
"""Translations of large pages: flushed by any of their addresses, and not by others'."""

from __future__ import annotations

import pytest

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, Scratch

OLD, NEW = 0x1111, 0x2222  # in frames 8 and 10
MANY = (0, 5, 12)  # large pages that are in use besides: more than are noted one by one


def put(address: int) -> bytes:
    return address.to_bytes(4, "little")


def x86() -> Scratch:
    """4 MiB pages of the same memory, but from 0x400000 on a table that names frame 10."""
    machine = scratch.x86()
    for index in range(16):
        machine.put(0x2000 + 4 * index, [0x83])
    machine.put(0x3020, [0xA003])
    machine.put(0x8000, [OLD])
    machine.put(0xA000, [NEW])
    registers = machine.processor.registers
    registers["cr4"], registers["cr3"], registers["cr0"] = 0x10, 0x2000, 0x80010011
    return machine


def arm() -> Scratch:
    """Sections of the same memory, and a table that names frame 10."""
    machine = scratch.arm()
    for index in range(16):
        machine.put(0x4000 + 4 * index, [0xC02])
    machine.put(0x9020, [0xA032])
    machine.put(0x8000, [OLD])
    machine.put(0xA000, [NEW])
    registers = machine.processor.registers
    registers["ttbr0"], registers["dacr"] = 0x4000, 1
    registers["sctlr"] |= 1
    return machine


@pytest.mark.parametrize("others", MANY)
def test_invlpg_of_any_address_forgets_a_page_of_4_mib(others: int) -> None:
    machine = x86()
    code = b"\xa1" + put(0x408000)  # mov 0x408000, %eax
    for index in range(2, 2 + others):
        code += b"\x8b\x0d" + put(index << 22)  # mov ..., %ecx
    code += b"\xc7\x05" + put(0x2004) + put(0x3003)  # movl $0x3003, 0x2004
    code += b"\x0f\x01\x3d" + put(0x40B000)  # invlpg 0x40b000
    code += b"\x8b\x1d" + put(0x408000) + b"\xeb\xfe"  # mov 0x408000, %ebx; jmp .
    machine.put(CODE, code)
    machine.run(5 + others)
    registers = machine.processor.registers
    assert (registers["eax"], registers["ebx"]) == (OLD, NEW)


@pytest.mark.parametrize("others", MANY)
def test_tlbimva_of_any_address_forgets_a_section(others: int) -> None:
    machine = arm()
    machine.put(CODE, [
        0xE5904000,  # ldr r4, [r0]
        *[0xE5976000, 0xE2877601] * others,  # ldr r6, [r7]; add r7, r7, #0x100000
        0xE5821000,  # str r1, [r2]
        0xEE083F37,  # mcr p15, 0, r3, c8, c7, 1 (TLBIMVA)
        0xE5905000,  # ldr r5, [r0]
        0xEAFFFFFE,
    ])
    registers = machine.processor.registers
    registers["r0"], registers["r1"], registers["r2"] = 0x108000, 0x9001, 0x4004
    registers["r3"], registers["r7"] = 0x10B000, 0x200000
    machine.run(5 + 2 * others)
    assert (registers["r4"], registers["r5"]) == (OLD, NEW)


def test_a_page_between_large_ones_is_forgotten_alone() -> None:
    machine = x86()
    machine.put(0x2008, [0x3003])
    load = b"\xa1" + put(0x808000) + b"\x8b\x1d" + put(0xC08000)  # mov ..., %eax; ..., %ebx
    machine.put(CODE, load + b"\x0f\x01\x3d" + put(0x808000) + load + b"\xeb\xfe")  # invlpg
    machine.run(3)
    before = machine.engine.native.fills
    machine.run(3)
    registers = machine.processor.registers
    assert (registers["eax"], registers["ebx"]) == (NEW, OLD)
    assert machine.engine.native.fills == before + 1
