# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC V8 instructions to classify: appendix B of the manual, and LEON3's own.

Encodings are built from appendix F's formats.  Operands are chosen so that an
instruction that may do something does something that shows.
"""

from __future__ import annotations

from vmm.monitor.theorem.instruction import Instruction
from vmm.monitor.theorem.laboratory import PALINDROME, SOURCE, TARGET

G0, G1, G2, G3, G4, O6 = 0, 1, 2, 3, 4, 14
DOUBLE = SOURCE  # aligned to 8


def _word(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _alu(op3: int, rd: int, rs1: int, immediate: int) -> bytes:
    return _word(2 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 | immediate & 0x1FFF)


def _memory(op3: int, rd: int, rs1: int, asi: int | None = None, rs2: int = 0) -> bytes:
    form = 3 << 30 | rd << 25 | op3 << 19 | rs1 << 14
    return _word(form | 1 << 13 if asi is None else form | asi << 5 | rs2)


def _float(op3: int, opf: int, rd: int, rs1: int, rs2: int) -> bytes:
    return _word(2 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | opf << 5 | rs2)


RDY, RDPSR, RDWIM, RDTBR = 0x28, 0x29, 0x2A, 0x2B
WRY, WRPSR, WRWIM, WRTBR = 0x30, 0x31, 0x32, 0x33
JMPL, RETT, TICC, FLUSH, SAVE, RESTORE = 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D
LD, LDUB, LDUH, LDD, ST, STB, STH, STD = range(8)
LDSB, LDSH, LDSTUB, SWAP, CASA = 0x09, 0x0A, 0x0D, 0x0F, 0x3C
ALTERNATE = 0x10
AT = {"g2": SOURCE}

# (space, address, what is there): GRLIB IP manual, LEON3, "ASI assignments"
SPACES = (
    (0x02, 0x00, "cache control"), (0x08, SOURCE, "user instruction"),
    (0x09, SOURCE, "supervisor instruction"), (0x0A, SOURCE, "user data"),
    (0x0B, SOURCE, "supervisor data"), (0x0C, 0, "instruction cache tags"),
    (0x0D, 0, "instruction cache data"), (0x0E, 0, "data cache tags"),
    (0x0F, 0, "data cache data"), (0x10, 0, "flush instruction cache"),
    (0x11, 0, "flush data cache"), (0x18, 0x400, "MMU flush"),
    (0x19, 0x000, "MMU control"), (0x19, 0x100, "MMU context table"),
    (0x19, 0x200, "MMU context"), (0x19, 0x300, "MMU fault status"),
    (0x19, 0x400, "MMU fault address"), (0x1C, SOURCE, "MMU bypass"),
)
STATE_WRITTEN = {0x19000: 0, 0x19100: 0x200, 0x19200: 1, 0x02000: 0xF}  # by space and address


def _spaces() -> list[Instruction]:
    found = []
    for asi, address, what in SPACES:
        at = {"g2": address}
        value = STATE_WRITTEN.get(asi << 12 | address, 0x11111111)
        found += [
            Instruction(f"lda {asi:#04x} ({what})", _memory(LD | ALTERNATE, G1, G2, asi), True, at),
            Instruction(f"sta {asi:#04x} ({what})", _memory(ST | ALTERNATE, G1, G2, asi), True,
                        at | {"g1": value}),
        ]
    return found


def _state_registers() -> list[Instruction]:
    found = [
        Instruction("rd %psr", _alu(RDPSR, G1, 0, 0)),
        Instruction("rd %wim", _alu(RDWIM, G1, 0, 0)),
        Instruction("rd %tbr", _alu(RDTBR, G1, 0, 0)),
        Instruction("wr %psr", _alu(WRPSR, 0, G1, 0), True, {"g1": 0x15A4}),
        Instruction("wr %wim", _alu(WRWIM, 0, G1, 0), True, {"g1": 0x81}),
        Instruction("wr %tbr", _alu(WRTBR, 0, G1, 0), True, {"g1": 0xA000}),
    ]
    for number in (16, 17, 18, 19, 24):
        found += [
            Instruction(f"rd %asr{number}", _alu(RDY, G1, number, 0)),
            Instruction(f"wr %asr{number}", _alu(WRY, number, G1, 0), True, {"g1": 0}),
        ]
    return found


SYSTEM: tuple[Instruction, ...] = (
    *_state_registers(),
    Instruction("rett", _alu(RETT, 0, G2, 0), True, {"g2": TARGET}),
    Instruction("std %fq", _memory(0x26, 0, G2), True, AT),
    *_spaces(),
    *(
        Instruction(f"{name} 0x0b", _memory(op3 | ALTERNATE, G4, G2, 0x0B), True, AT)
        for name, op3 in (("ldda", LDD), ("lduba", LDUB), ("lduha", LDUH), ("ldsba", LDSB),
                          ("ldsha", LDSH), ("stba", STB), ("stha", STH), ("stda", STD),
                          ("ldstuba", LDSTUB), ("swapa", SWAP))
    ),
    Instruction("casa 0x0b", _memory(CASA, G1, G2, 0x0B, G3), True,
                {**AT, "g1": 7, "g3": 0}),
    Instruction("casa 0x0a", _memory(CASA, G1, G2, 0x0A, G3), True,
                {**AT, "g1": 7, "g3": 0}),
    Instruction("flush", _alu(FLUSH, 0, G2, 0), True, AT),
    Instruction("ta 3", _alu(TICC, 8, 0, 3)),
    Instruction("save", _alu(SAVE, O6, O6, -96)),
    Instruction("restore", _alu(RESTORE, 0, 0, 0)),
    Instruction("ld %fsr", _memory(0x21, 0, G2), True, AT),
    Instruction("st %fsr", _memory(0x25, 0, G2), True, AT),
    Instruction("rd %y", _alu(RDY, G1, 0, 0)),
    Instruction("wr %y", _alu(WRY, 0, G1, 1)),
    Instruction("stbar", _alu(RDY, 0, 15, 0)),
    Instruction("cpop1", _float(0x36, 0, 0, 0, 0)),
)

ORDINARY: tuple[Instruction, ...] = tuple(
    Instruction(name, code, False, registers)
    for name, code, registers in (
        ("nop", _word(0x01000000), {}),
        ("sethi", _word(0x03000000 | 0x12345), {}),
        ("add", _alu(0x00, G1, G2, 5), {}),
        ("subcc", _alu(0x14, G1, G2, 5), {}),
        ("umul", _alu(0x0A, G1, G2, 5), {}),
        ("sdiv", _alu(0x0F, G1, G2, 5), {"y": 0}),
        ("mulscc", _alu(0x24, G1, G2, 5), {}),
        ("taddcctv", _alu(0x22, G1, G2, 4), {"g2": 8}),
        ("sll", _alu(0x25, G1, G2, 3), {}),
        ("ld", _memory(LD, G1, G2), AT),
        ("ldub", _memory(LDUB, G1, G2), AT),
        ("ldd", _memory(LDD, G4, G2), {"g2": DOUBLE}),
        ("st", _memory(ST, G1, G2), {**AT, "g1": PALINDROME}),
        ("std", _memory(STD, G4, G2), {"g2": DOUBLE}),
        ("swap", _memory(SWAP, G1, G2), AT),
        ("ldstub", _memory(LDSTUB, G1, G2), AT),
        ("ld %f", _memory(0x20, 1, G2), AT),
        ("fadds", _float(0x34, 0x41, 1, 2, 3), {}),
        ("fcmps", _float(0x35, 0x51, 0, 1, 2), {}),
        ("ba", _word(0x10800004), {}),
        ("call", _word(0x40000010), {}),
        ("jmpl", _alu(JMPL, G1, G2, 0), {"g2": TARGET}),
        ("unimp", _word(0), {}),
    )
)
TABLE = (*SYSTEM, *ORDINARY)
