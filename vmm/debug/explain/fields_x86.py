# SPDX-License-Identifier: GPL-2.0-or-later
"""Field tables of 32-bit x86 (Intel SDM volume 3A: 2.3, 2.5, 3.4.5, 4.3, 4.4, 6.13, 17.2)."""

from __future__ import annotations

from vmm.debug.explain.fields import Bits, Layout, address, flag

EFLAGS: Layout = (
    flag("ID", 21, "CPUID can be detected"),
    flag("VIP", 20, "virtual interrupt pending"),
    flag("VIF", 19, "virtual interrupt flag"),
    flag("AC", 18, "alignment check", "no alignment check"),
    flag("VM", 17, "virtual-8086 mode", "not virtual-8086 mode"),
    flag("RF", 16, "resume: no instruction breakpoint for one instruction"),
    flag("NT", 14, "nested task", "not a nested task"),
    Bits("IOPL", 13, 12, "I/O privilege level"),
    flag("OF", 11, "overflow", "no overflow"),
    flag("DF", 10, "string instructions go down", "string instructions go up"),
    flag("IF", 9, "maskable interrupts enabled", "maskable interrupts disabled"),
    flag("TF", 8, "single-step trap", "no single-step trap"),
    flag("SF", 7, "negative", "not negative"),
    flag("ZF", 6, "zero", "not zero"),
    flag("AF", 4, "auxiliary carry", "no auxiliary carry"),
    flag("PF", 2, "even parity", "odd parity"),
    flag("CF", 0, "carry", "no carry"),
)
CR0: Layout = (
    flag("PG", 31, "paging", "no paging"),
    flag("CD", 30, "cache disabled", "cache enabled"),
    flag("NW", 29, "not write-through", "write-through"),
    flag("AM", 18, "alignment checks allowed", "no alignment checks"),
    flag("WP", 16, "read-only pages bind the supervisor too", "the supervisor may write any page"),
    flag("NE", 5, "FPU errors are #MF", "FPU errors are IRQ13"),
    flag("ET", 4, "387 FPU", "287 FPU"),
    flag("TS", 3, "task switched: the next FPU instruction is #NM"),
    flag("EM", 2, "FPU emulated: FPU instructions are #NM"),
    flag("MP", 1, "WAIT obeys TS", "WAIT ignores TS"),
    flag("PE", 0, "protected mode", "real mode"),
)
CR3: Layout = (
    address("base", 31, 12, "page directory"),
    flag("PCD", 4, "directory not cached", "directory cached"),
    flag("PWT", 3, "directory write-through", "directory write-back"),
)
CR4: Layout = (
    flag("SMAP", 21, "supervisor may not read user pages"),
    flag("SMEP", 20, "supervisor may not execute user pages"),
    flag("OSXMMEXCPT", 10, "SSE errors are #XM", "SSE errors are #UD"),
    flag("OSFXSR", 9, "FXSAVE and SSE enabled", "SSE disabled"),
    flag("PCE", 8, "RDPMC for all", "RDPMC for privilege level 0"),
    flag("PGE", 7, "global pages", "no global pages"),
    flag("MCE", 6, "machine check", "no machine check"),
    flag("PAE", 5, "physical address extension", "32-bit paging"),
    flag("PSE", 4, "4 MiB pages", "4 KiB pages only"),
    flag("DE", 3, "I/O breakpoints; DR4 and DR5 are #UD", "DR4 and DR5 are DR6 and DR7"),
    flag("TSD", 2, "RDTSC for privilege level 0", "RDTSC for all"),
    flag("PVI", 1, "protected-mode virtual interrupts"),
    flag("VME", 0, "virtual-8086 mode extensions"),
)
DR6: Layout = (
    flag("BT", 15, "task switch with the T bit"),
    flag("BS", 14, "single step"),
    flag("BD", 13, "debug register access with DR7.GD"),
    *(flag(f"B{i}", i, f"the condition of DR{i} was met") for i in (3, 2, 1, 0)),
)
_RW = {0: "execution", 1: "writes", 2: "I/O", 3: "reads and writes"}
_LEN = {0: "1 byte", 1: "2 bytes", 2: "8 bytes", 3: "4 bytes"}
DR7: Layout = (
    *(bits for i in (3, 2, 1, 0) for bits in (
        Bits(f"LEN{i}", 19 + 4 * i, 18 + 4 * i, "length", _LEN),
        Bits(f"R/W{i}", 17 + 4 * i, 16 + 4 * i, "break on", _RW),
    )),
    flag("GD", 13, "debug registers guarded"),
    flag("GE", 9, "exact, global"), flag("LE", 8, "exact, local"),
    *(bits for i in (3, 2, 1, 0) for bits in (
        flag(f"G{i}", 2 * i + 1, f"DR{i} enabled, globally"),
        flag(f"L{i}", 2 * i, f"DR{i} enabled for this task"),
    )),
)
SELECTOR: Layout = (
    Bits("index", 15, 3, "number of the descriptor"),
    Bits("TI", 2, 2, "table", {0: "GDT", 1: "LDT"}),
    Bits("RPL", 1, 0, "requested privilege level"),
)
SELECTOR_ERROR: Layout = (
    Bits("index", 15, 3, "number of the descriptor or gate"),
    Bits("TI", 2, 2, "table unless IDT", {0: "GDT", 1: "LDT"}),
    flag("IDT", 1, "the index is of a gate in the IDT", "the index is of the GDT or LDT"),
    flag("EXT", 0, "the event was external", "the event was the program's own"),
)
PAGE_ERROR: Layout = (
    flag("I/D", 4, "instruction fetch", "no instruction fetch"),
    flag("RSVD", 3, "a reserved bit was set in an entry", "no reserved bit"),
    flag("U/S", 2, "access by user code (CPL 3)", "access by the supervisor"),
    flag("W/R", 1, "write", "read"),
    flag("P", 0, "protection violation", "page not present"),
)
SYSTEM_TYPES = {
    1: "16-bit TSS, available", 2: "LDT", 3: "16-bit TSS, busy", 4: "16-bit call gate",
    5: "task gate", 6: "16-bit interrupt gate", 7: "16-bit trap gate",
    9: "32-bit TSS, available", 11: "32-bit TSS, busy", 12: "32-bit call gate",
    14: "32-bit interrupt gate", 15: "32-bit trap gate",
}
SEGMENT_TYPES = {
    0: "data, read-only", 1: "data, read-only, accessed",
    2: "data, read/write", 3: "data, read/write, accessed",
    4: "data, read-only, expand-down", 5: "data, read-only, expand-down, accessed",
    6: "data, read/write, expand-down", 7: "data, read/write, expand-down, accessed",
    8: "code, execute-only", 9: "code, execute-only, accessed",
    10: "code, execute/read", 11: "code, execute/read, accessed",
    12: "code, execute-only, conforming", 13: "code, execute-only, conforming, accessed",
    14: "code, execute/read, conforming", 15: "code, execute/read, conforming, accessed",
}
ATTRIBUTES: Layout = (
    flag("G", 23, "limit in units of 4 KiB", "limit in bytes"),
    flag("D/B", 22, "32-bit", "16-bit"),
    flag("AVL", 20, "for the system's own use"),
    flag("P", 15, "present", "not present"),
    Bits("DPL", 14, 13, "descriptor privilege level"),
    flag("S", 12, "code or data", "system"),
    Bits("type", 11, 8, "", SEGMENT_TYPES),
)
SYSTEM_ATTRIBUTES: Layout = (*ATTRIBUTES[:-1], Bits("type", 11, 8, "", SYSTEM_TYPES))


def _entry(where: Bits, *rest: Bits) -> Layout:
    return (
        where, *rest,
        flag("PCD", 4, "not cached", "cached"),
        flag("PWT", 3, "write-through", "write-back"),
        flag("U/S", 2, "user", "supervisor only"),
        flag("R/W", 1, "writable", "read-only"),
        flag("P", 0, "present", "not present"),
    )


_ACCESSED = flag("A", 5, "accessed", "not accessed")
_DIRTY = flag("D", 6, "dirty", "not dirty")
_GLOBAL = flag("G", 8, "global")
_NX = flag("XD", 63, "not executable", "executable")
_LARGE = flag("PS", 7, "maps a large page", "points to a page table")
_WIDE = address("address", 51, 12, "physical address")
TABLES: dict[str, Layout] = {
    "eflags": EFLAGS, "cr0": CR0, "cr3": CR3, "cr4": CR4, "dr6": DR6, "dr7": DR7,
    "selector": SELECTOR, "error.selector": SELECTOR_ERROR, "error.page": PAGE_ERROR,
    "pde": _entry(address("address", 31, 12, "page table"), _LARGE, _ACCESSED),
    "pde4m": _entry(
        address("address", 31, 22, "page"),
        address("high", 20, 13, "page, bits 39 to 32", 32),
        flag("PAT", 12, "page attribute table"), _GLOBAL, _LARGE, _DIRTY, _ACCESSED,
    ),
    "pte": _entry(
        address("address", 31, 12, "page"), _GLOBAL,
        flag("PAT", 7, "page attribute table"), _DIRTY, _ACCESSED,
    ),
    "pae.pdpte": (
        _WIDE, flag("PCD", 4, "not cached", "cached"),
        flag("PWT", 3, "write-through", "write-back"), flag("P", 0, "present", "not present"),
    ),
    "pae.pde": _entry(_NX, _WIDE, _LARGE, _ACCESSED),
    "pae.pde2m": _entry(
        _NX, address("address", 51, 21, "page"),
        flag("PAT", 12, "page attribute table"), _GLOBAL, _LARGE, _DIRTY, _ACCESSED,
    ),
    "pae.pte": _entry(
        _NX, _WIDE, _GLOBAL, flag("PAT", 7, "page attribute table"), _DIRTY, _ACCESSED,
    ),
    "fctrl": (
        Bits("RC", 11, 10, "rounding", {0: "to nearest", 1: "down", 2: "up", 3: "to zero"}),
        Bits("PC", 9, 8, "precision", {0: "24 bits", 2: "53 bits", 3: "64 bits"}),
        flag("PM", 5, "inexact masked"), flag("UM", 4, "underflow masked"),
        flag("OM", 3, "overflow masked"), flag("ZM", 2, "division by zero masked"),
        flag("DM", 1, "denormal masked"), flag("IM", 0, "invalid masked"),
    ),
    "fstat": (
        flag("B", 15, "busy"), Bits("TOP", 13, 11, "top of the register stack"),
        flag("C3", 14, "condition"), flag("C2", 10, "condition"),
        flag("C1", 9, "condition"), flag("C0", 8, "condition"),
        flag("ES", 7, "an unmasked exception is pending"),
        flag("SF", 6, "stack fault"), flag("PE", 5, "inexact"),
        flag("UE", 4, "underflow"), flag("OE", 3, "overflow"),
        flag("ZE", 2, "division by zero"), flag("DE", 1, "denormal"),
        flag("IE", 0, "invalid operation"),
    ),
}
TABLES |= {name: SELECTOR for name in ("es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr")}


def layout(register: str, value: int) -> Layout:
    """The layout of a register, table entry or error code."""
    if register.endswith(".flags"):
        return ATTRIBUTES if value & 1 << 12 else SYSTEM_ATTRIBUTES
    return TABLES.get(register, ())
