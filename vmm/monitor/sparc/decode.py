# SPDX-License-Identifier: GPL-2.0-or-later
"""The privileged instructions of SPARC V8, as fields.

SPARC Architecture Manual V8, appendix B: RDPSR, RDWIM, RDTBR (B.28), WRPSR,
WRWIM, WRTBR (B.29), RETT (B.26), loads and stores of alternate spaces (B.2, B.5,
B.7, B.8), STDFQ (B.4); CASA of the GRLIB IP manual.  The real processor has
already looked at the rest of the encoding: an immediate alternate space or an
odd double register is illegal before it is privileged.
"""

from __future__ import annotations

from dataclasses import dataclass

LOAD, STORE, LOAD_DOUBLE, STORE_DOUBLE, LDSTUB, SWAP, CASA = range(7)

STATE = {  # op 2, by op3
    0x29: "rd %psr", 0x2A: "rd %wim", 0x2B: "rd %tbr",
    0x31: "wr %psr", 0x32: "wr %wim", 0x33: "wr %tbr", 0x39: "rett",
}
ALTERNATE = {  # op 3, by op3: name, what it does, bytes, signed
    0x10: ("lda", LOAD, 4, False), 0x11: ("lduba", LOAD, 1, False),
    0x12: ("lduha", LOAD, 2, False), 0x13: ("ldda", LOAD_DOUBLE, 8, False),
    0x14: ("sta", STORE, 4, False), 0x15: ("stba", STORE, 1, False),
    0x16: ("stha", STORE, 2, False), 0x17: ("stda", STORE_DOUBLE, 8, False),
    0x19: ("ldsba", LOAD, 1, True), 0x1A: ("ldsha", LOAD, 2, True),
    0x1D: ("ldstuba", LDSTUB, 1, False), 0x1F: ("swapa", SWAP, 4, False),
    0x3C: ("casa", CASA, 4, False),
}
STDFQ = 0x26


@dataclass(frozen=True, slots=True)
class Instruction:
    """One privileged instruction.

    The second operand is register ``rs2``, or ``immediate`` if that is not None.
    """

    name: str
    rd: int
    rs1: int
    rs2: int
    immediate: int | None = None
    asi: int = 0  # of an access to an alternate space, with:
    operation: int = LOAD
    size: int = 4  # bytes
    signed: bool = False


def decode(word: int) -> Instruction | None:
    """The privileged instruction that ``word`` is, or None."""
    op, op3 = word >> 30, word >> 19 & 0x3F
    rd, rs1, rs2 = word >> 25 & 31, word >> 14 & 31, word & 31
    if op == 2 and op3 in STATE:
        immediate = None
        if word >> 13 & 1:
            immediate = (word & 0xFFF) - (word & 0x1000)
        return Instruction(STATE[op3], rd, rs1, rs2, immediate)
    if op == 3 and op3 in ALTERNATE and not word >> 13 & 1:
        name, operation, size, signed = ALTERNATE[op3]
        asi = word >> 5 & 0xFF
        return Instruction(f"{name} {asi:#04x}", rd, rs1, rs2, None, asi, operation, size, signed)
    if op == 3 and op3 == STDFQ:
        return Instruction("std %fq", rd, rs1, rs2)
    return None
