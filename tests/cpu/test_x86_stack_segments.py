# SPDX-License-Identifier: GPL-2.0-or-later
"""Bit 21 of a data segment's descriptor is reserved, and ignored by the processor (Intel SDM
volume 3A, 3.4.5): a trap uses a stack segment that has it as any other."""

from __future__ import annotations

import struct

import pytest

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, HANDLER, Scratch
from vmm.cpu.x86.registers import Segment
from vmm.native import library as native

LONG, BIG = 1 << 21, 1 << 22
GDT, TSS = 0x100, 0x300
STACK = 0x18  # selector of the stack segment
INT = b"\xcd\x40"


def machine(high: int, delivery: str = "native", base: int = 0x2000) -> Scratch:
    """With a stack segment from ``base`` on whose descriptor's second word is ``high``."""
    made = scratch.x86()
    made.put(GDT + STACK, [base << 16 & 0xFFFFFFFF | 0xFFFF,
                           high | base & 0xFF000000 | base >> 16 & 0xFF])
    made.put(GDT + 0x20, [0x0000FFFF, 0x00CFFB00, 0x0000FFFF, 0x00CFF300])  # of level 3
    made.processor.registers["gdtr.limit"] = 0xFFFF
    if delivery == "python":
        made.engine.intercept(range(native.TRAP_KINDS))
        made.engine.handlers.trap = lambda kind: made.processor.deliver(kind) or native.HANDLED
    return made


def has_inner_stack(made: Scratch, esp: int) -> None:
    """The stack segment is that of level 0, in a task segment behind the GDT."""
    made.put(TSS + 4, [esp, STACK])
    made.processor.load_segment("tr", Segment(0x28, TSS, 0x67, 0x8900))


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
@pytest.mark.parametrize("esp", [0x800, 0x203000])
def test_a_trap_that_changes_stacks(esp: int, delivery: str) -> None:
    # The second ESP would be a descriptor's word, and is within the limit of the GDT.
    made = machine(0x809300 | LONG | BIG, delivery, 0x3000 - esp & 0xFFFFFFFF)
    has_inner_stack(made, esp)
    made.processor.load_segment("cs", Segment(0x23, 0, 0xFFFFFFFF, 0xCFFB00))
    made.processor.load_segment("ss", Segment(0x2B, 0, 0xFFFFFFFF, 0xCFF300))
    made.processor.set_cpl(3)
    made.put(0x800 + 8 * 0x40, struct.pack("<HHHH", HANDLER, 8, 0xEE00, 0))
    made.put(CODE, INT)
    made.run(1)
    registers = made.processor.registers
    assert (registers["eip"], registers["ss"], registers["esp"]) == (HANDLER, STACK, esp - 20)
    eip, cs, _, old_esp, ss = struct.unpack_from("<5I", made.memory, 0x3000 - 20)
    assert (eip, cs, old_esp, ss) == (CODE + 2, 0x23, 0xF000, 0x2B)
