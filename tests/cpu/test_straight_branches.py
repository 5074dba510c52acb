# SPDX-License-Identifier: GPL-2.0-or-later
"""A conditional branch that goes straight to the next block (straight.c) goes to what is there
also after that was written anew from outside of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.cpu.x86.registers import Segment
from vmm.machine.machine import Machine

PAGE, TAKEN = 0x1000, 0x100  # of RAM, with the code; from its begin, where the branch goes
ENOUGH = 20  # instructions: a block that is run in part is not what another goes on to


@dataclass(frozen=True)
class Code:
    """Compare two registers, branch if they are equal, add a number to a third, stay there."""

    board: str
    ram: int  # its address
    registers: tuple[str, str, str]
    branch: bytes
    add: Callable[[int], bytes]


CODES = {
    "sparc": Code("leon3", 0x40000000, ("g1", "g2", "g3"),
                  # cmp %g1, %g2; be; nop
                  bytes.fromhex("80a04002 0280003f 01000000"),
                  # add %g3, number, %g3; ba .; nop
                  lambda number: bytes((0x86, 0x00, 0xE0, number)) + bytes.fromhex(
                      "10800000 01000000")),
    "arm": Code("virt", 0x40000000, ("r1", "r2", "r3"),
                # cmp r1, r2; beq
                bytes.fromhex("020051e1 3d00000a"),
                # add r3, r3, #number; b .
                lambda number: bytes((number, 0x30, 0x83, 0xE2)) + bytes.fromhex("feffffea")),
    "x86": Code("pc", 0x100000, ("ecx", "edx", "ebx"),
                # cmp ecx, edx; je
                bytes.fromhex("39d1 0f84f8000000"),
                # add ebx, number; jmp $
                lambda number: bytes((0x83, 0xC3, number)) + bytes.fromhex("ebfe")),
}


def build(code: Code, folder: Path) -> Machine:
    firmware = folder / "nothing.bin"
    firmware.write_bytes(bytes(16))
    machine = create(Options(code.board, ram=4 << 20, bios=firmware))
    if code.board == "pc":
        machine.processor.registers["cr0"] = 0x60000011  # PE
        machine.processor.load_segment("ds", Segment(0x10, 0, 0xFFFFFFFF, 0xCF9300))
        machine.processor.load_segment("cs", Segment(8, 0, 0xFFFFFFFF, 0xCF9B00))
    return machine


@pytest.mark.parametrize("architecture", CODES)
def test_a_branch_goes_to_new_code(architecture: str, tmp_path: Path) -> None:
    code = CODES[architecture]
    machine = build(code, tmp_path)
    begin = code.ram + PAGE
    places = {False: begin + len(code.branch), True: begin + TAKEN}
    one, other, counted = code.registers
    registers = machine.processor.registers

    def put(address: int, words: bytes) -> None:
        machine.bus.write_memory(address, words)
        machine.engine.forget_code(address, len(words))

    put(begin, code.branch)
    for number in (1, 2, 3):
        for taken, place in places.items():
            put(place, code.add(number + 10 * taken))
        for taken in (False, True, False, True):
            for _ in range(3):
                registers[one], registers[other], registers[counted] = 7, 8 - taken, 0
                machine.processor.set_pc(begin)
                machine.run(until=machine.engine.count + ENOUGH)
                assert registers[counted] == number + 10 * taken


def test_a_branch_goes_to_what_the_guest_has_stored(tmp_path: Path) -> None:
    """One block is thrown away, and the one that branches there is not."""
    machine = build(CODES["arm"], tmp_path)
    begin = CODES["arm"].ram + PAGE
    code = (0xE5845000,  # again: str r5, [r4]
            0xE1510002, 0x0A00003D,  # cmp r1, r2; beq
            0xE2833000, 0xEAFFFFFA)  # add r3, r3, #0; b again
    machine.bus.write_memory(begin, b"".join(word.to_bytes(4, "little") for word in code))
    registers = machine.processor.registers
    registers["r1"], registers["r2"], registers["r4"] = 7, 8, begin + 12
    machine.processor.set_pc(begin)
    for number in (1, 2, 3):
        registers["r3"], registers["r5"] = 0, 0xE2833000 | number
        machine.run(until=machine.engine.count + 8 * len(code))
        assert registers["r3"] == 8 * number
