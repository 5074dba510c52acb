"""SPARC V8 traps: their names, and entry as the manual describes it.

SPARC Architecture Manual V8, chapter 7.  `enter` is the specification in
readable form; the native path must do the same, and the tests compare them
trap by trap.
"""

from __future__ import annotations

from vmm.cpu.registers import RegisterFile
from vmm.cpu.sparc.registers import WINDOWS

NAMES = {
    0x00: "reset",
    0x01: "instruction_access_exception",
    0x02: "illegal_instruction",
    0x03: "privileged_instruction",
    0x04: "fp_disabled",
    0x05: "window_overflow",
    0x06: "window_underflow",
    0x07: "mem_address_not_aligned",
    0x08: "fp_exception",
    0x09: "data_access_exception",
    0x0A: "tag_overflow",
    0x0B: "watchpoint_detected",
    0x20: "r_register_access_error",
    0x21: "instruction_access_error",
    0x24: "cp_disabled",
    0x25: "unimplemented_FLUSH",
    0x28: "cp_exception",
    0x29: "data_access_error",
    0x2A: "division_by_zero",
    0x2B: "data_store_error",
    0x2C: "data_access_MMU_miss",
    0x3C: "instruction_access_MMU_miss",
}
NAMES |= {0x10 + level: f"interrupt_level_{level}" for level in range(1, 16)}
NAMES |= {0x80 + number: f"trap_instruction_{number:02x}" for number in range(0x80)}

PSR_S, PSR_PS, PSR_ET, PSR_CWP = 1 << 7, 1 << 6, 1 << 5, 0x1F


def name(tt: int) -> str:
    """The manual's name of a trap type."""
    return NAMES.get(tt, f"trap_{tt:02x}")


def enter(registers: RegisterFile, tt: int) -> None:
    """Take trap ``tt``: section 7.1, "when a trap occurs".

    The caller has made sure that ET is 1; with ET 0 the processor enters
    error mode instead.
    """
    psr = registers["psr"]
    pc, npc = registers["pc"], registers["npc"]
    window = ((psr & PSR_CWP) - 1) % WINDOWS
    previous = PSR_PS if psr & PSR_S else 0
    psr = (psr & ~(PSR_ET | PSR_PS | PSR_CWP)) | PSR_S | previous | window
    registers["psr"] = psr
    registers["l1"], registers["l2"] = pc, npc
    registers["tbr"] = (registers["tbr"] & 0xFFFFF000) | tt << 4
    registers["pc"] = registers["tbr"]
    registers["npc"] = registers["tbr"] + 4
