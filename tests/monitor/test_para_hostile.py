# SPDX-License-Identifier: GPL-2.0-or-later
"""Paravirtual kernels that call with anything: wild numbers, addresses, counts, stacks and states.

Each is hypercalls by the hundred, with random registers, in a kernel whose trap handlers go on;
many end in a crash of their own making.  None may be an exception or a failure of the monitor,
and what it does is the same in one run and in many.
"""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Callable

import pytest

from vmm.boards import Options, create
from vmm.cpu.x86.registers import Segment
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending
from vmm.monitor import para, virtualize

CALLS, INSTRUCTIONS, SECONDS = 200, 3000, 0.00002
RAM = 4 << 20
POLICIES = ("lazy", "strict", "exposed", "nested")
HALTS = (para.HALT, para.YIELD)


def number(rng: random.Random) -> int:
    """Of a hypercall; of halts few."""
    found = rng.choice((*range(17), para.UPDATE, para.RETURN, para.RETURN, para.SHARED, para.TRAPS,
                        99, rng.getrandbits(32)))
    return para.UPDATE if found in HALTS and rng.random() < 0.8 else found


def count(rng: random.Random, address: int) -> int:
    return rng.choice((0, 1, 2, 3, 512, 1024, 4096, address))


class Places:
    """Addresses that a call may name: RAM, its ends, its own code, devices, nothing."""

    def __init__(self, rng: random.Random, base: int, devices: tuple[int, ...]) -> None:
        self.rng, self.base, self.code, self.stack = rng, base, base + 0x100000, base + 0x80000
        self.devices = devices

    def any(self) -> int:
        rng = self.rng
        return rng.choice((
            self.base + (rng.randrange(RAM) & ~0xFFF), self.base + rng.randrange(RAM),
            self.inside(), self.stack - rng.randrange(64), self.base + RAM - 4096,
            self.base + RAM - 8, *self.devices, 0, 1, 0xFFFFF000, 0xFFFFFFFC, rng.getrandbits(32),
        ))

    def inside(self) -> int:
        """In its own code."""
        return self.code + self.rng.randrange(0, 8000, 4)


def word(value: int) -> bytes:
    return struct.pack("<I", value & 0xFFFFFFFF)


def x86(rng: random.Random) -> Machine:
    """Flat segments, all vectors to handlers that go on 20 bytes behind; half with paging."""
    made = create(Options("pc", ram=RAM, bare=True))
    at = Places(rng, 0, (0xB8000, 0xF0000000, 0xFFFF0000))
    gdt, idt, tss, handler, directory, table = range(0x10000, 0x70000, 0x10000)
    code = b""
    for _ in range(CALLS):
        code += b"\xb8" + word(number(rng)) + b"\xbb" + word(at.any())  # mov eax; mov ebx
        code += b"\xb9" + word(count(rng, at.any()))  # mov ecx
        code += b"\xbc" + word(at.any() if rng.random() < 0.1 else at.stack)  # mov esp
        if rng.random() < 0.5:  # what a return finds: flags, cs, eip, eax
            flags = rng.getrandbits(20) | rng.choice((0, 0x200, 0x3000, 0x20000, 0x4000))
            selector = rng.choice((8, 0x1B, 3, 0x10, 0x23, rng.getrandbits(16)))
            for value in (flags, selector, at.inside(), 0x1234):
                code += b"\x68" + word(value)
        code += rng.choice((b"", b"", b"\xfa", b"\x9c", b"\x9d", b"\x8e\xd8")) + b"\xcd\x82"
    segments = [bytes(8)] + [b"\xff\xff\0\0\0" + bytes((access, 0xCF, 0))
                             for access in (0x9B, 0x93, 0xFB, 0xF3)]
    skip = b"\x81\x04\x24" + word(20) + b"\xcf"  # addl $20, (%esp); iret
    gates = b"".join(
        struct.pack("<HHHH", handler & 0xFFFF, 8, 0xEE00, handler >> 16) for _ in range(256))
    task = struct.pack("<HHBBBB", 0x67, tss & 0xFFFF, tss >> 16, 0x89, 0, 0)
    for address, data in (
        (gdt, b"".join(segments) + task), (at.code, code + b"\xeb\xfe"), (handler, skip),
        (idt, gates), (tss + 4, word(at.stack) + word(16)), (directory, word(table | 0x67)),
        (table, b"".join(word(page << 12 | 0x67) for page in range(1024))),
    ):
        made.load_bytes(address, data, "test")
    registers = made.processor.registers
    registers["gdtr.base"], registers["gdtr.limit"] = gdt, 0x2F
    registers["idtr.base"], registers["idtr.limit"] = idt, 0x7FF
    registers["tr"], registers["tr.base"], registers["tr.limit"] = 0x28, tss, 0x67
    registers["tr.flags"], registers["esp"] = 0x8900, at.stack
    made.processor.load_segment("cs", Segment(8, 0, 0xFFFFFFFF, 0xCF9B00))
    for name in ("ss", "ds", "es", "fs", "gs"):
        made.processor.load_segment(name, Segment(16, 0, 0xFFFFFFFF, 0xCF9300))
    registers["cr3"], registers["cr0"] = directory, rng.choice((0x11, 0x80000011))
    made.engine.flush_tlb()
    made.processor.set_pc(at.code)
    return made


def arm(rng: random.Random) -> Machine:
    """Vectors that go on behind the instruction; sections for half of them."""
    made = create(Options("virt", ram=RAM, bare=True))
    at = Places(rng, 0x40000000, (0x09000000, 0x08000000, 0x30000000))
    vectors, tables = at.base + 0x1000, at.base + 0x4000
    code: list[int] = []

    def load(register: int, value: int) -> None:
        for opcode, half in ((0xE3000000, value & 0xFFFF), (0xE3400000, value >> 16)):
            code.append(opcode | half >> 12 << 16 | register << 12 | half & 0xFFF)

    for _ in range(CALLS):
        load(13, at.any() if rng.random() < 0.35 else at.stack)
        if rng.random() < 0.6:  # what a return finds: r12, sp, lr, pc, CPSR
            mode = rng.choice((*range(0x10, 0x20), 0x30, 0x33, rng.getrandbits(32)))
            for slot, value in enumerate((1, at.any(), at.any(), at.inside(),
                                          mode | rng.choice((0, 0x80, 0x1C0)))):
                load(0, value)
                code.append(0xE58D0000 | 4 * slot)  # str r0, [sp, #4 * slot]
        load(12, number(rng))
        load(0, at.any())
        load(1, count(rng, at.any()))
        code += rng.choice(((), (), (0xF1020010,), (0xF10C0080,), (0xEF000000,)))  # cps; cpsid; svc
        code.append(0xE1456070)  # hvc #0x5600
    code.append(0xEAFFFFFE)
    sections = [megabyte << 20 | 0xC02 if 0x400 <= megabyte < 0x404 else 0
                for megabyte in range(4096)]
    for address, words in ((at.code, code), (tables, sections),
                           (vectors, (0xEAFFFFFE, 0xE1B0F00E, 0xE1B0F00E, *(0xE25EF004,) * 5))):
        made.load_bytes(address, struct.pack(f"<{len(words)}I", *words), "test")
    registers = made.processor.registers
    registers["vbar"], registers["ttbr0"], registers["dacr"] = vectors, tables, 0x55555555
    registers["sctlr"] |= rng.randrange(2)
    made.engine.flush_tlb()
    made.processor.set_pc(at.code)
    return made


def sparc(rng: random.Random) -> Machine:
    """All traps return to the next instruction."""
    made = create(Options("leon3", ram=RAM, bare=True))
    at = Places(rng, 0x40000000, (0x80000300, 0x80000100, 0x30000000))
    table = at.base + 0x2000
    code: list[int] = []

    def load(register: int, value: int) -> None:  # sethi; or
        code.extend((register << 25 | 4 << 22 | value >> 10,
                     2 << 30 | register << 25 | 2 << 19 | register << 14 | 1 << 13 | value & 0x3FF))

    for _ in range(CALLS):
        load(14, at.any() if rng.random() < 0.35 else at.stack)  # %sp; below: %fp, %l0 to %l2, %l4
        for register, value in (
            (30, at.any()), (16, rng.choice((0, 0x80, 0xC0, 0x40, 0xF80, rng.getrandbits(32)))),
            (17, rng.choice((at.inside(), at.any()))), (18, rng.choice((at.inside(), at.any()))),
            (20, at.any()), (8, at.any()), (9, count(rng, at.any())), (1, number(rng)),
        ):
            load(register, value)
        code += rng.choice(((), (), (), (0x81E80000,), (0x9DE3BFA0,), (0x81900000,)))  # windows
        code.append(0x91D02070)  # ta 0x70
    code += (0x10800000, 0x01000000)
    entry = (0x81C48000, 0x81CCA004, 0x01000000, 0x01000000)  # jmp %l2; rett %l2 + 4
    for address, words in ((at.code, code), (table, entry * 256)):
        made.load_bytes(address, struct.pack(f">{len(words)}I", *words), "test")
    registers = made.processor.registers
    registers["tbr"], registers["wim"], registers["psr"] = table, 2, 0xF30000E0
    made.processor.set_pc(at.code)
    return made


KERNELS: dict[str, Callable[[random.Random], Machine]] = {"arm": arm, "sparc": sparc, "x86": x86}


def run(architecture: str, seed: int, slices: int) -> tuple[object, int, bytes, Counter[int]]:
    """How a kernel ends, after how many instructions, with what in memory; and what it called."""
    rng = random.Random(seed)
    made = KERNELS[architecture](rng)
    monitor = virtualize(made, "para", rng.choice(POLICIES))
    assert isinstance(monitor.technique, para.Technique)
    made.limit_time(SECONDS, 60)
    outcome = None
    for part in range(1, slices + 1):
        outcome = made.run(until=INSTRUCTIONS * part // slices)
        if not made.stopped_at_count:
            break
    assert outcome is None or outcome.ending is not Ending.FAILURE, (seed, outcome)
    base = 0 if architecture == "x86" else 0x40000000
    return (outcome, made.engine.count, made.bus.read_memory(base, RAM) or b"",
            monitor.technique.hypervisor.counts)


@pytest.mark.parametrize("architecture", KERNELS)
def test_no_call_is_a_mistake_of_the_monitors(architecture: str) -> None:
    called: Counter[int] = Counter()
    for seed in range(30):
        called += run(architecture, seed, 1)[3]
    assert {para.SHARED, para.TRAPS, para.UPDATE} <= set(called) and called.total() > 40


@pytest.mark.parametrize("architecture", KERNELS)
def test_wild_calls_do_the_same_in_slices(architecture: str) -> None:
    for seed in range(30, 36):
        assert run(architecture, seed, 40) == run(architecture, seed, 1)
