"""ARM exceptions: names, and entry in AArch32 as the manual describes it.

ARM DDI 0406C, B1.8 ("Exception handling") and B1.9 (exception descriptions);
for Hyp mode B1.8.3.  `enter` is the specification in readable form; the
native path must do the same, and the tests compare them trap by trap.
"""

from __future__ import annotations

from collections.abc import Callable
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
CPSR_IT = 0x0600FC00
SCR_NS, SCR_IRQ, SCR_FIQ, SCR_EA, SCR_FW, SCR_AW = 1, 2, 4, 8, 16, 32
IFSR_DEBUG = 0x02  # short-descriptor status of a debug event
IFSR_DEBUG_LPAE = 0x222


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
    HVC: 0x14, HYP_TRAP: 0x14, INTERRUPT: 0x18, FAST: 0x1C,
}


def _psr_for_handler(registers: RegisterFile, mode: int, mask: int, control: str) -> None:
    """Change mode: masks set, IT and J cleared, T and E from the control register."""
    sctlr = registers[control]
    psr = registers["cpsr"]
    psr &= ~(0x1F | CPSR_IT | CPSR_T | CPSR_J | CPSR_E)
    psr |= mode | mask
    if sctlr >> 25 & 1:
        psr |= CPSR_E
    if sctlr >> 30 & 1:
        psr |= CPSR_T
    registers["cpsr"] = psr


def enter_hyp(registers: RegisterFile, kind: int, fault: Syndrome) -> None:
    """Take an exception to Hyp mode (B1.8.3)."""
    psr, pc = registers["cpsr"], registers["pc"]
    if kind not in (INTERRUPT, FAST):
        registers["hsr"] = fault.syndrome
        if kind in (PREFETCH_ABORT, BKPT):
            registers["hifar"] = fault.address
        elif kind == DATA_ABORT:
            registers["hdfar"] = fault.address
    vector = HYP_VECTORS[kind]
    # From a lower level everything but interrupts arrives at the trap vector.
    if psr & 0x1F != HYP and vector < 0x14:
        vector = 0x14
    mask = CPSR_A | CPSR_I | CPSR_F
    if "scr" in registers.table:
        scr = registers["scr"]
        mask = 0
        if not scr & SCR_EA:
            mask |= CPSR_A
        if not scr & SCR_IRQ:
            mask |= CPSR_I
        if not scr & SCR_FIQ:
            mask |= CPSR_F
    _psr_for_handler(registers, HYP, mask, "hsctlr")
    registers["spsr_hyp"] = psr
    registers["elr_hyp"] = pc
    registers["pc"] = registers["hvbar"] + vector


def enter(
    registers: RegisterFile, kind: int, fault: Syndrome, has_security: bool, architecture: int,
    lpae: Callable[[], bool],
) -> None:
    """Take exception ``kind`` as AArch32 does; ``fault.target_el`` says to which level."""
    if fault.target_el == 2:
        enter_hyp(registers, kind, fault)
        return
    entry = ENTRIES[kind]
    psr, pc = registers["cpsr"], registers["pc"]
    mode, vector, mask = entry.mode, entry.vector, entry.mask
    link = pc + (entry.link_thumb if psr & CPSR_T else entry.link_arm)
    to_monitor = False
    if kind == DATA_ABORT:
        registers["dfsr"], registers["dfar"] = fault.fsr, fault.address
    elif kind in (PREFETCH_ABORT, BKPT):
        status = fault.fsr
        if kind == BKPT:
            status = IFSR_DEBUG_LPAE if lpae() else IFSR_DEBUG
        registers["ifsr"], registers["ifar"] = status, fault.address
    if has_security and "scr" in registers.table:
        scr = registers["scr"]
        to_monitor = (
            kind == SMC
            or (kind == INTERRUPT and bool(scr & SCR_IRQ))
            or (kind == FAST and bool(scr & SCR_FIQ))
        )
        if kind == INTERRUPT and scr & SCR_IRQ:
            mask |= CPSR_F
        if not to_monitor and psr & 0x1F != MON and scr & SCR_NS:
            if not scr & SCR_AW:
                mask &= ~CPSR_A
            if not scr & SCR_FW:
                mask &= ~CPSR_F
    if to_monitor:
        mode = MON
        base = registers["mvbar"]
    elif registers["sctlr"] >> 13 & 1:
        base = 0xFFFF0000
    else:
        base = registers["vbar"] if "vbar" in registers.table else 0
    if has_security and psr & 0x1F == MON:
        registers["scr"] = registers["scr"] & ~SCR_NS
    if architecture < 6:
        mask &= ~CPSR_A
    _psr_for_handler(registers, mode, mask, "sctlr")
    registers["spsr"] = psr
    registers["r14"] = link
    registers["pc"] = base + vector
