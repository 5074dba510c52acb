# SPDX-License-Identifier: GPL-2.0-or-later
"""What a supervisor may do with user pages (CR4.SMEP, CR4.SMAP, EFLAGS.AC; Intel SDM volume 3A,
4.6 and 4.7): the readable walk says what the engine does."""

from __future__ import annotations

from itertools import product

import pytest

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, HANDLER, Scratch
from vmm.cpu.walk import Access, AccessKind, Walk
from vmm.cpu.x86 import walk as x86_walk

PSE, PAE, SMEP, SMAP = 0x10, 0x20, 1 << 20, 1 << 21
AC, HFLAGS, HFLAGS_SMAP = 1 << 18, 176, 1 << 23
PAGES = {  # linear addresses: of supervisor and user pages, writable or not
    "supervisor": 0x400000, "user": 0x800000, "read-only": 0xC00000,
}
FLAGS = {"supervisor": 0x83, "user": 0x87, "read-only": 0x85}
CODES: dict[AccessKind, bytes] = {"load": b"\xa1", "store": b"\xa3", "execute": b"\xe9"}
TARGET = 0x6000  # in each of them: jmp .


def machine(cr4: int, ac: bool) -> Scratch:
    """The same memory at each address, in pages of 4 MiB (PAE: 2 MiB)."""
    made = scratch.x86()
    registers = made.processor.registers
    for page in (0, *PAGES.values()):
        flags = next((FLAGS[name] for name, at in PAGES.items() if at == page), 0x83)
        if cr4 & PAE:
            made.put(0x3000 + 8 * (page >> 21), [flags, 0])
        else:
            made.put(0x2000 + 4 * (page >> 22), [flags])
    if cr4 & PAE:
        made.put(0x2000, [0x3001, 0])
    made.put(TARGET, b"\xeb\xfe")
    registers["cr4"], registers["cr3"], registers["cr0"] = cr4, 0x2000, 0x80010011
    registers["eflags"] = 2 | (AC if ac else 0)
    if cr4 & SMAP:
        made.engine.words(HFLAGS, 1)[0] |= HFLAGS_SMAP  # as CR4 would on a processor that has it
    return made


def walked(made: Scratch, address: int, kind: AccessKind) -> Walk:
    def read(at: int, size: int) -> int:
        return int.from_bytes(made.memory[at : at + size], "little")

    registers = made.processor.registers.snapshot()
    return x86_walk.walk(read, registers, address, Access(kind),
                         alignment_check=bool(registers["eflags"] & AC))


@pytest.mark.parametrize("paging", [PSE, PAE])
@pytest.mark.parametrize("ac", [False, True])
def test_the_walk_says_what_the_engine_does(paging: int, ac: bool) -> None:
    faults = 0
    for protection, page, kind in product((0, SMEP, SMAP, SMEP | SMAP), PAGES, CODES):
        made = machine(paging | protection, ac)
        address = PAGES[page] + TARGET
        operand = address - (CODE + 5) if kind == "execute" else address
        made.put(CODE, CODES[kind] + (operand & 0xFFFFFFFF).to_bytes(4, "little"))
        expected = walked(made, address, kind)
        made.run(2)
        registers = made.processor.registers
        what = f"{kind} of a {page} page, CR4 {paging | protection:#x}"
        if expected.physical is None:
            faults += 1
            assert registers["eip"] == HANDLER, what
            assert made.word(registers["esp"]) == expected.status, what
            assert registers["cr2"] == address, what
        else:
            assert registers["eip"] != HANDLER, what
        letter = {"load": "r", "store": "w", "execute": "x"}[kind]
        assert (letter in expected.rights.partition("/")[0]) == (expected.physical is not None)
    # Read-only stores, 4; fetches with SMEP of two pages, twice; data with SMAP but for AC
    assert faults == 4 + 4 + (0 if ac else 2 + 2 + 2)


def test_no_model_here_has_smap() -> None:
    made = scratch.x86()
    made.put(CODE, b"\xb8\x10\x00\x30\x00\x0f\x22\xe0\x90")  # mov eax, SMAP|SMEP|PSE; mov cr4, eax
    made.run(2)
    assert not made.processor.registers["cr4"] & SMAP
