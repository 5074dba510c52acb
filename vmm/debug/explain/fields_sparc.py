# SPDX-License-Identifier: GPL-2.0-or-later
"""Field tables of SPARC V8 (manual chapter 4, appendix H for the MMU) and LEON3."""

from __future__ import annotations

from vmm.cpu.sparc import traps
from vmm.debug.explain.fields import Bits, Layout, address, flag

ACC = {
    0: "read only for both", 1: "read and write for both", 2: "read and execute for both",
    3: "read, write and execute for both", 4: "execute only for both",
    5: "read only for user, read and write for supervisor",
    6: "no access for user, read and execute for supervisor",
    7: "no access for user, all for supervisor",
}
ENTRY_TYPE = {0: "invalid", 1: "page table descriptor", 2: "page table entry", 3: "reserved"}
ACCESS_TYPE = {
    0: "load from user data space", 1: "load from supervisor data space",
    2: "load or execute from user instruction space",
    3: "load or execute from supervisor instruction space",
    4: "store to user data space", 5: "store to supervisor data space",
    6: "store to user instruction space", 7: "store to supervisor instruction space",
}
FAULT_TYPE = {
    0: "none", 1: "invalid address error", 2: "protection error", 3: "privilege violation error",
    4: "translation error", 5: "access bus error", 6: "internal error", 7: "reserved",
}

PSR: Layout = (
    Bits("impl", 31, 28, "implementation", {15: "Gaisler"}),
    Bits("ver", 27, 24, "version", {3: "LEON3"}),
    flag("N", 23, "negative", "not negative"),
    flag("Z", 22, "zero", "not zero"),
    flag("V", 21, "overflow", "no overflow"),
    flag("C", 20, "carry", "no carry"),
    flag("EC", 13, "coprocessor enabled", "coprocessor disabled"),
    flag("EF", 12, "floating-point unit enabled", "floating-point unit disabled"),
    Bits("PIL", 11, 8, "processor interrupt level: interrupts above it and 15 are taken"),
    flag("S", 7, "supervisor mode", "user mode"),
    flag("PS", 6, "the trap came from supervisor mode", "the trap came from user mode"),
    flag("ET", 5, "traps enabled", "traps disabled"),
    Bits("CWP", 4, 0, "current window pointer"),
)
TBR: Layout = (
    address("TBA", 31, 12, "trap base address"),
    Bits("tt", 11, 4, "trap type", {tt: name for tt, name in traps.NAMES.items()}),
)
WIM: Layout = tuple(
    flag(f"W{i}", i, f"window {i} is invalid", f"window {i} is valid") for i in range(7, -1, -1)
)
FSR: Layout = (
    Bits("RD", 31, 30, "rounding", {0: "to nearest", 1: "to zero", 2: "up", 3: "down"}),
    Bits("TEM", 27, 23, "trap enable mask, for NV OF UF DZ NX"),
    flag("NS", 22, "nonstandard arithmetic", "standard arithmetic"),
    Bits("ver", 19, 17, "FPU version"),
    Bits("ftt", 16, 14, "trap type", {
        0: "none", 1: "IEEE_754_exception", 2: "unfinished_FPop", 3: "unimplemented_FPop",
        4: "sequence_error", 5: "hardware_error", 6: "invalid_fp_register",
    }),
    flag("qne", 13, "floating-point queue not empty", "floating-point queue empty"),
    Bits("fcc", 11, 10, "last comparison", {0: "equal", 1: "less", 2: "greater", 3: "unordered"}),
    flag("nva", 9, "accrued: invalid"), flag("ofa", 8, "accrued: overflow"),
    flag("ufa", 7, "accrued: underflow"), flag("dza", 6, "accrued: division by zero"),
    flag("nxa", 5, "accrued: inexact"),
    flag("nvc", 4, "current: invalid"), flag("ofc", 3, "current: overflow"),
    flag("ufc", 2, "current: underflow"), flag("dzc", 1, "current: division by zero"),
    flag("nxc", 0, "current: inexact"),
)
MMU_CONTROL: Layout = (
    Bits("impl", 31, 28, "implementation"),
    Bits("ver", 27, 24, "version"),
    flag("PSO", 7, "partial store ordering", "total store ordering"),
    flag("NF", 1, "no fault: supervisor faults are recorded and not taken", "faults trap"),
    flag("E", 0, "MMU on", "MMU off"),
)
MMU_FSR: Layout = (
    Bits("EBE", 17, 10, "external bus error", {0: "none"}),
    Bits("L", 9, 8, "entry that caused it", {
        0: "in the context table", 1: "in a level-1 table", 2: "in a level-2 table",
        3: "in a level-3 table",
    }),
    Bits("AT", 7, 5, "access type", ACCESS_TYPE),
    Bits("FT", 4, 2, "fault type", FAULT_TYPE),
    flag("FAV", 1, "the fault address register is valid", "no fault address"),
    flag("OW", 0, "an earlier fault's status was overwritten", "the first since it was read"),
)
MMU_CTXTBL: Layout = (address("CTP", 31, 2, "context table", 6),)
MMU_CONTEXT: Layout = (Bits("CXNR", 31, 0, "context number"),)
PTD: Layout = (
    address("PTP", 31, 2, "next table", 6),
    Bits("ET", 1, 0, "entry type", ENTRY_TYPE),
)
PTE: Layout = (
    address("PPN", 31, 8, "physical page", 12),
    flag("C", 7, "cacheable", "not cacheable"),
    flag("M", 6, "modified", "not modified"),
    flag("R", 5, "referenced", "not referenced"),
    Bits("ACC", 4, 2, "access", ACC),
    Bits("ET", 1, 0, "entry type", ENTRY_TYPE),
)
INVALID: Layout = (Bits("ET", 1, 0, "entry type", ENTRY_TYPE),)
ASR17: Layout = (
    Bits("INDEX", 31, 28, "processor index"),
    flag("CS", 17, "clock switching", "no clock switching"),
    flag("SV", 13, "single-vector trapping available", "no single-vector trapping"),
    Bits("FPU", 11, 10, "FPU", {0: "none", 1: "GRFPU", 2: "Meiko", 3: "GRFPU-Lite"}),
    flag("M", 9, "UMAC and SMAC implemented", "no MAC"),
    flag("V8", 8, "multiply and divide implemented", "no multiply and divide"),
    Bits("NWP", 7, 5, "watchpoints"),
    Bits("NWIN", 4, 0, "register windows less one"),
)

TABLES: dict[str, Layout] = {
    "psr": PSR, "tbr": TBR, "wim": WIM, "fsr": FSR, "mmu.control": MMU_CONTROL,
    "mmu.fsr": MMU_FSR, "mmu.ctxtbl": MMU_CTXTBL, "mmu.context": MMU_CONTEXT,
    "asr17": ASR17, "srmmu.ptd": PTD, "srmmu.pte": PTE, "srmmu.invalid": INVALID,
}


def layout(register: str, value: int) -> Layout:
    """The layout of a register or table entry."""
    return TABLES.get(register, ())
