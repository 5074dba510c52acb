"""SPARC V8 instruction text, the privileged set included.

Capstone knows the user instructions; the ones it does not (state registers,
alternate space, atomics, double words) are decoded here from their fields
(SPARC V8 manual, appendix F).
"""

from __future__ import annotations

from functools import cache

import capstone

REGISTERS = tuple(f"%{bank}{i}" for bank in "goli" for i in range(8))

STATE_READ = {0x28: "%y", 0x29: "%psr", 0x2A: "%wim", 0x2B: "%tbr"}
STATE_WRITE = {0x30: "%y", 0x31: "%psr", 0x32: "%wim", 0x33: "%tbr"}
LOADS = {
    0x03: "ldd", 0x0D: "ldstub", 0x0F: "swap", 0x10: "lda", 0x11: "lduba", 0x12: "lduha",
    0x13: "ldda", 0x19: "ldsba", 0x1A: "ldsha", 0x1D: "ldstuba", 0x1F: "swapa",
}
STORES = {0x07: "std", 0x14: "sta", 0x15: "stba", 0x16: "stha", 0x17: "stda"}


@cache
def _capstone() -> capstone.Cs:
    return capstone.Cs(capstone.CS_ARCH_SPARC, capstone.CS_MODE_BIG_ENDIAN)


def _second(word: int) -> str:
    if word >> 13 & 1:
        value = word & 0x1FFF
        return str(value - 0x2000 if value & 0x1000 else value)
    return REGISTERS[word & 31]


def _address(word: int) -> str:
    base, second = REGISTERS[word >> 14 & 31], _second(word)
    if second in ("0", "%g0"):
        return f"[{base}]"
    return f"[{base} + {second}]" if not second.startswith("-") else f"[{base} - {second[1:]}]"


def _own(word: int) -> str | None:
    op, op3 = word >> 30, word >> 19 & 0x3F
    rd, rs1 = REGISTERS[word >> 25 & 31], REGISTERS[word >> 14 & 31]
    asi = "" if word >> 13 & 1 else f" {word >> 5 & 0xFF:#x}"
    if op == 0 and word >> 22 & 7 == 0:
        return f"unimp {word & 0x3FFFFF:#x}"
    if op == 2:
        if op3 == 0x28 and word >> 14 & 31:
            return f"rd %asr{word >> 14 & 31}, {rd}"
        if op3 in STATE_READ:
            return f"rd {STATE_READ[op3]}, {rd}"
        if op3 in STATE_WRITE:
            target = STATE_WRITE[op3]
            if op3 == 0x30 and word >> 25 & 31:
                target = f"%asr{word >> 25 & 31}"
            return f"wr {rs1}, {_second(word)}, {target}"
        if op3 == 0x39:
            return f"rett {_address(word)[1:-1]}"
        if op3 == 0x3B:
            return f"flush {_address(word)}"
        if op3 == 0x24:
            return f"mulscc {rs1}, {_second(word)}, {rd}"
    if op == 3:
        if op3 == 0x3C:
            return f"casa [{rs1}]{asi}, {REGISTERS[word & 31]}, {rd}"
        if op3 in LOADS:
            return f"{LOADS[op3]} {_address(word)}{asi if op3 & 0x10 else ''}, {rd}"
        if op3 in STORES:
            return f"{STORES[op3]} {rd}, {_address(word)}{asi if op3 & 0x10 else ''}"
    return None


def text(word: int, address: int = 0) -> str:
    """Assembly text of one instruction word at ``address``."""
    own = _own(word)
    if own is not None:
        return own
    for instruction in _capstone().disasm(word.to_bytes(4, "big"), address, 1):
        return f"{instruction.mnemonic} {instruction.op_str}".strip()
    return f".word {word:#010x}"
