# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditional instructions of ARM code, which are done without a branch where that is possible
(arm_conditional.c), do what the same instruction does unconditionally, or nothing (ARM DDI 0406C,
A8.3)."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine

CODE, SCRATCH, DATA = 0x40001000, 0x40002000, 0x40003000
ALWAYS = 14
FREE = tuple(range(12))  # r12 is the address of the data
NAMES = tuple(f"r{number}" for number in FREE)
LENGTH = 40  # instructions
EDGES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def holds(condition: int, cpsr: int) -> bool:
    n, z, c, v = (bool(cpsr >> bit & 1) for bit in (31, 30, 29, 28))
    result = (z, c, n, v, c and not z, n == v, not z and n == v, True)[condition >> 1]
    return result != bool(condition & 1)


class Program:
    """Conditional instructions, and some that set the flags; words without their condition."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.words = [self._word() for _ in range(LENGTH)]

    def value(self) -> int:
        pick = self._random
        return pick.choice(EDGES) if pick.random() < 0.3 else pick.getrandbits(32)

    def _register(self) -> int:
        return self._random.choice(FREE)

    def _word(self) -> int:
        kinds: list[Callable[[], int]] = [
            self._data, self._data, self._data, self._multiply, self._extend, self._field,
            self._move,
        ]
        if self._random.random() < 0.25:
            return ALWAYS << 28 | self._flags()
        rest = self._access() if self._random.random() < 0.1 else self._random.choice(kinds)()
        return self._random.randrange(15) << 28 | rest

    def _operand(self) -> int:
        """A rotated constant, or a register shifted by a constant or by a register."""
        pick = self._random
        match pick.randrange(3):
            case 0:
                return 1 << 25 | pick.getrandbits(12)
            case 1:
                return pick.getrandbits(7) << 5 & ~0x10 | self._register()
            case _:
                return self._register() << 8 | pick.getrandbits(2) << 5 | 0x10 | self._register()

    def _data(self) -> int:
        """AND EOR SUB RSB ADD ADC SBC RSC ORR MOV BIC MVN."""
        opcode = self._random.choice((0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15))
        first = 0 if opcode in (13, 15) else self._register()
        return opcode << 21 | first << 16 | self._register() << 12 | self._operand()

    def _flags(self) -> int:
        """TST TEQ CMP CMN, or ADDS, SUBS."""
        opcode = self._random.choice((8, 9, 10, 11, 4, 2))
        target = 0 if opcode >= 8 else self._register()
        return opcode << 21 | 1 << 20 | self._register() << 16 | target << 12 | self._operand()

    def _multiply(self) -> int:
        """MUL, MLA."""
        accumulate = self._random.getrandbits(1)
        third = self._register() if accumulate else 0
        return (accumulate << 21 | self._register() << 16 | third << 12 | self._register() << 8
                | 0x90 | self._register())

    def _extend(self) -> int:
        """SXTB SXTH UXTB UXTH CLZ REV, and QADD, which the engine calls a function for."""
        target, source = self._register() << 12, self._register()
        return self._random.choice((
            0x06AF0070, 0x06BF0070, 0x06EF0070, 0x06FF0070, 0x016F0F10, 0x06BF0F30, 0x01000050,
        )) | target | source

    def _field(self) -> int:
        """UBFX SBFX BFI BFC."""
        pick = self._random
        low = pick.randrange(32)
        width = pick.randrange(1, 33 - low)
        source, common = self._register(), self._register() << 12 | low << 7
        if pick.random() < 0.5:
            return pick.choice((0x07E00050, 0x07A00050)) | (width - 1) << 16 | common | source
        return 0x07C00010 | (low + width - 1) << 16 | common | pick.choice((source, 15))

    def _move(self) -> int:
        """MOVW, MOVT."""
        return (self._random.choice((0x03000000, 0x03400000)) | self._register() << 12
                | self._random.getrandbits(4) << 16 | self._random.getrandbits(12))

    def _access(self) -> int:
        """LDR, STR of [r12, #n]."""
        return (self._random.choice((0x058C0000, 0x059C0000)) | self._register() << 12
                | 4 * self._random.randrange(8))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    firmware = tmp_path_factory.mktemp("bios") / "nothing.bin"
    firmware.write_bytes(bytes(16))
    return create(Options("virt", ram=4 << 20, bios=firmware))


def start(machine: Machine, values: list[int]) -> None:
    registers = machine.processor.registers
    for name, value in zip(NAMES, values, strict=True):
        registers[name] = value
    registers["r12"] = DATA
    registers["cpsr"] = 0x1D3  # supervisor, no interrupts
    machine.bus.write_memory(DATA, bytes(range(32)))


def run(machine: Machine, address: int, words: list[int]) -> None:
    machine.bus.write_memory(address, b"".join(word.to_bytes(4, "little") for word in words))
    machine.processor.set_pc(address)
    machine.run(until=machine.engine.count + len(words))


def found(machine: Machine) -> tuple[list[int], bytes]:
    registers = machine.processor.registers
    return [registers[name] for name in (*NAMES, "cpsr")], machine.bus.read_memory(DATA, 32)


@pytest.mark.parametrize("seed", range(40))
def test_an_instruction_is_done_or_not(board: Machine, seed: int) -> None:
    program = Program(seed)
    values = [program.value() for _ in NAMES]
    start(board, values)
    for word in program.words:
        if holds(word >> 28, board.processor.registers["cpsr"]):
            run(board, SCRATCH, [ALWAYS << 28 | word & 0x0FFFFFFF])
    expected = found(board)
    start(board, values)
    run(board, CODE, program.words)
    assert found(board) == expected
    assert board.processor.registers["pc"] == CODE + 4 * LENGTH
