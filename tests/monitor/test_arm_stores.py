# SPDX-License-Identifier: GPL-2.0-or-later
"""Stores that are rewritten as calls: which they are, and that they store what they stored."""

from __future__ import annotations

import ctypes as C
import random
import struct
from pathlib import Path

import pytest
from runs import bare, virtual
from test_arm_decode import assemble

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.monitor import virtualize
from vmm.monitor.arm.decode import Kind
from vmm.native import library as native

RAM = 0x40000000
VECTORS, TABLES, CODE, DATA, READ_ONLY = (RAM + at for at in (
    0x1000, 0x4000, 0x100000, 0x208000, 0x300000))
# On behind what has faulted: movs pc, lr of an undefined instruction, else subs pc, lr, #4.
HANDLERS = (0xEAFFFFFE, 0xE1B0F00E, 0xE1B0F00E, *(0xE25EF004,) * 5)

# A32, and its T32 forms.
STORES = [
    ("str r4, [r3]", ["str r4, [r3]", "str.w r4, [r3]"]),
    ("str r1, [r2, #124]", ["str r1, [r2, #124]"]),
    ("str r9, [r10, #0xffc]", ["str.w r9, [r10, #0xffc]"]),
    ("str r1, [sp, #1020]", ["str r1, [sp, #1020]"]),
    ("str r1, [r8, #-8]", ["str r1, [r8, #-8]"]),
    ("str r1, [r3, #4]!", ["str r1, [r3, #4]!"]),
    ("str r1, [r3, #-4]!", ["str r1, [r3, #-4]!"]),
    ("str r1, [r3], #255", ["str r1, [r3], #255"]),
    ("str r1, [r3], #-1", ["str r1, [r3], #-1"]),
    ("str r1, [r7, r5]", ["str r1, [r7, r5]", "str.w r1, [r7, r5]"]),
    ("str r1, [r8, r12, lsl #2]", ["str r1, [r8, r12, lsl #2]"]),
    ("stm r0!, {r1, r2, r7}", ["stm r0!, {r1, r2, r7}", "stm.w r0!, {r1, r2, r7}"]),
    ("stm r9, {r1, r12, lr}", ["stm r9, {r1, r12, lr}"]),
    ("stmdb r9!, {r1, r12, lr}", ["stmdb r9!, {r1, r12, lr}"]),
    ("str r1, [r2, -r3, ror #7]!", []), ("str r1, [r2], r3, rrx", []), ("streq r1, [r2]", []),
    ("strd r2, r3, [r4, #-8]", []), ("strd r2, r3, [r4], r6", []), ("stmib r9, {r0, r8}", []),
    ("stmda r9!, {r0, r8}", []),
]
OTHERS = [
    "ldr r1, [r2]", "strb r1, [r2]", "strh r1, [r2]", "strt r1, [r2]", "str pc, [r2]",
    "str r1, [pc, #4]", "ldrd r2, r3, [r4]", "ldm r1, {r2}", "strex r1, r2, [r3]",
    "stm sp, {r1}^", "vstr d0, [r1]", "add r1, r2, r3", "mov r1, r2", "push {pc}",
]
THUMB_OTHERS = ["ldr r1, [r2]", "strb r1, [r2]", "strh r1, [r2]", "ldrd r2, r3, [r4]",
                "movs r1, r2", "ldm r1!, {r2}", "strex r1, r2, [r3]", "strt r1, [r2]",
                "bx lr", "tbb [r1, r2]"]


def decoded(code: bytes, thumb: bool) -> tuple[int, int, int]:
    word = int.from_bytes(code, "little")
    if thumb:
        first, second = word & 0xFFFF, word >> 16
        word = first << 16 | second if first >> 11 >= 0x1D else first
    result = (C.c_uint32 * 3)()
    native.library().dll.vmm_arm_decode_store_into(word, thumb, C.byref(result))
    return tuple(result)  # type: ignore[return-value]


def test_stores_are_found_and_t32_has_its_a32_form(tmp_path: Path) -> None:
    for (text, forms), code in zip(
        STORES, assemble(tmp_path, [text for text, _ in STORES], False), strict=True
    ):
        kind, form, length = decoded(code, False)
        assert (kind, form, length) == (Kind.STORE, int.from_bytes(code, "little"), 4), text
        for other, thumb in zip(forms, assemble(tmp_path, forms, True), strict=True):
            assert decoded(thumb, True)[:2] == (Kind.STORE, form), other
    (double,) = assemble(tmp_path, ["strd r2, r7, [r4, #-1020]!"], True)
    assert decoded(double, True)[0] == Kind.STORE_DOUBLE


def test_nothing_else_is_taken_for_one(tmp_path: Path) -> None:
    for text, code in zip(OTHERS, assemble(tmp_path, OTHERS, False), strict=True):
        assert decoded(code, False)[0] == 0, text
    for text, code in zip(THUMB_OTHERS, assemble(tmp_path, THUMB_OTHERS, True), strict=True):
        assert decoded(code, True)[0] == 0, text


# -- what they store ------------------------------------------------------------------------


def near(rng: random.Random, thumb: bool) -> bytes:
    """A random store that can be rewritten."""
    while True:
        word = rng.getrandbits(32)
        if thumb:
            first = rng.choice((
                rng.choice((0x6000, 0x9000, 0xC000)) | word & 0x7FF, 0x5000 | word & 0x1FF,
                0xF840 | word & 0x8F, 0xE840 | word & 0x1AF, 0xE880 | word & 0x12F,
            ))
            code = struct.pack("<HH", first, word >> 16) if first >= 0xE800 else (
                struct.pack("<H", first))
        else:
            condition = rng.choice((0xE, 0xE, rng.randrange(15)))
            code = struct.pack("<I", condition << 28 | rng.choice((
                0x04000000 | word & 0x01AFFFFF, 0x06000000 | word & 0x01AFFFEF,
                0x004000F0 | word & 0x01AFFF0F, 0x000000F0 | word & 0x01AFF00F,
                0x08000000 | word & 0x01AF7FFF)))
        if decoded(code, thumb)[0]:
            return code


def program(seed: int, thumb: bool) -> bytes:
    """Stores, with registers now and then put back to places in memory; r7 is an offset."""
    rng = random.Random(seed)
    words: list[int] = []

    def load(register: int, value: int) -> None:
        for opcode, half in ((0xE3000000, value & 0xFFFF), (0xE3400000, value >> 16)):
            words.append(opcode | half >> 12 << 16 | register << 12 | half & 0xFFF)

    for _ in range(25):
        for register in range(15):
            wrong = rng.random() < (0.03 if thumb else 0.2)
            place = (READ_ONLY if wrong else DATA) + rng.randrange(0, 0x4000, 4)
            odd = rng.randrange(4) if rng.random() < (0.02 if thumb else 0.1) else 0
            load(register, rng.randrange(0, 64, 4) if register == 7 else place + odd)
        code = b"".join(near(rng, thumb) for _ in range(8))
        if thumb:
            words += [0xE28FC001, 0xE12FFF1C]  # add r12, pc, #1; bx r12
            code += b"\x00\xbf" * (len(code) // 2 % 2) + b"\x78\x47\x00\xbf"  # bx pc
        words += struct.unpack(f"<{len(code) // 4}I", code)
    return struct.pack(f"<{len(words) + 1}I", *words, 0xEAFFFFFE)


def machine(seed: int, thumb: bool) -> Machine:
    made = create(Options(board="virt", ram=16 << 20, bare=True))
    sections = [0] * 4096
    for address in range(RAM, RAM + (16 << 20), 1 << 20):
        sections[address >> 20] = address | 0xC02
    sections[READ_ONLY >> 20] = READ_ONLY | 0x8402
    made.load_bytes(VECTORS, struct.pack("<8I", *HANDLERS), "vectors")
    made.load_bytes(TABLES, struct.pack("<4096I", *sections), "tables")
    made.load_bytes(CODE, program(seed, thumb), "program")
    registers = made.processor.registers
    registers["vbar"], registers["ttbr0"], registers["dacr"] = VECTORS, TABLES, 0x55555555
    registers["sctlr"] |= 1
    made.engine.flush_tlb()
    made.processor.set_pc(CODE)
    return made


def ran(made: Machine) -> tuple[list[tuple[int, int, int, int, int]], dict[str, int], bytes]:
    ledger: list[tuple[int, int, int, int, int]] = []
    made.ledger.record(ledger.extend)
    made.run(1400)
    made.engine.drain_ledger()
    registers = made.processor.registers.snapshot()
    kept = {f"r{index}": registers[f"r{index}"] for index in range(13)}
    memory = made.bus.read_memory(DATA - 0x8000, 0x18000) or b""
    return ledger, kept | {"pc": registers["pc"]}, memory


@pytest.mark.parametrize("thumb", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_rewritten_stores_store_the_same(seed: int, thumb: bool) -> None:
    expected = ran(machine(seed, thumb))
    rewritten = machine(seed, thumb)
    monitor = virtualize(rewritten, "translate", "strict")
    C.memset(C.addressof(rewritten.engine.native.rewritten), 0xFF, 8192)
    assert ran(rewritten) == expected
    assert monitor.native_counts()["str"] > 20


def test_a_kernel_whose_stores_to_page_tables_trap_again_and_again_has_them_rewritten() -> None:
    seen, monitor = virtual("virt", "arm/nucleus-quick", "translate", "strict")
    assert seen == bare("virt", "arm/nucleus-quick")
    assert monitor.native_counts()["str"] > monitor.memory.counters.updates / 2
