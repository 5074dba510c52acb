# SPDX-License-Identifier: GPL-2.0-or-later
"""What x86 blocks make of the arithmetic flags, and of stores into themselves, is what their
instructions do alone."""

from __future__ import annotations

from vmm.cpu.selftest.scratch import CODE, DATA, DEVICE, expect, x86

ARITHMETIC = 0x8D5  # OF, SF, ZF, AF, PF, CF
ADD = b"\x01\xc8"  # add eax, ecx
PUSHF = b"\x9c\x90"  # and what its block goes on with

# Registers, instructions, flags that they leave
FLAGS: tuple[tuple[dict[str, int], bytes, int], ...] = (
    # OF, SF and AF of the addition; CF of the bit test
    ({"eax": 0x7FFFFFFF, "ecx": 1, "edx": 1}, ADD + b"\x0f\xa3\xc2", 0x895),  # bt edx, eax
    ({"eax": 0x7FFFFFFF, "ecx": 1, "edx": 0}, ADD + b"\x0f\xba\xe2\x00", 0x894),  # bt edx, 0
    # a device is reached in the middle of a block, which then starts over there
    ({"eax": 0x7FFFFFFF, "ecx": 1, "edi": DEVICE}, ADD + b"\x0f\x9e\x07", 0x894),  # setle [edi]
    # LOOPNE that ends because ECX is 0: those of the subtraction before
    ({"eax": 0x80000000, "ecx": 1}, b"\x29\xc8\xe0\x00", 0x814),  # sub eax, ecx; loopne
    # CMPXCHG8B of 8 bytes that are not EDX:EAX: ZF alone
    ({"eax": 0x7FFFFFFF, "ecx": 1, "edi": DATA}, ADD + b"\x0f\xc7\x0f", 0x894),
)


def x86_blocks_are_their_instructions() -> str:
    """Bit tests, accesses that begin anew, LOOPNE, CMPXCHG8B; RCL and ADD of their own block."""
    for values, code, flags in FLAGS:
        scratch = x86()
        for name, value in values.items():
            scratch.processor.registers[name] = value
        scratch.put(CODE, code + PUSHF)
        scratch.run(3)
        esp = scratch.processor.registers["esp"]
        expect(f"flags behind {code.hex()}", scratch.word(esp) & ARITHMETIC, flags)
    scratch = x86()
    registers = scratch.processor.registers
    registers["edi"] = CODE + 6
    scratch.put(CODE, b"\xf8\xc0\x17\x01\x90\xb8\x80\x00\x00\x00" + PUSHF)
    scratch.run(5)  # clc; rcl byte [edi], 1; nop; mov eax, 0x80
    expect("the operand that RCL rotated", registers["eax"], 0)
    expect("CF behind RCL", scratch.word(registers["esp"]) & 1, 1)
    scratch = x86()
    scratch.processor.registers["edi"] = CODE + 7
    scratch.processor.set_pc(CODE + 8)
    scratch.put(CODE, b"\x90" * 7 + b"\x80" + b"\x90" * 3 + b"\x81\x07\x80\x00\x00\x00\x90")
    scratch.run(5)  # add dword [edi], 0x80: the first byte is not of the block, the others are
    expect("what ADD has added to", int.from_bytes(scratch.memory[CODE + 7 : CODE + 11], "little"),
           0x90909100)
    scratch = x86()
    scratch.processor.registers["edi"] = CODE - 1
    scratch.put(CODE - 1, b"\x80\xb8\x00\x00\x00\x00" + b"\x81\x07\x80\x00\x00\x00" + b"\x90" * 4)
    scratch.run(5)  # mov eax, 0; add dword [edi], 0x80: all but the first byte are of the block
    expect("what ADD has added to across pages",
           int.from_bytes(scratch.memory[CODE - 1 : CODE + 3], "little"), 0xB900)
    return "arithmetic flags and stores into the running block"
