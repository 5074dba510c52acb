# SPDX-License-Identifier: GPL-2.0-or-later
"""Which ARM instructions are sensitive: by the assembler's word, and the native twin's."""

from __future__ import annotations

import ctypes as C
import random
import subprocess
from pathlib import Path

import pytest

from vmm.monitor.arm.decode import Kind, decode, decode_a32, decode_t16, decode_t32, is_wide
from vmm.native import library as native

# A32, its T32 form ("": there is none; None: the same text), and what both are.
SENSITIVE = [
    ("cpsid if, #0x13", "cpsid.w if, #0x13", Kind.CPS),
    ("cpsie a", None, Kind.CPS),
    ("cps #0x1f", "cps #0x1f", Kind.CPS),
    ("mrs r3, cpsr", None, Kind.MRS),
    ("mrs r12, spsr", None, Kind.MRS),
    ("msr cpsr_fc, r2", None, Kind.MSR),
    ("msr spsr_cxsf, lr", None, Kind.MSR),
    ("msr cpsr_c, #0xd3", "", Kind.MSR),
    ("mrs r4, sp_usr", None, Kind.MRS_BANKED),
    ("mrs r4, spsr_fiq", None, Kind.MRS_BANKED),
    ("msr lr_abt, r7", None, Kind.MSR_BANKED),
    ("subs pc, lr, #4", None, Kind.EXCEPTION_RETURN),
    ("movs pc, lr", "", Kind.EXCEPTION_RETURN),
    ("subs pc, r1, r2, lsl #3", "", Kind.EXCEPTION_RETURN),
    ("eret", "eret", Kind.EXCEPTION_RETURN),
    ("ldm sp!, {r0-r12, pc}^", "", Kind.LDM_RETURN),
    ("ldmdb r2, {r0-lr}^", "", Kind.LDM_USER),
    ("stm sp, {sp, lr}^", "", Kind.STM_USER),
    ("rfeia sp!", None, Kind.RFE),
    ("rfedb r3", None, Kind.RFE),
    ("rfeib r3", "", Kind.RFE),
    ("srsdb sp!, #0x12", None, Kind.SRS),
    ("srsia sp, #0x1f", None, Kind.SRS),
    ("ldrt r1, [r2], #-4", "", Kind.UNPRIVILEGED),
    ("strbt r1, [r2], r3, lsr #2", "", Kind.UNPRIVILEGED),
    ("ldrsht r1, [r2], #6", "", Kind.UNPRIVILEGED),
    ("strht r1, [r2], -r4", "", Kind.UNPRIVILEGED),
    ("mcr p15, 0, r1, c8, c7, 0", None, Kind.SYSTEM),
    ("mrc p14, 0, r1, c0, c1, 0", None, Kind.SYSTEM),
    ("mrrc p15, 1, r2, r3, c14", None, Kind.SYSTEM_WIDE),
    ("vmsr fpexc, r0", None, Kind.FLOAT_SYSTEM),
    ("vmrs r9, mvfr0", None, Kind.FLOAT_SYSTEM),
    ("hvc #0x5600", None, Kind.HVC),
    ("smc #3", None, Kind.SMC),
]
INNOCUOUS = [
    "nop", "wfi", "wfe", "setend be", "svc #3", "udf #1", "bkpt #1", "cmp pc, r1", "tst r15, #3",
    "movs r1, pc", "mov pc, lr", "bx lr", "ldm sp!, {r0, pc}", "stm sp, {r0, lr}",
    "ldr r0, [r1], #4", "ldrh r0, [r1], #4", "ldrd r0, r1, [r2], #8", "vmrs r1, fpscr",
    "vmsr fpscr, r1", "mcr p7, 0, r0, c0, c0, 0",
    "mul r0, r1, r2", "ldrex r0, [r1]", "pld [r1]", "clrex", "dsb", "isb", "vldr d0, [r1]",
    "vmov s0, r1", "sadd16 r0, r1, r2", "usat r0, #3, r1", "mrc2 p15, 0, r0, c1, c0, 0",
]
THUMB_ONLY_INNOCUOUS = {"cmp pc, r1", "tst r15, #3", "movs r1, pc"}


def assemble(tmp_path: Path, lines: list[str], thumb: bool) -> list[bytes]:
    """The bytes of each line."""
    source, image = tmp_path / "code.s", tmp_path / "code.o"
    body = "\n".join(f"{line}\n.balign 8, 0" for line in lines)
    source.write_text(
        ".syntax unified\n.arch armv7ve\n.fpu neon-vfpv4\n.arch_extension sec\n"
        f"{'.thumb' if thumb else '.arm'}\n.balign 8\n{body}\n"
    )
    subprocess.run(["arm-none-eabi-gcc", "-c", "-o", image, source], check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", image,
                    tmp_path / "code.bin"], check=True)
    code = (tmp_path / "code.bin").read_bytes()
    return [code[i : i + 4] for i in range(0, len(code), 8)][: len(lines)]


def test_every_sensitive_instruction_is_found_and_t32_has_its_a32_twin(tmp_path: Path) -> None:
    arm = assemble(tmp_path, [text for text, _, _ in SENSITIVE], False)
    twins: dict[str, int] = {}
    for (text, _, kind), code in zip(SENSITIVE, arm, strict=True):
        found = decode(code, False)
        assert found is not None and found.kind is kind, text
        twins[text] = found.code
    both = [(text, thumb or text) for text, thumb, _ in SENSITIVE if thumb != ""]
    codes = assemble(tmp_path, [thumb for _, thumb in both], True)
    for (text, thumb), code in zip(both, codes, strict=True):
        found = decode(code, True)
        assert found is not None, thumb
        wanted = twins["subs pc, lr, #4"] & ~0xFF if text == "eret" else twins[text]
        assert found.code == wanted, thumb


def test_other_instructions_are_left_alone(tmp_path: Path) -> None:
    for text, code in zip(INNOCUOUS, assemble(tmp_path, INNOCUOUS, False), strict=True):
        assert decode(code, False) is None, text
    thumb = [text for text in INNOCUOUS if text not in THUMB_ONLY_INNOCUOUS]
    for text, code in zip(thumb, assemble(tmp_path, thumb, True), strict=True):
        assert decode(code, True) is None, text


@pytest.mark.parametrize("code", [0xE3BFF573, 0xE1B1F00E, 0xE0375AB9, 0xE03751D9])
def test_bits_that_should_be_zero_make_an_undefined_instruction(code: int) -> None:
    """movs pc with a first operand, ldrht and ldrsbt by a register: as the engine has them."""
    assert decode_a32(code) is None is by_native(code, False)


def by_native(code: int, thumb: bool) -> tuple[int, int, int] | None:
    result = (C.c_uint32 * 3)()
    native.library().dll.vmm_arm_decode_into(code, thumb, C.byref(result))
    return tuple(result) if result[0] else None  # type: ignore[return-value]


def masked(rng: random.Random) -> int:
    """A word that is near the sensitive ones more often than by chance."""
    word = rng.getrandbits(32)
    near = rng.choice([0x010F0000, 0x0120F000, 0x0320F000, 0x01000200, 0x0160006E, 0x08508000,
                       0x0210F000, 0x002000B0, 0x04200000, 0x0E000E10, 0x0C400E00, 0x0EE00A10,
                       0xF1000000, 0xF8100A00, 0xF84D0500, 0xF3AF8000, 0xF3EF8000, 0xF3808020,
                       0xF3DE8F00, 0xE990C000, 0xE80DC000, 0xF8500E00, 0xF9300E00, 0xF7E08000])
    mask = rng.getrandbits(32) & rng.getrandbits(32) & rng.getrandbits(32)
    return near & ~mask | word & mask if rng.random() < 0.9 else word


@pytest.mark.parametrize("thumb", [False, True])
def test_the_native_twin_agrees(thumb: bool) -> None:
    rng = random.Random(thumb)
    sensitive = 0
    for _ in range(20_000):
        code = masked(rng)
        if thumb and not is_wide(code >> 16):
            code >>= 16
            found = decode_t16(code)
        else:
            found = decode_t32(code) if thumb else decode_a32(code)
        expected = None if found is None else (int(found.kind), found.code, found.length)
        assert by_native(code, thumb) == expected, hex(code)
        sensitive += found is not None
    assert sensitive > 1000
