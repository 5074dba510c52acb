# SPDX-License-Identifier: GPL-2.0-or-later
"""What SPARC blocks make of condition codes and branches is what their instructions do alone."""

from __future__ import annotations

from vmm.cpu.selftest.scratch import CODE, G1, G2, NOP, alu, expect, sparc

ORCC, UDIVCC, ADDXCC, SUBXCC = 0x12, 0x1E, 0x18, 0x1C
N, Z, V, C = 8, 4, 2, 1  # PSR.icc
# Left by an instruction that leaves no carry; first operand, and icc with 1 as the second.
CARRIES = (
    (ADDXCC, 0x7FFFFFFF, N | V), (ADDXCC, 0xFFFFFFFF, Z | C), (ADDXCC, 5, 0),
    (SUBXCC, 0x80000000, V), (SUBXCC, 0, N | C), (SUBXCC, 1, Z),
)
BNE, BA, BNE_ANNULLING = 0x12800000, 0x10800000, 0x32800000


def blocks_are_their_instructions() -> str:
    """ADDXCC and SUBXCC behind a logical operation (V8 manual, B.12), branches behind branches."""
    for before in (alu(ORCC, 0, 0, 1), alu(UDIVCC, 0, G1, 1)):
        for op3, operand, icc in CARRIES:
            scratch = sparc()
            scratch.processor.registers["g1"] = operand
            scratch.put(CODE, [before, alu(op3, G2, G1, 1), NOP, NOP])
            scratch.run(3)
            expect("icc", scratch.processor.registers["psr"] >> 20 & 15, icc)
    for second in (BA, BNE, BNE_ANNULLING):
        scratch = sparc()
        scratch.put(CODE, [BNE | 8, second | 16, *[NOP] * 30])
        scratch.run(4)
        expect("pc", scratch.processor.pc, CODE + 4 + 4 * 17)
    return "condition codes and coupled branches"
