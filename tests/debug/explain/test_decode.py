# SPDX-License-Identifier: GPL-2.0-or-later
"""Instruction text: SPARC V8 and LEON3 by our own decoder, ARM, Thumb and x86 by state."""

from __future__ import annotations

import pytest

from vmm.cpu.arm import decode as arm
from vmm.cpu.sparc import decode as sparc
from vmm.cpu.x86 import decode as x86

# Words by the GNU assembler (-Aleon); branches are relative to 0x40001000.
SPARC = {
    0x01000000: "nop",
    0x91D02011: "ta 0x11",
    0x93D02005: "tne 0x5",
    0x91D28000: "ta %o2",
    0x87480000: "rd %psr, %g3",
    0xA1500000: "rd %wim, %l0",
    0xA1580000: "rd %tbr, %l0",
    0x83444000: "rd %asr17, %g1",
    0x8188E020: "wr %g3, 0x20, %psr",
    0x81900000: "wr %g0, %wim",
    0x81980001: "wr %g1, %tbr",
    0x81800000: "wr %g0, %y",
    0xA1800000: "wr %g0, %asr16",
    0x81CC8000: "rett %l2",
    0x81C44000: "jmp %l1",
    0x81C7E008: "ret",
    0x81C3E008: "retl",
    0x9FC04000: "call %g1",
    0x81DA2004: "flush %o0 + 4",
    0x81E80000: "restore",
    0x9DE3BFA0: "save %sp, -0x60, %sp",
    0x80A22005: "cmp %o0, 5",
    0x80920000: "tst %o0",
    0x90100000: "clr %o0",
    0x90100009: "mov %o1, %o0",
    0x11100000: "sethi %hi(0x40000000), %o0",
    0xC4804320: "lda [%g1] 0x19, %g2  ! MMU registers",
    0xC4A04320: "sta %g2, [%g1] 0x19  ! MMU registers",
    0xC5E04141: "casa [%g1] 0xa, %g1, %g2  ! user data",
    0xC4784000: "swap [%g1], %g2",
    0xD06A0000: "ldstub [%o0], %o0",
    0xD01A2008: "ldd [%o0 + 8], %o0",
    0xD03A3FF8: "std %o0, [%o0 - 8]",
    0xC1086004: "ld [%g1 + 4], %fsr",
    0xC1304000: "std %fq, [%g1]",
    0xC3004000: "ld [%g1], %f1",
    0x00000000: "unimp 0x0",
    0x8DA088C4: "fsubd %f2, %f4, %f6",
    0x81A88AC4: "fcmped %f2, %f4",
    0x85A00521: "fsqrts %f1, %f2",
    0x86408002: "addx %g2, %g2, %g3",
    0x912A2002: "sll %o0, 2, %o0",
    0x87F04002: "umac %g1, %g2, %g3",
    0x87204002: "mulscc %g1, %g2, %g3",
    0x91124009: "taddcctv %o1, %o1, %o0",
    0xC6D04162: "ldsha [%g1 + %g2] 0xb, %g3  ! supervisor data",
    0x10800004: "ba 0x40001010", 0x30BFFFFF: "ba,a 0x40000ffc", 0x13800003: "fbe 0x4000100c",
    0x7FFFFF00: "call 0x40000c00",
}


@pytest.mark.parametrize(("word", "text"), SPARC.items(), ids=[f"{w:08x}" for w in SPARC])
def test_sparc(word: int, text: str) -> None:
    assert sparc.text(word, 0x40001000) == text


def test_every_sparc_word_has_a_text() -> None:
    for word in range(0, 1 << 32, 0x10137):
        assert sparc.text(word, 0x40000000)


@pytest.mark.parametrize(
    ("code", "thumb", "size", "text"),
    [("0000a0e1", False, 4, "mov r0, r0"), ("70477047", True, 2, "bx lr"),
     ("ffde", True, 2, "udf #0xff"), ("ffffffff", False, 4, ".word 0xffffffff"),
     ("ffffffff", True, 4, ".word 0xffffffff"), ("ffff", True, 2, ".short 0xffff")],
)
def test_arm_by_state(code: str, thumb: bool, size: int, text: str) -> None:
    assert arm.instruction(bytes.fromhex(code), 0x1000, thumb) == (size, text)


@pytest.mark.parametrize(
    ("code", "wide", "size", "text"),
    [("b878563412", True, 5, "mov eax, 0x12345678"), ("b878563412", False, 3, "mov ax, 0x5678"),
     ("ff", True, 1, ".byte 0xff"), ("cd80", True, 2, "int 0x80")],
)
def test_x86_by_width(code: str, wide: bool, size: int, text: str) -> None:
    assert x86.instruction(bytes.fromhex(code), 0x1000, wide) == (size, text)
