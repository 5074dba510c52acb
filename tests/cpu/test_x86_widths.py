# SPDX-License-Identifier: GPL-2.0-or-later
"""32-bit code does the same in long blocks, whose operations are narrowed (x86_width.c), as one
instruction at a time, where every value goes through the register file."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from vmm.boards import Options, create
from vmm.cpu.x86.registers import Segment
from vmm.machine.machine import Machine

CODE, DATA, STACK = 0x100000, 0x110000, 0x120000
REGISTERS = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
FREE = (0, 1, 2, 3, 5, 7)  # esi is the address of the data
BYTES = (0, 1, 2, 3)  # registers with a low byte of their own
LENGTH = 120  # instructions
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


class Program:
    """Straight code with short jumps; flags are used only where the manual defines them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        code = b"".join(self._instruction() for _ in range(LENGTH))
        self.code = code + b"\x39\xc0\xeb\xfe"  # cmp eax, eax; jmp $

    def value(self) -> int:
        """One that is likely to carry, overflow or fill a byte."""
        pick = self._random
        return pick.choice(EDGES) if pick.random() < 0.5 else pick.getrandbits(32)

    def _register(self) -> int:
        return self._random.choice(FREE)

    def _instruction(self) -> bytes:
        kinds: list[Callable[[], bytes]] = [
            self._arithmetic, self._arithmetic, self._and_use, self._and_use, self._unary,
            self._shift, self._multiply, self._move, self._memory, self._memory, self._small,
        ]
        return self._random.choice(kinds)()

    def _arithmetic(self) -> bytes:
        a, b = self._register(), self._register()
        opcode = self._random.choice((0x01, 0x29, 0x21, 0x09, 0x31, 0x39, 0x85))
        if self._random.random() < 0.5:
            return bytes((opcode, 0xC0 | b << 3 | a))
        group = self._random.choice((0, 1, 4, 5, 6, 7))
        return bytes((0x81, 0xC0 | group << 3 | a)) + struct.pack("<I", self.value())

    def _and_use(self) -> bytes:
        """Flags of an addition, subtraction or comparison, and somebody who looks at them."""
        pick, a, b = self._random, self._register(), self._register()
        made = bytes((pick.choice((0x01, 0x29, 0x39)), 0xC0 | b << 3 | a))
        condition = pick.randrange(16)
        return made + pick.choice((
            bytes((pick.choice((0x11, 0x19)), 0xC0 | a << 3 | b)),  # adc, sbb
            bytes((0x0F, 0x90 | condition, 0xC0 | pick.choice(BYTES))),  # setcc
            bytes((0x0F, 0x40 | condition, 0xC0 | a << 3 | b)),  # cmovcc
            bytes((0x70 | condition, 1, 0x40 | a)),  # jcc over inc
            bytes((0x9C, 0x58 | a)),  # pushf; pop
        ))

    def _unary(self) -> bytes:
        a = self._register()
        return self._random.choice((
            bytes((0x40 | a,)), bytes((0x48 | a,)), bytes((0xF7, 0xD0 | a)),
            bytes((0xF7, 0xD8 | a)), bytes((0x0F, 0xC8 | a)), b"\x99", b"\x98",
            b"\xd4\x0a", b"\xd5\x10",  # aam, aad: the engine calls a function for each
        ))

    def _shift(self) -> bytes:
        a, group = self._register(), self._random.choice((0, 1, 4, 5, 7))
        if self._random.random() < 0.3:
            return bytes((0xD3, 0xC0 | group << 3 | a))  # by cl
        return bytes((0xC1, 0xC0 | group << 3 | a, self._random.randrange(32)))

    def _multiply(self) -> bytes:
        a, b = self._register(), self._register()
        return self._random.choice((
            bytes((0x69, 0xC0 | b << 3 | a)) + struct.pack("<I", self.value()),
            bytes((0x0F, 0xAF, 0xC0 | b << 3 | a)), bytes((0xF7, 0xE0 | a)),
            bytes((0xF7, 0xE8 | a)),
        ))

    def _move(self) -> bytes:
        a, b = self._register(), self._register()
        return self._random.choice((
            bytes((0x89, 0xC0 | b << 3 | a)), bytes((0x87, 0xC0 | b << 3 | a)),
            bytes((0xB8 | a,)) + struct.pack("<I", self.value()),
            bytes((0x0F, self._random.choice((0xB7, 0xBF)), 0xC0 | a << 3 | b)),
            bytes((0x0F, self._random.choice((0xB6, 0xBE)),
                   0xC0 | a << 3 | self._random.choice(BYTES))),
            bytes((0x8D, 0x44 | a << 3, self._random.randrange(4) << 6 | b << 3 | a, 0x9C)),
        ))

    def _memory(self) -> bytes:
        a, place = self._register(), self._random.randrange(0, 120)
        opcode = self._random.choice((0x89, 0x8B, 0x01, 0x29, 0x31, 0x03, 0x3B, 0x66))
        if opcode == 0x66:
            return bytes((0x66, self._random.choice((0x89, 0x8B, 0x01)), 0x46 | a << 3, place))
        return bytes((opcode, 0x46 | a << 3, place))

    def _small(self) -> bytes:
        a, b = self._register(), self._register()
        if self._random.random() < 0.5:
            return bytes((0x66, self._random.choice((0x01, 0x29, 0x89)), 0xC0 | b << 3 | a))
        return bytes((self._random.choice((0x00, 0x28, 0x88)),
                      0xC0 | self._random.randrange(8) << 3 | self._random.randrange(8)))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    firmware = tmp_path_factory.mktemp("board") / "nothing.bin"
    firmware.write_bytes(bytes(16))
    made = create(Options("pc", ram=4 << 20, bios=firmware))
    made.processor.registers["cr0"] = 0x60000011
    for name in ("ds", "es", "ss", "fs", "gs"):
        made.processor.load_segment(name, Segment(0x10, 0, 0xFFFFFFFF, 0xCF9300))
    made.processor.load_segment("cs", Segment(8, 0, 0xFFFFFFFF, 0xCF9B00))
    return made


def run(machine: Machine, seed: int, stepping: bool) -> tuple[dict[str, int], bytes | None]:
    """The registers and the data after the program."""
    program = Program(seed)
    registers = machine.processor.registers
    for name in REGISTERS:
        registers[name] = program.value()
    registers["esi"], registers["esp"], registers["eflags"] = DATA, STACK, 2
    machine.bus.write_memory(DATA, random.Random(seed).randbytes(128))
    machine.bus.write_memory(CODE, program.code)
    machine.engine.forget_code(CODE, len(program.code))
    machine.processor.set_pc(CODE)
    machine.stepping = stepping
    machine.run(until=machine.engine.count + 2 * LENGTH + 10)
    machine.stepping = False
    assert registers["eip"] == CODE + len(program.code) - 2
    return ({name: registers[name] for name in (*REGISTERS, "eflags")},
            machine.bus.read_memory(DATA, 128))


@pytest.mark.parametrize("seed", range(60))
def test_a_block_does_what_its_instructions_do(machine: Machine, seed: int) -> None:
    assert run(machine, seed, stepping=False) == run(machine, seed, stepping=True)


@pytest.mark.parametrize("stepping", [False, True])
@pytest.mark.parametrize(("branch", "loops"), [
    (b"\x74\xdb", False), (b"\x0f\x84\xd7\xff\xff\xff", False), (b"\xe2\xdb", True),
])
def test_code_goes_below_0_and_past_the_last_byte(
    machine: Machine, branch: bytes, loops: bool, stepping: bool
) -> None:
    """Jcc, its long form and LOOP to the last 16 bytes, ROM with ADD: EIP has 32 bits."""
    code = b"\x90" * 16 + b"\x43\x39\xc0" + branch  # inc ebx; cmp eax, eax
    machine.bus.write_memory(0, code)
    machine.engine.forget_code(0, len(code))
    registers = machine.processor.registers
    registers["eax"], registers["ebx"], registers["ecx"] = DATA, 0, 100
    machine.processor.set_pc(0)
    machine.stepping = stepping
    for _ in range(5):
        machine.run(until=machine.engine.count + (16 + 3 + 8) * 2)
    machine.stepping = False
    assert (registers["eip"], registers["ebx"]) == (0, 10)
    assert registers["ecx"] == 100 - 10 * loops
