# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC V8 and LEON3 instruction text, the privileged set included.

SPARC Architecture Manual V8, appendix B (instructions), F (encodings) and A
(the synthetic ones that assemblers take); LEON3's casa, umac and smac are from
the GRLIB IP manual.  V9, which common disassemblers speak, differs in what
it makes of trap conditions, double registers and alternate spaces.
"""

from __future__ import annotations

REGISTERS = (
    *(f"%g{i}" for i in range(8)), *(f"%o{i}" for i in range(6)), "%sp", "%o7",
    *(f"%l{i}" for i in range(8)), *(f"%i{i}" for i in range(6)), "%fp", "%i7",
)
CONDITIONS = ("n", "e", "le", "l", "leu", "cs", "neg", "vs",
              "a", "ne", "g", "ge", "gu", "cc", "pos", "vc")
FLOAT_CONDITIONS = ("n", "ne", "lg", "ul", "l", "ug", "g", "u",
                    "a", "e", "ue", "ge", "uge", "le", "ule", "o")
COPROCESSOR_CONDITIONS = ("n", "123", "12", "13", "1", "23", "2", "3",
                          "a", "0", "03", "02", "023", "01", "013", "012")
ARITHMETIC = {
    0x00: "add", 0x01: "and", 0x02: "or", 0x03: "xor", 0x04: "sub", 0x05: "andn", 0x06: "orn",
    0x07: "xnor", 0x08: "addx", 0x0A: "umul", 0x0B: "smul", 0x0C: "subx", 0x0E: "udiv",
    0x0F: "sdiv", 0x10: "addcc", 0x11: "andcc", 0x12: "orcc", 0x13: "xorcc", 0x14: "subcc",
    0x15: "andncc", 0x16: "orncc", 0x17: "xnorcc", 0x18: "addxcc", 0x1A: "umulcc",
    0x1B: "smulcc", 0x1C: "subxcc", 0x1E: "udivcc", 0x1F: "sdivcc", 0x20: "taddcc",
    0x21: "tsubcc", 0x22: "taddcctv", 0x23: "tsubcctv", 0x24: "mulscc", 0x25: "sll",
    0x26: "srl", 0x27: "sra", 0x3C: "save", 0x3D: "restore", 0x3E: "umac", 0x3F: "smac",
}
STATE_READ = {0x28: "%y", 0x29: "%psr", 0x2A: "%wim", 0x2B: "%tbr"}
STATE_WRITE = {0x30: "%y", 0x31: "%psr", 0x32: "%wim", 0x33: "%tbr"}
LOADS = {
    0x00: "ld", 0x01: "ldub", 0x02: "lduh", 0x03: "ldd", 0x09: "ldsb", 0x0A: "ldsh",
    0x0D: "ldstub", 0x0F: "swap", 0x10: "lda", 0x11: "lduba", 0x12: "lduha", 0x13: "ldda",
    0x19: "ldsba", 0x1A: "ldsha", 0x1D: "ldstuba", 0x1F: "swapa",
}
STORES = {0x04: "st", 0x05: "stb", 0x06: "sth", 0x07: "std",
          0x14: "sta", 0x15: "stba", 0x16: "stha", 0x17: "stda"}
FLOAT_LOADS = {0x20: ("ld", "%f"), 0x21: ("ld", "%fsr"), 0x23: ("ldd", "%f"),
               0x30: ("ld", "%c"), 0x31: ("ld", "%csr"), 0x33: ("ldd", "%c")}
FLOAT_STORES = {0x24: ("st", "%f"), 0x25: ("st", "%fsr"), 0x26: ("std", "%fq"),
                0x27: ("std", "%f"), 0x34: ("st", "%c"), 0x35: ("st", "%csr"),
                0x36: ("std", "%cq"), 0x37: ("std", "%c")}
CASA = 0x3C
FLOAT_ONE = {  # one source
    0x01: "fmovs", 0x05: "fnegs", 0x09: "fabss", 0x29: "fsqrts", 0x2A: "fsqrtd", 0x2B: "fsqrtq",
    0xC4: "fitos", 0xC8: "fitod", 0xCC: "fitoq", 0xC6: "fdtos", 0xC7: "fqtos", 0xC9: "fstod",
    0xCB: "fqtod", 0xCD: "fstoq", 0xCE: "fdtoq", 0xD1: "fstoi", 0xD2: "fdtoi", 0xD3: "fqtoi",
}
FLOAT_TWO = {
    0x41: "fadds", 0x42: "faddd", 0x43: "faddq", 0x45: "fsubs", 0x46: "fsubd", 0x47: "fsubq",
    0x49: "fmuls", 0x4A: "fmuld", 0x4B: "fmulq", 0x4D: "fdivs", 0x4E: "fdivd", 0x4F: "fdivq",
    0x69: "fsmuld", 0x6E: "fdmulq",
}
FLOAT_COMPARE = {0x51: "fcmps", 0x52: "fcmpd", 0x53: "fcmpq",
                 0x55: "fcmpes", 0x56: "fcmped", 0x57: "fcmpeq"}
ASI_NAMES = {
    0x01: "forced cache miss", 0x02: "system control registers", 0x03: "MMU flush and probe",
    0x04: "MMU registers", 0x08: "user instruction", 0x09: "supervisor instruction",
    0x0A: "user data", 0x0B: "supervisor data", 0x0C: "instruction cache tags",
    0x0D: "instruction cache data", 0x0E: "data cache tags", 0x0F: "data cache data",
    0x10: "flush instruction cache", 0x11: "flush data cache", 0x13: "flush context",
    0x14: "data cache context tags", 0x15: "instruction cache context tags",
    0x18: "MMU flush and probe", 0x19: "MMU registers", 0x1C: "MMU bypass",
    0x1D: "MMU diagnostics", 0x1E: "snoop tags",
}


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def _number(value: int) -> str:
    return str(value) if -10 < value < 10 else f"{value:#x}"


def _second(word: int) -> str:
    """The register or 13-bit immediate operand."""
    if word >> 13 & 1:
        return _number(_signed(word & 0x1FFF, 13))
    return REGISTERS[word & 31]


def _address(word: int) -> str:
    """``%o0 + 4``, without what adds nothing."""
    base, second = REGISTERS[word >> 14 & 31], _second(word)
    if second in ("0", "%g0"):
        return base
    if base == "%g0":
        return second
    return f"{base} - {second[1:]}" if second.startswith("-") else f"{base} + {second}"


def asi(word: int) -> int | None:
    """The alternate space identifier of a load or store that has one."""
    op3 = word >> 19 & 0x3F
    alternate = word >> 30 == 3 and (op3 == CASA or (op3 & 0x30 == 0x10))
    return word >> 5 & 0xFF if alternate and not word >> 13 & 1 else None


def target(word: int, address: int) -> int | None:
    """Where a branch or call goes, if its encoding says so."""
    if word >> 30 == 1:
        return address + 4 * (word & 0x3FFFFFFF) & 0xFFFFFFFF
    if word >> 30 == 0 and word >> 22 & 7 in (2, 6, 7):
        return address + 4 * _signed(word & 0x3FFFFF, 22) & 0xFFFFFFFF
    return None


def _branch(word: int, address: int) -> str | None:
    op2, condition = word >> 22 & 7, word >> 25 & 15
    if op2 == 0:
        return f"unimp {word & 0x3FFFFF:#x}"
    if op2 == 4:
        if word == 0x01000000:
            return "nop"
        return f"sethi %hi({(word & 0x3FFFFF) << 10:#x}), {REGISTERS[word >> 25 & 31]}"
    names = {2: ("b", CONDITIONS), 6: ("fb", FLOAT_CONDITIONS), 7: ("cb", COPROCESSOR_CONDITIONS)}
    if op2 not in names:
        return None
    prefix, conditions = names[op2]
    annul = ",a" if word >> 29 & 1 else ""
    return f"{prefix}{conditions[condition]}{annul} {target(word, address):#x}"


def _synthetic(word: int, op3: int) -> str | None:
    """The forms that assemblers have names of their own for (table A-1)."""
    rd, rs1, second = word >> 25 & 31, word >> 14 & 31, _second(word)
    if op3 == 0x02 and not rs1:
        clear = second in ("0", "%g0")
        return f"clr {REGISTERS[rd]}" if clear else f"mov {second}, {REGISTERS[rd]}"
    if op3 == 0x14 and not rd:
        return f"cmp {REGISTERS[rs1]}, {second}"
    if op3 == 0x12 and not rd and not rs1:
        return f"tst {second}"
    if op3 == 0x12 and not rd and second == "%g0":
        return f"tst {REGISTERS[rs1]}"
    if op3 == 0x3D and not rd and not rs1 and second in ("0", "%g0"):
        return "restore"
    return None


def _arithmetic(word: int) -> str | None:
    op3, rd, rs1 = word >> 19 & 0x3F, word >> 25 & 31, word >> 14 & 31
    if op3 == 0x28 and rs1:
        return "stbar" if rs1 == 15 and not rd else f"rd %asr{rs1}, {REGISTERS[rd]}"
    if op3 in STATE_READ:
        return f"rd {STATE_READ[op3]}, {REGISTERS[rd]}"
    if op3 in STATE_WRITE:
        to = f"%asr{rd}" if op3 == 0x30 and rd else STATE_WRITE[op3]
        second = _second(word)
        if second in ("0", "%g0"):
            return f"wr {REGISTERS[rs1]}, {to}"
        return f"wr {second}, {to}" if not rs1 else f"wr {REGISTERS[rs1]}, {second}, {to}"
    if op3 == 0x38:
        return _jump(word, rd)
    if op3 == 0x39:
        return f"rett {_address(word)}"
    if op3 == 0x3A:
        number = _address(word) if rs1 or not word >> 13 & 1 else f"{word & 0x7F:#x}"
        return f"t{CONDITIONS[rd & 15]} {number}"
    if op3 == 0x3B:
        return f"flush {_address(word)}"
    if op3 in (0x34, 0x35):
        return _float(word)
    if op3 in (0x36, 0x37):
        return f"cpop{op3 - 0x35} {word >> 5 & 0x1FF:#x}, %c{rs1}, %c{word & 31}, %c{rd}"
    if op3 not in ARITHMETIC:
        return None
    synthetic = _synthetic(word, op3)
    return synthetic or f"{ARITHMETIC[op3]} {REGISTERS[rs1]}, {_second(word)}, {REGISTERS[rd]}"


def _jump(word: int, rd: int) -> str:
    address = _address(word)
    if not rd:
        return {"%i7 + 8": "ret", "%o7 + 8": "retl"}.get(address, f"jmp {address}")
    return f"call {address}" if rd == 15 else f"jmpl {address}, {REGISTERS[rd]}"


def _float(word: int) -> str | None:
    opf, rd, rs1, rs2 = word >> 5 & 0x1FF, word >> 25 & 31, word >> 14 & 31, word & 31
    if opf in FLOAT_ONE:
        return f"{FLOAT_ONE[opf]} %f{rs2}, %f{rd}"
    if opf in FLOAT_TWO:
        return f"{FLOAT_TWO[opf]} %f{rs1}, %f{rs2}, %f{rd}"
    if opf in FLOAT_COMPARE:
        return f"{FLOAT_COMPARE[opf]} %f{rs1}, %f{rs2}"
    return f"fpop{(word >> 19 & 1) + 1} {opf:#x}, %f{rs1}, %f{rs2}, %f{rd}"


def _memory(word: int) -> str | None:
    op3, rd = word >> 19 & 0x3F, word >> 25 & 31
    where, space = f"[{_address(word)}]", asi(word)
    if op3 == CASA:
        where = f"[{REGISTERS[word >> 14 & 31]}]"
    suffix = "" if space is None else f" {space:#x}"
    comment = "" if space is None or space not in ASI_NAMES else f"  ! {ASI_NAMES[space]}"
    if op3 == CASA:
        return f"casa {where}{suffix}, {REGISTERS[word & 31]}, {REGISTERS[rd]}{comment}"
    if op3 in LOADS:
        return f"{LOADS[op3]} {where}{suffix}, {REGISTERS[rd]}{comment}"
    if op3 in STORES:
        return f"{STORES[op3]} {REGISTERS[rd]}, {where}{suffix}{comment}"
    if op3 in FLOAT_LOADS:
        name, to = FLOAT_LOADS[op3]
        return f"{name} {where}, {to}{rd if len(to) == 2 else ''}"
    if op3 in FLOAT_STORES:
        name, of = FLOAT_STORES[op3]
        return f"{name} {of}{rd if len(of) == 2 else ''}, {where}"
    return None


def text(word: int, address: int = 0) -> str:
    """Assembly text of one instruction word at ``address``."""
    match word >> 30:
        case 0:
            found = _branch(word, address)
        case 1:
            found = f"call {target(word, address):#x}"
        case 2:
            found = _arithmetic(word)
        case _:
            found = _memory(word)
    return found or f".word {word:#010x}"
