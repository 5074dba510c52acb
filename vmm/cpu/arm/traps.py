# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM exceptions: names, and entry in AArch32 as the manual describes it.

ARM DDI 0406C, B1.8 ("Exception handling") and B1.9 (exception descriptions);
for Hyp mode B1.8.3.  `enter` is the specification in readable form; the
native path must do the same, and the tests compare them trap by trap.

Where both depart from the manual: SCR.AW and SCR.FW do not keep the masks of
Non-secure state from being set, and CPSR.A is set on ARMv5 too, which has no
such bit.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.cpu.arm.registers import ABT, FIQ, HYP, IRQ, MON, SVC, UND
from vmm.cpu.registers import RegisterFile

UNDEFINED, SWI, PREFETCH_ABORT, DATA_ABORT, INTERRUPT, FAST, BKPT = 1, 2, 3, 4, 5, 6, 7
HVC, HYP_TRAP, SMC, VIRQ, VFIQ, SEMIHOSTING = 11, 12, 13, 14, 15, 16
NAMES = {
    UNDEFINED: "undefined",
    SWI: "svc",
    PREFETCH_ABORT: "prefetch_abort",
    DATA_ABORT: "data_abort",
    INTERRUPT: "irq",
    FAST: "fiq",
    BKPT: "bkpt",
    HVC: "hvc",
    HYP_TRAP: "hyp_trap",
    SMC: "smc",
    VIRQ: "virq",
    VFIQ: "vfiq",
    SEMIHOSTING: "semihosting",
}

CPSR_A, CPSR_I, CPSR_F, CPSR_T, CPSR_J, CPSR_E = 1 << 8, 1 << 7, 1 << 6, 1 << 5, 1 << 24, 1 << 9
CPSR_IL = 1 << 20
CPSR_IT, CPSR_MODE = 0x0600FC00, 0x1F
SCTLR_V, SCTLR_EE, SCTLR_TE = 1 << 13, 1 << 25, 1 << 30
SCR_NS, SCR_IRQ, SCR_FIQ, SCR_EA = 1, 2, 4, 8
HSR_EC, HSR_IL, HSR_ISV = 0x3F << 26, 1 << 25, 1 << 24
HIGH_VECTORS = 0xFFFF0000


@dataclass(frozen=True, slots=True)
class Syndrome:
    """What the engine knows of the exception being taken."""

    syndrome: int  # HSR layout
    fsr: int
    address: int
    target_el: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of table B1-4: mode, vector offset, what the link register holds, what is masked."""

    mode: int
    vector: int
    link_arm: int
    link_thumb: int
    mask: int


# Link offsets are from the pc as the engine reports it: the instruction itself, except that
# SVC, HVC and SMC report the next one.
ENTRIES = {
    UNDEFINED: Entry(UND, 0x04, 4, 2, CPSR_I),
    SWI: Entry(SVC, 0x08, 0, 0, CPSR_I),
    PREFETCH_ABORT: Entry(ABT, 0x0C, 4, 4, CPSR_A | CPSR_I),
    BKPT: Entry(ABT, 0x0C, 4, 4, CPSR_A | CPSR_I),
    DATA_ABORT: Entry(ABT, 0x10, 8, 8, CPSR_A | CPSR_I),
    INTERRUPT: Entry(IRQ, 0x18, 4, 4, CPSR_A | CPSR_I),
    VIRQ: Entry(IRQ, 0x18, 4, 4, CPSR_A | CPSR_I),
    FAST: Entry(FIQ, 0x1C, 4, 4, CPSR_A | CPSR_I | CPSR_F),
    VFIQ: Entry(FIQ, 0x1C, 4, 4, CPSR_A | CPSR_I | CPSR_F),
    SMC: Entry(MON, 0x08, 0, 0, CPSR_A | CPSR_I | CPSR_F),
}
HYP_VECTORS = {
    UNDEFINED: 0x04, SWI: 0x08, PREFETCH_ABORT: 0x0C, BKPT: 0x0C, DATA_ABORT: 0x10,
    HVC: 0x08, HYP_TRAP: 0x14, INTERRUPT: 0x18, FAST: 0x1C,
}
HYP_TRAP_VECTOR = 0x14

# DBGDSCR.MOE by exception class of the syndrome (C11.11.20)
METHODS_OF_ENTRY = {0x30: 1, 0x31: 1, 0x34: 10, 0x35: 10, 0x38: 3, 0x3A: 5}


def _instance(registers: RegisterFile, name: str, has_security: bool) -> str:
    """The name of a banked system register's instance for the current state (B3.15.3)."""
    if has_security:
        monitor = registers["cpsr"] & CPSR_MODE == MON
        if monitor or not registers["scr"] & SCR_NS:
            return f"{name}_s"
    return name


def _change_mode(registers: RegisterFile, mode: int, mask: int, has_security: bool) -> int:
    """Enter ``mode`` with IT, J and IL cleared, T and E from its SCTLR; the old CPSR."""
    old = registers["cpsr"]
    psr = old & ~(CPSR_MODE | CPSR_IT | CPSR_T | CPSR_J | CPSR_E | CPSR_IL) | mode | mask
    registers["cpsr"] = psr
    control = "hsctlr" if mode == HYP else _instance(registers, "sctlr", has_security)
    sctlr = registers[control]
    psr |= (CPSR_E if sctlr & SCTLR_EE else 0) | (CPSR_T if sctlr & SCTLR_TE else 0)
    registers["cpsr"] = psr
    return old


def enter_hyp(
    registers: RegisterFile, kind: int, fault: Syndrome, has_security: bool
) -> None:
    """Take an exception to Hyp mode (B1.8.3)."""
    vector, pc = HYP_VECTORS[kind], registers["pc"]
    if kind in (PREFETCH_ABORT, BKPT):
        registers["hifar"] = fault.address
    elif kind == DATA_ABORT:
        registers["hdfar"] = fault.address
    if kind not in (INTERRUPT, FAST):
        registers["hsr"] = _hsr(kind, fault.syndrome)
    # From another mode everything but interrupts arrives at the trap vector.
    if registers["cpsr"] & CPSR_MODE != HYP and vector < HYP_TRAP_VECTOR:
        vector = HYP_TRAP_VECTOR
    routed = registers["scr"] if has_security else 0
    mask = 0
    for bit, flag in ((SCR_EA, CPSR_A), (SCR_IRQ, CPSR_I), (SCR_FIQ, CPSR_F)):
        if not routed & bit:
            mask |= flag
    registers["spsr"] = _change_mode(registers, HYP, mask, has_security)
    registers["elr_hyp"] = pc
    registers["pc"] = registers["hvbar"] + vector


def _hsr(kind: int, syndrome: int) -> int:
    """B3.13.6: IL means nothing where no instruction is described, and is 0 there."""
    if (
        kind == PREFETCH_ABORT
        or (kind == DATA_ABORT and not syndrome & HSR_ISV)
        or not syndrome & HSR_EC
    ):
        return syndrome & ~HSR_IL
    return syndrome


def _record_abort(
    registers: RegisterFile, kind: int, fault: Syndrome, has_security: bool
) -> None:
    """Write the status and address registers of an abort (B3.13); ARMv5 has no IFAR."""
    letter = "d" if kind == DATA_ABORT else "i"
    registers[_instance(registers, f"{letter}fsr", has_security)] = fault.fsr
    if f"{letter}far" in registers.table:
        registers[_instance(registers, f"{letter}far", has_security)] = fault.address


def _vectors(registers: RegisterFile, mode: int, has_security: bool) -> int:
    """Where the vector table for ``mode`` is (B1.8.1)."""
    if mode == MON:
        return registers["mvbar"]
    if registers[_instance(registers, "sctlr", has_security)] & SCTLR_V:
        return HIGH_VECTORS
    return registers[_instance(registers, "vbar", has_security)] if "vbar" in registers.table else 0


def _record_debug_event(registers: RegisterFile, syndrome: int) -> None:
    """Say in DBGDSCR.MOE which kind of debug event this is."""
    method = METHODS_OF_ENTRY.get(syndrome >> 26)
    if method is not None and "dbgdscr" in registers.table:
        registers["dbgdscr"] = registers["dbgdscr"] & ~0x3C | method << 2


def enter(registers: RegisterFile, kind: int, fault: Syndrome, has_security: bool) -> None:
    """Take exception ``kind`` as AArch32 does; ``fault.target_el`` says to which level."""
    _record_debug_event(registers, fault.syndrome)
    if fault.target_el == 2:
        enter_hyp(registers, kind, fault, has_security)
        return
    entry = ENTRIES[kind]
    mode, mask = entry.mode, entry.mask
    psr = registers["cpsr"]
    link = registers["pc"] + (entry.link_thumb if psr & CPSR_T else entry.link_arm)
    if kind in (PREFETCH_ABORT, BKPT, DATA_ABORT):
        _record_abort(registers, kind, fault, has_security)
    if has_security:
        scr = registers["scr"]
        if kind == INTERRUPT and scr & SCR_IRQ:
            mode, mask = MON, mask | CPSR_F
        elif kind == FAST and scr & SCR_FIQ:
            mode = MON
    vector = _vectors(registers, mode, has_security) + entry.vector
    if psr & CPSR_MODE == MON:
        registers["scr"] = registers["scr"] & ~SCR_NS
    registers["spsr"] = _change_mode(registers, mode, mask, has_security)
    registers["r14"] = link
    registers["pc"] = vector
