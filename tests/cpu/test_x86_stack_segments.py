# SPDX-License-Identifier: GPL-2.0-or-later
"""Bit 21 of a data segment's descriptor is reserved, and ignored by the processor (Intel SDM
volume 3A, 3.4.5): a stack segment that has it is one as any other."""

from __future__ import annotations

import struct

import pytest

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, HANDLER, Scratch
from vmm.cpu.x86.registers import Segment
from vmm.native import library as native

LONG, BIG, ACCESSED = 1 << 21, 1 << 22, 1 << 8
GDT, TSS = 0x100, 0x300
STACK = 0x18  # selector of the stack segment
INT = b"\xcd\x40"


def machine(high: int, delivery: str) -> Scratch:
    """With a stack segment from 0x2000 on whose descriptor's second word is ``high``."""
    made = scratch.x86()
    made.put(GDT + STACK, [0x2000FFFF, high])
    made.put(GDT + 0x20, [0x0000FFFF, 0x00CFFB00, 0x0000FFFF, 0x00CFF300])  # of level 3
    made.processor.registers["gdtr.limit"] = 0x2F
    if delivery == "python":
        made.engine.intercept(range(native.TRAP_KINDS))
        made.engine.handlers.trap = lambda kind: made.processor.deliver(kind) or native.HANDLED
    return made


@pytest.mark.parametrize("delivery", ["native", "python"])
@pytest.mark.parametrize(("big", "esp"), [(BIG, 0x800), (0, 0x10800)])
def test_a_trap_of_the_same_level(big: int, esp: int, delivery: str) -> None:
    made = machine(0x009200 | LONG | big, delivery)
    registers = made.processor.registers
    registers["eax"], registers["esp"] = STACK, esp
    made.put(CODE, b"\x8e\xd0" + INT)  # mov ss, ax; int 0x40
    made.run(2)
    assert made.processor.pc == HANDLER
    assert registers["esp"] == esp - 12
    assert struct.unpack_from("<II", made.memory, 0x27F4) == (CODE + 4, 8)


@pytest.mark.parametrize("delivery", ["native", "python"])
def test_a_trap_that_changes_stacks(delivery: str) -> None:
    made = machine(0x009300 | LONG | BIG, delivery)
    made.put(TSS + 4, [0x800, STACK])
    made.processor.load_segment("tr", Segment(0x28, TSS, 0x67, 0x8900))
    made.processor.load_segment("cs", Segment(0x23, 0, 0xFFFFFFFF, 0xCFFB00))
    made.processor.load_segment("ss", Segment(0x2B, 0, 0xFFFFFFFF, 0xCFF300))
    made.processor.set_cpl(3)
    made.put(0x800 + 8 * 0x40, struct.pack("<HHHH", HANDLER, 8, 0xEE00, 0))
    made.processor.registers["esp"] = 0xF000
    made.put(CODE, INT)
    made.run(1)
    registers = made.processor.registers
    assert (registers["eip"], registers["ss"], registers["esp"]) == (HANDLER, STACK, 0x800 - 20)
    eip, cs, _, esp, ss = struct.unpack_from("<5I", made.memory, 0x2000 + 0x800 - 20)
    assert (eip, cs, esp, ss) == (CODE + 2, 0x23, 0xF000, 0x2B)


def test_memory_and_lar_have_the_bit() -> None:
    made = machine(0x009200 | LONG | BIG, "native")
    made.processor.registers["eax"] = STACK
    made.put(CODE, b"\x8e\xd0\x0f\x02\xd8")  # mov ss, ax; lar ebx, eax
    made.run(2)
    assert made.word(GDT + STACK + 4) == 0x009300 | LONG | BIG
    assert made.processor.registers["ebx"] == 0x009300 | LONG | BIG
    assert made.processor.registers["ss.flags"] == 0x009300 | BIG
