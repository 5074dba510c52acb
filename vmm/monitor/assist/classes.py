# SPDX-License-Identifier: GPL-2.0-or-later
"""Sensitive instructions by class, as patterns that a control block may intercept.

Every instruction that `vmm theorem` finds sensitive is in one of these classes
(tests/monitor/test_assist.py holds them against each other), whether it traps
or not.  Encodings: SPARC V8 manual, appendix F; ARM DDI 0406C, chapters A5, A6
and B9; Intel SDM volume 2.  ARM's conditions are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from vmm.cpu.intercept import Pattern

Classes = dict[str, tuple[Pattern, ...]]


def _patterns(rows: Iterable[tuple[int, int]], thumb: bool = False) -> tuple[Pattern, ...]:
    return tuple(Pattern(mask, value, thumb) for mask, value in rows)


STATE = 0xC1F80000  # op and op3 of a SPARC instruction
SPARC: Classes = {
    "state registers": _patterns((
        (STATE, 0x81480000), (STATE, 0x81500000), (STATE, 0x81580000),  # rd psr, wim, tbr
        (STATE, 0x81880000), (STATE, 0x81900000), (STATE, 0x81980000),  # wr
    )),
    "ancillary registers": _patterns(((0xC1FC0000, 0x81440000), (0xE1F80000, 0xA1800000))),
    "exception return": _patterns(((STATE, 0x81C80000),)),  # rett
    "alternate spaces": _patterns((
        (0xC1800000, 0xC0800000), (STATE, 0xC1E00000),  # lda, sta and their like; casa
    )),
    "floating-point queue": _patterns(((STATE, 0xC1300000),)),  # std %fq
}

ARM: Classes = {
    "wait": (
        *_patterns(((0x0FFFFFFF, 0x0320F002), (0x0FFFFFFF, 0x0320F003))),  # wfe, wfi
        *_patterns(((0xFFFF, 0xBF20), (0xFFFF, 0xBF30)), thumb=True),
    ),
    "status": (
        *_patterns((
            (0x0FB00CFF, 0x01000000), (0x0FB0FCF0, 0x0120F000),  # mrs, msr, also banked
            (0x0FB0F000, 0x0320F000),  # msr #
            (0xFFF1FE20, 0xF1000000), (0xFFFFFDFF, 0xF1010000),  # cps, setend
        )),
        *_patterns((
            (0xF000FFEF, 0x8000F3EF), (0xF000FFE0, 0x8000F380),  # mrs, msr
            (0xFFE8, 0xB660), (0xFF00FFFF, 0x8100F3AF), (0xFC00FFFF, 0x8400F3AF),  # cps
            (0xFFF7, 0xB650),  # setend
        ), thumb=True),
    ),
    "system registers": (
        *_patterns((
            (0x0F000E10, 0x0E000E10), (0x0FE00E00, 0x0C400E00),  # mcr, mrc; mcrr, mrrc
            (0x0FE00FFF, 0x0EE00A10),  # vmrs, vmsr
        )),
        *_patterns(((0x0E10FF00, 0x0E10EE00), (0x0E00FFE0, 0x0E00EC40)), thumb=True),
    ),
    "exception return": (
        *_patterns((
            (0x0E10F000, 0x0210F000), (0x0E10F010, 0x0010F000),  # movs pc and its like
            (0x0E500000, 0x08500000), (0x0E500000, 0x08400000),  # ldm ^; stm ^, srs
            (0xFE500000, 0xF8100000), (0x0FFFFFFF, 0x0160006E),  # rfe, eret
        )),
        *_patterns((
            (0xFF00FFFF, 0x8F00F3DE), (0xFFFFFFD0, 0xC000E810), (0xFFFFFFD0, 0xC000E990),
            (0xFFE0FFD0, 0xC000E800), (0xFFE0FFD0, 0xC000E980),  # srs
        ), thumb=True),
    ),
    "unprivileged accesses": (
        *_patterns((
            (0x0F200000, 0x04200000), (0x0F200010, 0x06200000),  # ldrt, strt, ldrbt, strbt
            (0x0F2000B0, 0x002000B0), (0x0F3000D0, 0x003000D0),  # ldrht, strht, ldrsbt, ldrsht
        )),
        *_patterns(((0x0F00FE80, 0x0E00F800),), thumb=True),
    ),
    "calls of a monitor": _patterns(((0x0FF000F0, 0x01400070), (0x0FF000F0, 0x01600070))),
}

X86: Classes = {
    "interrupt flag": _patterns(((0xFE, 0xFA),)),  # cli, sti
    "flags": _patterns(((0xFE, 0x9C),)),  # pushf, popf
    "descriptor tables": _patterns((
        (0x20FFFF, 0x00000F), (0x20FFFF, 0x00010F),  # sldt to ltr, sgdt to lidt
    )),
    "descriptors": _patterns((
        (0x30FFFF, 0x20000F), (0xFEFF, 0x020F),  # verr, verw; lar, lsl
    )),
    "control registers": _patterns((
        (0xFDFF, 0x200F), (0x28FFFF, 0x20010F), (0xFFFF, 0x060F),  # mov; smsw, lmsw; clts
    )),
    "debug registers": _patterns(((0xFDFF, 0x210F),)),
    "model-specific registers": _patterns(((0xFDFF, 0x300F),)),
    "time": _patterns(((0xFDFF, 0x310F),)),  # rdtsc, rdpmc
    "caches": _patterns(((0x38FFFF, 0x38010F), (0xFEFF, 0x080F))),  # invlpg, invd, wbinvd
    "segments": _patterns((
        (0xE7, 0x06), (0xFF, 0x07), (0xF7, 0x17), (0xF6FF, 0xA00F),  # push, pop
        (0xFD, 0x8C), (0xFE, 0xC4), (0xFFFF, 0xB20F), (0xFEFF, 0xB40F),  # mov; les and others
    )),
    "far transfers": _patterns((
        (0xFF, 0x9A), (0xFF, 0xEA), (0xFE, 0xCA), (0xFF, 0xCF),  # call, jmp, ret; iret
        (0x38FF, 0x18FF), (0x38FF, 0x28FF),  # call and jmp through memory
    )),
    "system calls": _patterns(((0xFEFF, 0x340F), (0xFDFF, 0x050F))),  # sysenter, syscall; back
    "ports": _patterns(((0xFC, 0xE4), (0xFC, 0xEC), (0xFC, 0x6C))),
    "halt": _patterns(((0xFF, 0xF4),)),
    "identification": _patterns(((0xFFFF, 0xA20F),)),  # cpuid
}
CLASSES: dict[str, Classes] = {"sparc": SPARC, "arm": ARM, "x86": X86}


def fits(pattern: Pattern, code: bytes, thumb: bool, big: bool) -> bool:
    """Whether a pattern fits the instruction ``code`` (x86: without prefixes)."""
    word = int.from_bytes(code[:4].ljust(4, b"\0"), "big" if big else "little")
    return thumb == pattern.thumb and not (word ^ pattern.value) & pattern.mask
