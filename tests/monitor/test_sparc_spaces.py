# SPDX-License-Identifier: GPL-2.0-or-later
"""Every alternate space of a LEON3, by every instruction that names one, bare and virtualized."""

from __future__ import annotations

from itertools import product
from struct import pack
from typing import Any

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.monitor import virtualize

INSTRUCTIONS = {
    "lda": 0x10, "lduba": 0x11, "lduha": 0x12, "ldda": 0x13, "sta": 0x14, "stba": 0x15,
    "stha": 0x16, "stda": 0x17, "ldsba": 0x19, "ldstuba": 0x1D, "swapa": 0x1F, "casa": 0x3C,
}
DATA, CODE, VECTORS = 0x40008000, 0x40010000, 0x40020000
PLACES = {  # as an address of memory, and as the number of a register where the space has these
    "memory, MMU control": DATA, "memory, fault status": DATA | 0x300,
    "nobody": 0x70000000, "a device": 0x80000200,
    "unaligned": DATA | 3,
}
SEEN = ("pc", "npc", "psr", "tbr", "l1", "l2", "o0", "o1", "g2", "g3", "mmu.control", "mmu.ctxtbl",
        "mmu.context", "mmu.fsr", "mmu.far")


def leon3() -> Machine:
    return create(Options(board="leon3", bare=True))


def do(machine: Machine, instruction: str, asi: int, address: int, index: int) -> tuple[Any, ...]:
    """Run one instruction from a known state; everything it did, or the trap it took."""
    word = 3 << 30 | 2 << 25 | INSTRUCTIONS[instruction] << 19 | 8 << 14 | asi << 5
    if instruction == "casa":
        word |= 9
    at = CODE + 16 * index
    machine.bus.write_memory(at, pack(">2I", word, 0x01000000))
    for near in (DATA, DATA | 0x300):
        machine.bus.write_memory(near, bytes(range(1, 17)))
    registers = machine.processor.registers
    start = {
        "psr": 0xE0, "tbr": VECTORS, "wim": 0, "o0": address, "o1": 0x01020304, "g2": 0xA5A5A5A5,
        "g3": 0x5A5A5A5A, "mmu.control": 0, "mmu.context": 0, "mmu.ctxtbl": 0, "mmu.fsr": 0,
        "mmu.far": 0,
    }
    for name, value in start.items():
        registers[name] = value
    machine.processor.set_pc(at)
    outcome = machine.run(until=machine.engine.count + 1)
    return outcome, [registers[name] for name in SEEN], machine.bus.read_memory(DATA, 0x400)


@pytest.mark.parametrize("place", PLACES)
def test_a_space_answers_as_on_the_bare_machine(place: str) -> None:
    bare, emulated, translated = leon3(), leon3(), leon3()
    virtualize(emulated, "trap_and_emulate")
    virtualize(translated, "translate")
    for index, (instruction, asi) in enumerate(product(INSTRUCTIONS, range(256))):
        expected = do(bare, instruction, asi, PLACES[place], index)
        for guest in (emulated, translated):
            found = do(guest, instruction, asi, PLACES[place], index)
            assert found == expected, f"{instruction} {asi:#x}"
