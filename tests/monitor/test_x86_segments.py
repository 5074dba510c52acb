# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads of segment registers under translate: any selector, any descriptor, from any level."""

from __future__ import annotations

from random import Random

import pytest

from vmm.boards import Options, create
from vmm.cpu.x86.registers import Segment
from vmm.machine.machine import Machine
from vmm.monitor import virtualize

CODE, GDT, IDT, TSS, HANDLER, STACK = 0x20000, 0x10000, 0x11000, 0x12000, 0x13000, 0x14000
DESCRIPTORS, LOADS, SEEDS = 96, 150, 2
LOAD = {"ds": b"\x8e\xd8", "es": b"\x8e\xc0", "fs": b"\x8e\xe0", "gs": b"\x8e\xe8"}  # from %ax
SKIP = (b"\x83\xc4\x04"  # add $4, %esp: the error code
        b"\x83\x04\x24\x02"  # addl $2, (%esp)
        b"\xcf")  # iret


def descriptor(random: Random) -> bytes:
    """Mostly of data that has been accessed, at 0: those that are loaded without leaving."""
    kind = random.choice((0x93, 0x93, 0x91, 0x92, 0x90, 0x97, 0x9B, 0x99, 0x9F, 0x9D, 0x13, 0x82,
                          0x89))
    access = kind | random.choice((0, 0, 1, 2, 3)) << 5
    base = random.choice((0, 0, 0, 0x12345678))
    limit, flags = random.choice(((0xFFFFF, 0xC), (0xFFFFF, 0xC), (0x12345, 0x4), (0xFFFF, 0x8)))
    return bytes((limit & 0xFF, limit >> 8 & 0xFF, base & 0xFF, base >> 8 & 0xFF, base >> 16 & 0xFF,
                  access, flags << 4 | limit >> 16, base >> 24))


def prepared(seed: int, level: int) -> Machine:
    """Flat protected mode at a level; faults are skipped by a handler at level 0."""
    random = Random(seed)
    machine = create(Options("pc", bare=True))
    table = [bytes(8), *(descriptor(random) for _ in range(DESCRIPTORS - 1))]
    for at, access in ((1, 0x9B), (2, 0x93), (3, 0xFB), (4, 0xF3)):
        table[at] = b"\xff\xff\0\0\0" + bytes((access, 0xCF, 0))
    code = b""
    for _ in range(LOADS):
        # Also beyond the table's limit, and of the LDT, which there is none of
        selector = random.randrange(DESCRIPTORS + 4) << 3 | random.choice((0, 0, 3, 3, 1, 4))
        code += b"\xb8" + selector.to_bytes(4, "little") + random.choice(list(LOAD.values()))
    for at, data in ((GDT, b"".join(table)), (CODE, code + b"\xeb\xfe"), (HANDLER, SKIP),
                     (TSS + 4, STACK.to_bytes(4, "little") + b"\x10\0"),
                     (IDT, (HANDLER & 0xFFFF | 8 << 16 | (HANDLER & 0xFFFF0000) << 32
                            | 0x8E00 << 32).to_bytes(8, "little") * 32)):
        machine.load_bytes(at, data, "test")
    registers = machine.processor.registers
    registers["cr0"] = 0x11
    registers["gdtr.base"], registers["gdtr.limit"] = GDT, 8 * DESCRIPTORS - 1
    registers["idtr.base"], registers["idtr.limit"] = IDT, 0xFF
    registers["tr"], registers["tr.base"], registers["tr.limit"] = 0x28, TSS, 0x67
    registers["tr.flags"] = 0x8B00
    privilege = level << 13
    code_selector, data_selector = (0x1B, 0x23) if level else (0x08, 0x10)
    load = machine.processor.load_segment
    load("cs", Segment(code_selector, 0, 0xFFFFFFFF, 0xCF9B00 | privilege))
    for name in ("ss", *LOAD):
        load(name, Segment(data_selector, 0, 0xFFFFFFFF, 0xCF9300 | privilege))
    registers["esp"] = STACK - 0x100
    machine.processor.set_pc(CODE)
    return machine


@pytest.mark.parametrize("level", [0, 3])
def test_every_load_is_as_on_the_bare_machine(level: int) -> None:
    names = [f"{name}{part}" for name in ("cs", "ss", *LOAD)
             for part in ("", ".base", ".limit", ".flags")] + ["eip", "esp", "eflags"]
    refused = 0
    for seed in range(SEEDS):
        bare, guest = prepared(seed, level), prepared(seed, level)
        virtualize(guest, "translate")
        for _ in range(3 * LOADS):
            for machine in (bare, guest):
                machine.step(1)
            seen = [[machine.processor.registers[name] for name in names]
                    for machine in (bare, guest)]
            assert seen[0] == seen[1], dict(zip(names, zip(*seen, strict=True), strict=True))
            refused += seen[0][names.index("eip")] == HANDLER
        assert guest.engine.count == bare.engine.count
    assert 0 < refused < SEEDS * LOADS // 2
