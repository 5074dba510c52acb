# SPDX-License-Identifier: GPL-2.0-or-later
"""Field tables of ARM (DDI 0406C: B1.3.3, B3.5 and B3.6 for descriptors, B3.13, B4.1).

Fault status registers and translation table control have two layouts, for
short and for long descriptors; a bit of the register itself says which.
"""

from __future__ import annotations

from vmm.cpu.arm.registers import MODE_NAMES
from vmm.debug.explain.fields import Bits, Layout, address, flag

MODES = {
    0x10: "User", 0x11: "FIQ", 0x12: "IRQ", 0x13: "Supervisor", 0x16: "Monitor", 0x17: "Abort",
    0x1A: "Hyp", 0x1B: "Undefined", 0x1F: "System",
}
assert MODES.keys() == MODE_NAMES.keys()

# Table B3-23: FS[4], FS[3:0]
SHORT_STATUS = {
    0x01: "Alignment fault", 0x02: "Debug event", 0x03: "Access flag fault, first level",
    0x04: "Instruction cache maintenance fault", 0x05: "Translation fault, first level",
    0x06: "Access flag fault, second level", 0x07: "Translation fault, second level",
    0x08: "Synchronous external abort", 0x09: "Domain fault, first level",
    0x0B: "Domain fault, second level",
    0x0C: "Synchronous external abort on translation table walk, first level",
    0x0D: "Permission fault, first level",
    0x0E: "Synchronous external abort on translation table walk, second level",
    0x0F: "Permission fault, second level", 0x10: "TLB conflict abort",
    0x14: "Implementation defined fault (Lockdown)",
    0x16: "Asynchronous external abort",
    0x18: "Asynchronous parity error on memory access",
    0x19: "Synchronous parity error on memory access",
    0x1A: "Implementation defined fault (Coprocessor abort)",
    0x1C: "Synchronous parity error on translation table walk, first level",
    0x1E: "Synchronous parity error on translation table walk, second level",
}
# Table B3-24: STATUS
LONG_STATUS = {
    **{0x04 + n: f"Translation fault, level {n}" for n in (1, 2, 3)},
    **{0x08 + n: f"Access flag fault, level {n}" for n in (1, 2, 3)},
    **{0x0C + n: f"Permission fault, level {n}" for n in (1, 2, 3)},
    0x00: "Address size fault, translation table base",
    0x10: "Synchronous external abort", 0x11: "Asynchronous external abort",
    **{0x14 + n: f"Synchronous external abort on translation table walk, level {n}"
       for n in (1, 2, 3)},
    0x18: "Synchronous parity error on memory access",
    0x19: "Asynchronous parity error on memory access",
    **{0x1C + n: f"Synchronous parity error on translation table walk, level {n}"
       for n in (1, 2, 3)},
    0x21: "Alignment fault", 0x22: "Debug event", 0x30: "TLB conflict abort",
}
EXCEPTION_CLASS = {
    0x00: "Unknown reason", 0x01: "Trapped WFI or WFE", 0x03: "Trapped MCR or MRC to CP15",
    0x04: "Trapped MCRR or MRRC to CP15", 0x05: "Trapped MCR or MRC to CP14",
    0x06: "Trapped LDC or STC to CP14", 0x07: "HCPTR-trapped access to CP0-CP13",
    0x08: "Trapped MRC or VMRS to CP10 (ID group)", 0x0A: "Trapped BXJ",
    0x0C: "Trapped MRRC to CP14", 0x11: "SVC taken to Hyp mode", 0x12: "HVC executed",
    0x13: "Trapped SMC", 0x20: "Prefetch abort routed to Hyp mode",
    0x21: "Prefetch abort taken from Hyp mode", 0x24: "Data abort routed to Hyp mode",
    0x25: "Data abort taken from Hyp mode",
}
_NZCV = (
    flag("N", 31, "negative", "not negative"), flag("Z", 30, "zero", "not zero"),
    flag("C", 29, "carry", "no carry"), flag("V", 28, "overflow", "no overflow"),
)
CPSR: Layout = (
    *_NZCV, flag("Q", 27, "saturation happened"),
    Bits("IT[1:0]", 26, 25, "If-Then state"), flag("J", 24, "Jazelle or ThumbEE"),
    Bits("GE", 19, 16, "greater or equal, a bit a byte"), Bits("IT[7:2]", 15, 10, "If-Then state"),
    flag("E", 9, "big-endian data", "little-endian data"),
    flag("A", 8, "asynchronous aborts masked", "asynchronous aborts taken"),
    flag("I", 7, "IRQ masked", "IRQ taken"), flag("F", 6, "FIQ masked", "FIQ taken"),
    flag("T", 5, "Thumb state", "ARM state"), Bits("M", 4, 0, "mode", MODES),
)
SCTLR: Layout = (
    flag("TE", 30, "exceptions are taken in Thumb state", "exceptions are taken in ARM state"),
    flag("AFE", 29, "AP[0] is the access flag", "AP[0] is a permission bit"),
    flag("TRE", 28, "TEX remap", "no TEX remap"),
    flag("EE", 25, "exceptions are taken big-endian", "exceptions are taken little-endian"),
    flag("UWXN", 20, "what user may write, the privileged may not execute"),
    flag("WXN", 19, "what may be written may not be executed"),
    flag("V", 13, "high vectors, at ffff0000", "vectors at VBAR"),
    flag("I", 12, "instruction cache on", "instruction cache off"),
    flag("Z", 11, "branch prediction on", "branch prediction off"),
    flag("R", 9, "ROM protection (before ARMv6)"),
    flag("S", 8, "system protection (before ARMv6)"),
    flag("C", 2, "data cache on", "data cache off"),
    flag("A", 1, "unaligned accesses abort", "unaligned accesses are allowed"),
    flag("M", 0, "MMU on", "MMU off"),
)
_STATUS_HEAD = (
    flag("CM", 13, "by a cache maintenance operation"),
    flag("ExT", 12, "external abort by a slave error, not a decode error"),
)
DFSR_SHORT: Layout = (
    *_STATUS_HEAD, flag("WnR", 11, "a write", "a read"),
    Bits("FS[4]", 10, 10, "fault status, bit 4"),
    flag("LPAE", 9, "long-descriptor format", "short-descriptor format"),
    Bits("Domain", 7, 4, "domain of the address"), Bits("FS[3:0]", 3, 0, "fault status"),
)
DFSR_LONG: Layout = (
    *_STATUS_HEAD, flag("WnR", 11, "a write", "a read"),
    flag("LPAE", 9, "long-descriptor format", "short-descriptor format"),
    Bits("STATUS", 5, 0, "", LONG_STATUS),
)
IFSR_SHORT: Layout = (
    _STATUS_HEAD[1], Bits("FS[4]", 10, 10, "fault status, bit 4"),
    flag("LPAE", 9, "long-descriptor format", "short-descriptor format"),
    Bits("FS[3:0]", 3, 0, "fault status"),
)
IFSR_LONG: Layout = (_STATUS_HEAD[1], DFSR_LONG[3], DFSR_LONG[4])
TTBCR_SHORT: Layout = (
    flag("EAE", 31, "long descriptors", "short descriptors"),
    flag("PD1", 5, "TTBR1 disabled", "TTBR1 enabled"),
    flag("PD0", 4, "TTBR0 disabled", "TTBR0 enabled"),
    Bits("N", 2, 0, "TTBR1 is for addresses with any of the top N bits set", {0: "TTBR0 only"}),
)
_SHARE = {0: "non-shareable", 2: "outer shareable", 3: "inner shareable"}
TTBCR_LONG: Layout = (
    flag("EAE", 31, "long descriptors", "short descriptors"),
    Bits("SH1", 29, 28, "TTBR1 walks", _SHARE),
    flag("EPD1", 23, "TTBR1 disabled", "TTBR1 enabled"),
    Bits("A1", 22, 22, "ASID from", {0: "TTBR0", 1: "TTBR1"}),
    Bits("T1SZ", 18, 16, "size of TTBR1's region: 2^(32-T1SZ) bytes"),
    Bits("SH0", 13, 12, "TTBR0 walks", _SHARE),
    flag("EPD0", 7, "TTBR0 disabled", "TTBR0 enabled"),
    Bits("T0SZ", 2, 0, "size of TTBR0's region: 2^(32-T0SZ) bytes"),
)
TTBR: Layout = (
    address("base", 31, 7, "translation table base"),
    flag("NOS", 5, "not outer shareable"), flag("S", 1, "shareable", "non-shareable"),
)
TTBR_LONG: Layout = (
    Bits("ASID", 55, 48, "address space identifier"),
    address("BADDR", 39, 5, "translation table base"),
)
VTTBR: Layout = (
    Bits("VMID", 55, 48, "virtual machine identifier"),
    address("BADDR", 39, 5, "stage 2 translation table base"),
)
VTCR: Layout = (
    Bits("SH0", 13, 12, "walks", _SHARE),
    Bits("SL0", 7, 6, "first level", {0: "2", 1: "1"}),
    flag("S", 4, "T0SZ is negative"), Bits("T0SZ", 3, 0, "size: 2^(32-T0SZ) bytes"),
)
_DOMAIN = {0: "no access", 1: "client: permissions are checked", 2: "reserved",
           3: "manager: permissions are not checked"}
DACR: Layout = tuple(
    Bits(f"D{i}", 2 * i + 1, 2 * i, f"domain {i}", _DOMAIN) for i in range(15, -1, -1)
)
SCR: Layout = (
    flag("SIF", 9, "Secure state does not execute Non-secure memory"),
    flag("HCE", 8, "HVC enabled", "HVC is undefined"),
    flag("SCD", 7, "SMC disabled", "SMC enabled"),
    flag("nET", 6, "no early termination"),
    flag("AW", 5, "Non-secure state may mask aborts"),
    flag("FW", 4, "Non-secure state may mask FIQ"),
    flag("EA", 3, "external aborts go to Monitor mode"),
    flag("FIQ", 2, "FIQ goes to Monitor mode"), flag("IRQ", 1, "IRQ goes to Monitor mode"),
    flag("NS", 0, "Non-secure state", "Secure state"),
)
HCR: Layout = (
    flag("TGE", 27, "general exceptions of user mode go to Hyp mode"),
    flag("TVM", 26, "writes of virtual memory registers trap"),
    flag("TTLB", 25, "TLB maintenance traps"), flag("TPU", 24, "cache maintenance to PoU traps"),
    flag("TPC", 23, "cache maintenance to PoC traps"),
    flag("TSW", 22, "cache maintenance by set and way traps"),
    flag("TAC", 21, "ACTLR accesses trap"), flag("TIDCP", 20, "implementation CP15 traps"),
    flag("TSC", 19, "SMC traps"), flag("TID3", 18, "ID group 3 traps"),
    flag("TID2", 17, "ID group 2 traps"), flag("TID1", 16, "ID group 1 traps"),
    flag("TID0", 15, "ID group 0 traps"), flag("TWE", 14, "WFE traps"),
    flag("TWI", 13, "WFI traps"), flag("DC", 12, "default cacheable"),
    flag("FB", 9, "maintenance is broadcast"), flag("VA", 8, "virtual abort pending"),
    flag("VI", 7, "virtual IRQ pending"), flag("VF", 6, "virtual FIQ pending"),
    flag("AMO", 5, "asynchronous aborts go to Hyp mode"), flag("IMO", 4, "IRQ goes to Hyp mode"),
    flag("FMO", 3, "FIQ goes to Hyp mode"), flag("SWIO", 1, "set/way invalidate also cleans"),
    flag("VM", 0, "stage 2 translation on", "stage 2 translation off"),
)
_CPACR = {0: "no access", 1: "privileged only", 2: "reserved", 3: "full access"}
CPACR: Layout = (
    flag("ASEDIS", 31, "Advanced SIMD disabled", "Advanced SIMD not disabled"),
    flag("D32DIS", 30, "d16 to d31 disabled", "d16 to d31 not disabled"),
    Bits("cp11", 23, 22, "Advanced SIMD and VFP", _CPACR),
    Bits("cp10", 21, 20, "Advanced SIMD and VFP", _CPACR),
)
DBGDSCR: Layout = (
    Bits("MOE", 5, 2, "method of debug entry", {
        0: "halt request", 1: "breakpoint", 2: "asynchronous watchpoint", 3: "BKPT instruction",
        4: "external request", 5: "vector catch", 10: "synchronous watchpoint",
    }),
)
MIDR: Layout = (
    Bits("Implementer", 31, 24, "", {0x41: "ARM"}), Bits("Variant", 23, 20, "major revision"),
    Bits("Architecture", 19, 16, "", {0xF: "by the ID registers", 6: "ARMv5TEJ"}),
    Bits("PartNum", 15, 4, "", {0xC0F: "Cortex-A15", 0xC07: "Cortex-A7", 0xC09: "Cortex-A9",
                                0x926: "ARM926EJ-S"}),
    Bits("Revision", 3, 0, "minor revision"),
)
FPSCR: Layout = (
    *_NZCV, flag("QC", 27, "saturation happened"), flag("AHP", 26, "alternative half precision"),
    flag("DN", 25, "default NaN"), flag("FZ", 24, "flush to zero"),
    Bits("RMode", 23, 22, "rounding", {0: "to nearest", 1: "up", 2: "down", 3: "to zero"}),
    flag("IDC", 7, "input denormal"), flag("IXC", 4, "inexact"), flag("UFC", 3, "underflow"),
    flag("OFC", 2, "overflow"), flag("DZC", 1, "division by zero"), flag("IOC", 0, "invalid"),
)
FPEXC: Layout = (
    flag("EX", 31, "exceptional state"),
    flag("EN", 30, "VFP and Advanced SIMD on", "VFP and Advanced SIMD off"),
)
CONTEXTIDR: Layout = (
    Bits("PROCID", 31, 8, "process identifier"), Bits("ASID", 7, 0, "address space identifier"),
)
TABLES: dict[str, Layout] = {
    "cpsr": CPSR, "sctlr": SCTLR, "hsctlr": SCTLR, "ttbr0": TTBR, "ttbr1": TTBR,
    "ttbr0_64": TTBR_LONG, "ttbr1_64": TTBR_LONG, "httbr": TTBR_LONG, "vttbr": VTTBR,
    "vtcr": VTCR, "htcr": TTBCR_LONG[5:6] + TTBCR_LONG[7:], "dacr": DACR, "scr": SCR, "hcr": HCR,
    "cpacr": CPACR, "dbgdscr": DBGDSCR, "midr": MIDR, "fpscr": FPSCR, "fpexc": FPEXC,
    "contextidr": CONTEXTIDR,
}

# -- translation table entries -------------------------------------------------------

_AP = {0: "no access", 1: "privileged only", 2: "user read-only", 3: "full access",
       4: "reserved", 5: "privileged read-only", 6: "read-only", 7: "read-only"}
_MEMORY = (flag("S", 16, "shareable"),)
_TYPE_1 = {0: "invalid", 1: "page table", 2: "section", 3: "section, privileged never executes"}
_TYPE_2 = {0: "invalid", 1: "large page (64 KiB)", 2: "small page (4 KiB)",
           3: "small page (4 KiB), never executed"}
_TYPE_5 = {0: "invalid", 1: "coarse page table", 2: "section", 3: "fine page table"}
_TYPE_5_2 = {0: "invalid", 1: "large page (64 KiB)", 2: "small page (4 KiB)",
             3: "tiny page (1 KiB)"}
_AP_5 = {0: "by SCTLR.S and R", 1: "privileged only", 2: "user read-only", 3: "full access"}
_APTABLE = {0: "no limit", 1: "no user access below", 2: "read-only below",
            3: "read-only, and no user access below"}
_AP_LONG = {0: "privileged only", 1: "full access", 2: "privileged read-only", 3: "read-only"}
_S2AP = {0: "no access", 1: "read-only", 2: "write-only", 3: "read and write"}
_ATTRIBUTES = (
    flag("AF", 10, "access flag", "not accessed yet"), Bits("SH", 9, 8, "", _SHARE),
)
_LONG_HEAD = (flag("XN", 54, "never executed"), flag("PXN", 53, "privileged never executes"))
_LONG_TAIL = (
    flag("nG", 11, "not global", "global"), *_ATTRIBUTES, Bits("AP[2:1]", 7, 6, "", _AP_LONG),
    flag("NS", 5, "Non-secure", "Secure"), Bits("AttrIndx", 4, 2, "attributes in MAIR"),
)
_S2_TAIL = (
    *_ATTRIBUTES, Bits("S2AP", 7, 6, "", _S2AP), Bits("MemAttr", 5, 2, "memory attributes"),
)
_VALID = flag("V", 0, "valid", "invalid")
ENTRIES: dict[str, Layout] = {
    "short.table": (
        address("base", 31, 10, "page table"), Bits("Domain", 8, 5, "domain"),
        flag("NS", 3, "Non-secure"), flag("PXN", 2, "privileged never executes"),
        Bits("type", 1, 0, "", _TYPE_1),
    ),
    "short.section": (
        address("base", 31, 20, "section (1 MiB)"), flag("NS", 19, "Non-secure"),
        flag("nG", 17, "not global", "global"), *_MEMORY,
        flag("AP[2]", 15, "read-only", "writable"), Bits("TEX", 14, 12, "memory type"),
        Bits("AP[1:0]", 11, 10, "permissions"), Bits("Domain", 8, 5, "domain"),
        flag("XN", 4, "never executed"), Bits("CB", 3, 2, "memory type"),
        Bits("type", 1, 0, "", _TYPE_1),
    ),
    "short.supersection": (
        address("base", 31, 24, "supersection (16 MiB)"), Bits("base[35:32]", 23, 20, ""),
        flag("nG", 17, "not global", "global"), *_MEMORY,
        flag("AP[2]", 15, "read-only", "writable"), Bits("TEX", 14, 12, "memory type"),
        Bits("AP[1:0]", 11, 10, "permissions"), Bits("base[39:36]", 8, 5, ""),
        flag("XN", 4, "never executed"), Bits("CB", 3, 2, "memory type"),
        Bits("type", 1, 0, "", _TYPE_1),
    ),
    "short.large": (
        address("base", 31, 16, "large page (64 KiB)"), flag("XN", 15, "never executed"),
        Bits("TEX", 14, 12, "memory type"), flag("nG", 11, "not global", "global"),
        flag("S", 10, "shareable"), flag("AP[2]", 9, "read-only", "writable"),
        Bits("AP[1:0]", 5, 4, "permissions"), Bits("CB", 3, 2, "memory type"),
        Bits("type", 1, 0, "", _TYPE_2),
    ),
    "short.small": (
        address("base", 31, 12, "small page (4 KiB)"), flag("nG", 11, "not global", "global"),
        flag("S", 10, "shareable"), flag("AP[2]", 9, "read-only", "writable"),
        Bits("TEX", 8, 6, "memory type"), Bits("AP[1:0]", 5, 4, "permissions"),
        Bits("CB", 3, 2, "memory type"), flag("XN", 0, "never executed"),
        Bits("type", 1, 0, "", _TYPE_2),
    ),
    "short.invalid": (Bits("type", 1, 0, "", _TYPE_1),),
    "v5.table": (
        address("base", 31, 10, "page table"), Bits("Domain", 8, 5, "domain"),
        Bits("type", 1, 0, "", _TYPE_5),
    ),
    "v5.section": (
        address("base", 31, 20, "section (1 MiB)"), Bits("AP", 11, 10, "", _AP_5),
        Bits("Domain", 8, 5, "domain"), Bits("CB", 3, 2, "cacheable, bufferable"),
        Bits("type", 1, 0, "", _TYPE_5),
    ),
    "v5.page": (
        address("base", 31, 12, "page"), Bits("AP3", 11, 10, "", _AP_5),
        Bits("AP2", 9, 8, "", _AP_5), Bits("AP1", 7, 6, "", _AP_5), Bits("AP0", 5, 4, "", _AP_5),
        Bits("CB", 3, 2, "cacheable, bufferable"), Bits("type", 1, 0, "", _TYPE_5_2),
    ),
    "v5.tiny": (
        address("base", 31, 10, "tiny page (1 KiB)"), Bits("AP", 5, 4, "", _AP_5),
        Bits("CB", 3, 2, "cacheable, bufferable"), Bits("type", 1, 0, "", _TYPE_5_2),
    ),
    "v5.invalid": (Bits("type", 1, 0, "", _TYPE_5),),
    "long.table": (
        flag("NSTable", 63, "Non-secure below"), Bits("APTable", 62, 61, "", _APTABLE),
        flag("XNTable", 60, "never executed below"),
        flag("PXNTable", 59, "privileged never executes below"),
        address("base", 39, 12, "next table"), flag("table", 1, "a table", "a block"), _VALID,
    ),
    "long.block": (
        *_LONG_HEAD, address("base", 39, 21, "block"), *_LONG_TAIL,
        flag("table", 1, "a table", "a block"), _VALID,
    ),
    "long.page": (
        *_LONG_HEAD, address("base", 39, 12, "page (4 KiB)"), *_LONG_TAIL,
        flag("page", 1, "a page", "reserved"), _VALID,
    ),
    "long.invalid": (_VALID,),
    "stage2.block": (
        _LONG_HEAD[0], address("base", 39, 21, "block"), *_S2_TAIL,
        flag("table", 1, "a table", "a block"), _VALID,
    ),
    "stage2.page": (
        _LONG_HEAD[0], address("base", 39, 12, "page (4 KiB)"), *_S2_TAIL,
        flag("page", 1, "a page", "reserved"), _VALID,
    ),
}

# -- syndromes ---------------------------------------------------------------------------

_CONDITION = (flag("CV", 24, "COND is valid"), Bits("COND", 23, 20, "condition of the instruction"))
_DIRECTION = flag("Read", 0, "a read (MRC)", "a write (MCR)")
_MCR = (
    *_CONDITION, Bits("Opc2", 19, 17), Bits("Opc1", 16, 14), Bits("CRn", 13, 10),
    Bits("Rt", 8, 5), Bits("CRm", 4, 1), _DIRECTION,
)
_MCRR = (*_CONDITION, Bits("Opc1", 19, 16), Bits("Rt2", 13, 10), Bits("Rt", 8, 5),
         Bits("CRm", 4, 1), _DIRECTION)
_ABORT = (
    flag("EA", 9, "external abort: slave error"), flag("S1PTW", 7, "on a stage 1 table walk"),
    Bits("FSC", 5, 0, "", LONG_STATUS),
)
_DATA_ABORT = (
    flag("ISV", 24, "bits 23 to 16 describe the instruction", "the instruction is not described"),
    Bits("SAS", 23, 22, "size", {0: "byte", 1: "halfword", 2: "word"}),
    flag("SSE", 21, "sign-extended"), Bits("SRT", 19, 16, "register"),
    flag("CM", 8, "by a cache maintenance operation"), flag("WnR", 6, "a write", "a read"),
)
SYNDROMES: dict[int, Layout] = {
    0x01: (*_CONDITION, Bits("TI", 0, 0, "", {0: "WFI", 1: "WFE"})),
    0x03: _MCR, 0x05: _MCR, 0x08: _MCR, 0x04: _MCRR, 0x0C: _MCRR,
    0x07: (*_CONDITION, flag("TA", 5, "Advanced SIMD"), Bits("coproc", 3, 0, "coprocessor")),
    0x0A: (*_CONDITION, Bits("Rm", 3, 0)),
    0x11: (Bits("imm16", 15, 0, "SVC number"),), 0x12: (Bits("imm16", 15, 0, "HVC number"),),
    0x13: _CONDITION, 0x20: _ABORT, 0x21: _ABORT,
    0x24: tuple(sorted((*_DATA_ABORT, *_ABORT), key=lambda bits: -bits.high)),
    0x25: tuple(sorted((*_DATA_ABORT, *_ABORT), key=lambda bits: -bits.high)),
}
HSR: Layout = (
    Bits("EC", 31, 26, "exception class", EXCEPTION_CLASS),
    flag("IL", 25, "32-bit instruction", "16-bit instruction, or none described"),
)


def layout(register: str, value: int) -> Layout:
    """The layout of a register or table entry; ``value`` decides where there are two."""
    register = register.removesuffix("_s")
    if register.startswith("spsr"):
        return CPSR
    if register in ("dfsr", "ifsr"):
        long = bool(value & 1 << 9)
        if register == "dfsr":
            return DFSR_LONG if long else DFSR_SHORT
        return IFSR_LONG if long else IFSR_SHORT
    if register == "ttbcr":
        return TTBCR_LONG if value & 1 << 31 else TTBCR_SHORT
    if register == "hsr":
        return HSR + SYNDROMES.get(value >> 26 & 0x3F, (Bits("ISS", 24, 0, "syndrome"),))
    return TABLES.get(register) or ENTRIES.get(register, ())


def short_status(fsr: int) -> int:
    """FS[4:0] of a fault status register in the short-descriptor format."""
    return fsr >> 6 & 0x10 | fsr & 0xF


def status_text(fsr: int) -> str:
    """What a fault status register says, in either format."""
    if fsr & 1 << 9:
        return LONG_STATUS.get(fsr & 0x3F, f"reserved status {fsr & 0x3F:#04x}")
    status = short_status(fsr)
    return SHORT_STATUS.get(status, f"reserved status {status:#04x}")
