# SPDX-License-Identifier: GPL-2.0-or-later
"""Data breakpoints are met by the bytes that an access is of, aligned or not (Intel SDM volume 3B,
17.2.5), whether translated code makes it or a trap's delivery, native or in Python."""

from __future__ import annotations

from itertools import product

import pytest

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, DATA, HANDLER, Scratch
from vmm.native import library as native

WATCHED = DATA + 16
LENGTHS = {1: 0, 2: 1, 4: 3}  # LEN of DR7
KINDS = {"store": 1, "load store": 3}  # R/W of DR7
CODES = {
    ("load", 2): b"\x66\x8b\x07", ("load", 4): b"\x8b\x07", ("load", 8): b"\xdd\x07",  # fld qword
    ("store", 2): b"\x66\x89\x07", ("store", 4): b"\x89\x07", ("store", 8): b"\x0f\x7f\x07",  # movq
}


def machine(length: int, kind: str) -> Scratch:
    made = scratch.x86()
    registers = made.processor.registers
    registers["dr0"] = WATCHED
    registers["dr7"] = 0x401 | KINDS[kind] << 16 | LENGTHS[length] << 18
    return made


@pytest.mark.parametrize(("length", "kind"), list(product(LENGTHS, KINDS)))
def test_accesses_of_translated_code(length: int, kind: str) -> None:
    made = machine(length, kind)
    registers = made.processor.registers
    for (access, size), code in CODES.items():
        made.put(CODE, code + b"\x90" * 8)
        made.engine.forget_code(CODE, 16)
        for address in range(WATCHED - 9, WATCHED + 6):
            registers["edi"], registers["esp"] = address, 0xF000
            registers["dr6"] = 0
            made.processor.set_pc(CODE)
            made.run(2)
            touched = address < WATCHED + length and address + size > WATCHED
            expected = touched and access in kind
            what = f"{access} of {size} bytes at {address - WATCHED:+}"
            assert (registers["eip"] == HANDLER) is expected, what
            assert registers["dr6"] & 1 == expected, what
            if expected:
                assert made.word(registers["esp"]) == CODE + len(code), what


@pytest.mark.parametrize("delivery", ["native", "python"])
@pytest.mark.parametrize("length", LENGTHS)
def test_frames_of_traps(length: int, delivery: str) -> None:
    made = machine(length, "store")
    if delivery == "python":
        made.engine.intercept(range(native.TRAP_KINDS))
        made.engine.handlers.trap = lambda kind: made.processor.deliver(kind) or native.HANDLED
    registers = made.processor.registers
    met = []
    for top in range(WATCHED - 6, WATCHED + 20):  # INT 0x40 pushes 12 bytes below
        registers["esp"], registers["dr6"] = top, 0
        made.put(CODE, b"\xcd\x40")
        made.processor.set_pc(CODE)
        made.run(2)
        if registers["dr6"] & 1:
            met.append(top - WATCHED)
    assert met == list(range(1, 12 + length))
