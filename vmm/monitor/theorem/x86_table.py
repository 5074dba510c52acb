# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 instructions to classify: the system instructions and what touches their state.

Intel SDM volume 3A, table 2-3 (system instructions), and from volume 2 all
that reads or writes segment registers, descriptors, flags beyond arithmetic,
ports and the time.  Encodings are volume 2's, for 32-bit code.
"""

from __future__ import annotations

import struct

from vmm.monitor.theorem.instruction import Instruction
from vmm.monitor.theorem.laboratory import PALINDROME, PROBE, SOURCE, TARGET
from vmm.monitor.theorem.x86 import (
    CODE_3,
    CONFORMING,
    DATA_0,
    DATA_3,
    LDT_AT,
    OTHER_DATA,
    OTHER_TSS,
    STACK_TOP,
)

AT = struct.pack("<I", SOURCE)  # a 32-bit displacement
FAR = struct.pack("<IH", TARGET, CONFORMING)  # a pointer to code that any level may enter
SELECTOR = OTHER_DATA | 3
OUTER = (STACK_TOP, DATA_3 | 3)  # what a return to another level pops besides
IRET = struct.pack("<5I", TARGET, CODE_3 | 3, 0x3002, *OUTER)
LRET = struct.pack("<4I", TARGET, CODE_3 | 3, *OUTER)
FLAGS = struct.pack("<I", 0x3002)  # IOPL 3, IF clear


def _system(
    name: str, code: str | bytes, memory: dict[int, bytes] | None = None, **registers: int
) -> Instruction:
    data = bytes.fromhex(code) if isinstance(code, str) else code
    return Instruction(name, data, True, registers, memory or {})


def _pushed(value: int) -> dict[int, bytes]:
    return {STACK_TOP: struct.pack("<I", value)}


SYSTEM: tuple[Instruction, ...] = (
    # flags
    _system("cli", "fa"), _system("sti", "fb"),
    _system("pushf", "9c"), _system("pushfw", "669c"),
    _system("popf", "9d", {STACK_TOP: FLAGS}), _system("popfw", "669d", {STACK_TOP: FLAGS}),
    # descriptor tables
    _system("sgdt", b"\x0f\x01\x05" + AT), _system("sidt", b"\x0f\x01\x0d" + AT),
    _system("lgdt", b"\x0f\x01\x15" + AT, {SOURCE: struct.pack("<HI", 0x7F, 0x1800)}),
    _system("lidt", b"\x0f\x01\x1d" + AT, {SOURCE: struct.pack("<HI", 0x7F, 0x1800)}),
    _system("sldt", "0f00c0"), _system("sldt (memory)", b"\x0f\x00\x05" + AT),
    _system("str", "0f00c8"), _system("str (memory)", b"\x0f\x00\x0d" + AT),
    _system("lldt", "0f00d0", eax=0), _system("ltr", "0f00d8", eax=OTHER_TSS),
    _system("lldt (loaded)", "0f00d0", eax=LDT_AT),
    # looking at descriptors
    _system("lar", "0f02c1", ecx=DATA_0), _system("lsl", "0f03c1", ecx=DATA_0),
    _system("verr", "0f00e1", ecx=DATA_0), _system("verw", "0f00e9", ecx=DATA_0),
    _system("arpl", "63c8", eax=DATA_0, ecx=3),
    # control registers
    _system("smsw", "0f01e0"), _system("smsw (memory)", b"\x0f\x01\x25" + AT),
    _system("lmsw", "0f01f0", eax=0x3B), _system("clts", "0f06"),
    *(_system(f"mov eax, cr{n}", bytes((0x0F, 0x20, 0xC0 | n << 3))) for n in (0, 2, 3, 4)),
    _system("mov cr0, eax", "0f22c0", eax=0x8000003B),
    _system("mov cr2, eax", "0f22d0", eax=0x5000),
    _system("mov cr3, eax", "0f22d8", eax=0x6000),
    _system("mov cr4, eax", "0f22e0", eax=0x8),
    *(_system(f"mov eax, dr{n}", bytes((0x0F, 0x21, 0xC0 | n << 3))) for n in (0, 6, 7)),
    _system("mov dr0, eax", "0f23c0", eax=0x5000), _system("mov dr7, eax", "0f23f8", eax=0x600),
    # caches, TLB, model-specific registers, counters
    _system("invd", "0f08"), _system("wbinvd", "0f09"),
    _system("invlpg", b"\x0f\x01\x3d" + struct.pack("<I", PROBE)),
    _system("rdmsr", "0f32", ecx=0x174), _system("wrmsr", "0f30", ecx=0x174, eax=0x18, edx=0),
    _system("rdtsc", "0f31"), _system("rdtscp", "0f01f9"), _system("rdpmc", "0f33", ecx=0),
    _system("cpuid", "0fa2", eax=1), _system("xgetbv", "0f01d0", ecx=0),
    # ports
    _system("in al, imm", "e460"), _system("in eax, dx", "ed", edx=0x60),
    _system("out imm, al", "e660"), _system("out dx, eax", "ef", edx=0x60),
    _system("insb", "6c", edx=0x60, edi=SOURCE), _system("outsb", "6e", edx=0x60, esi=SOURCE),
    # stopping, other modes
    _system("hlt", "f4"), _system("rsm", "0faa"), _system("monitor", "0f01c8"),
    _system("mwait", "0f01c9"), _system("vmcall", "0f01c1"), _system("vmmcall", "0f01d9"),
    _system("sysenter", "0f34"), _system("sysexit", "0f35", edx=TARGET, ecx=STACK_TOP),
    # segment registers
    *(_system(f"push {name}", code) for name, code in (
        ("cs", "0e"), ("ss", "16"), ("ds", "1e"), ("es", "06"), ("fs", "0fa0"), ("gs", "0fa8"))),
    *(_system(f"pop {name}", code, _pushed(SELECTOR)) for name, code in (
        ("ss", "17"), ("ds", "1f"), ("es", "07"), ("fs", "0fa1"), ("gs", "0fa9"))),
    *(_system(f"mov eax, {name}", bytes((0x8C, 0xC0 | n << 3)))
      for n, name in enumerate(("es", "cs", "ss", "ds", "fs", "gs"))),
    *(_system(f"mov {name}, eax", bytes((0x8E, 0xC0 | n << 3)), eax=SELECTOR)
      for n, name in enumerate(("es", "cs", "ss", "ds", "fs", "gs")) if name != "cs"),
    *(_system(f"l{name} eax, [m]", bytes.fromhex(code) + AT,
              {SOURCE: struct.pack("<IH", PALINDROME, SELECTOR)}) for name, code in (
        ("ds", "c505"), ("es", "c405"), ("ss", "0fb205"), ("fs", "0fb405"), ("gs", "0fb505"))),
    # far transfers
    _system("jmp far", b"\xea" + FAR), _system("call far", b"\x9a" + FAR),
    _system("jmp far [m]", b"\xff\x2d" + AT, {SOURCE: FAR}),
    _system("call far [m]", b"\xff\x1d" + AT, {SOURCE: FAR}),
    _system("ret far", "cb", {STACK_TOP: LRET}), _system("iret", "cf", {STACK_TOP: IRET}),
    # traps
    _system("int 0x80", "cd80"), _system("int3", "cc"), _system("int1", "f1"),
    _system("ud2", "0f0b"),
)


def _ordinary(
    name: str, code: str | bytes, memory: dict[int, bytes] | None = None, **registers: int
) -> Instruction:
    data = bytes.fromhex(code) if isinstance(code, str) else code
    return Instruction(name, data, False, registers, memory or {})


ORDINARY: tuple[Instruction, ...] = (
    _ordinary("nop", "90"), _ordinary("pause", "f390"), _ordinary("add", "01c8"),
    _ordinary("imul", "0fafc1"), _ordinary("div", "f7f1", edx=0), _ordinary("bswap", "0fc8"),
    _ordinary("mov load", b"\x8b\x05" + AT), _ordinary("mov store", b"\x89\x05" + AT),
    _ordinary("lea", "8d4104"), _ordinary("xchg", b"\x87\x05" + AT),
    _ordinary("lock xadd", b"\xf0\x0f\xc1\x05" + AT),
    _ordinary("cmpxchg", b"\x0f\xb1\x0d" + AT), _ordinary("push", "50"), _ordinary("pop", "58"),
    _ordinary("pusha", "60"), _ordinary("popa", "61"), _ordinary("enter", "c8100000"),
    _ordinary("leave", "c9"), _ordinary("movsb", "a4", esi=SOURCE, edi=SOURCE + 64),
    _ordinary("call", "e810000000"), _ordinary("ret", "c3", _pushed(TARGET)),
    _ordinary("jmp", "eb10"), _ordinary("jz", "7410"), _ordinary("lahf", "9f"),
    _ordinary("sahf", "9e", eax=0xD700), _ordinary("cld", "fc"), _ordinary("std", "fd"),
    _ordinary("cmc", "f5"), _ordinary("daa", "27"), _ordinary("bt", b"\x0f\xa3\x05" + AT, eax=3),
    _ordinary("into", "ce"), _ordinary("bound", b"\x62\x05" + AT),
    _ordinary("fld1", "d9e8"), _ordinary("fnstsw", "dfe0"), _ordinary("fwait", "9b"),
)
TABLE = (*SYSTEM, *ORDINARY)
