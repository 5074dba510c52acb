# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM and Thumb instructions to classify.

ARM Architecture Reference Manual (DDI 0406C): A4.8 and B9 (system
instructions), B3.17 (the system registers, each by its MRC and MCR), and a
sample of chapter A8.  Operands are in r0 and r2; SCTLR and the like are written
with what they hold, but for one bit.
"""

from __future__ import annotations

from vmm.cpu.arm.registers import SVC, SYS
from vmm.monitor.theorem.arm import ANYBODY, CPSR_I, mcr, mrc
from vmm.monitor.theorem.instruction import Instruction
from vmm.monitor.theorem.laboratory import PROBE, SOURCE, STACK, TARGET

AT = {"r2": SOURCE}
STACK_TOP = STACK + 0x800
MASKED = SVC | CPSR_I


def _arm(
    name: str, word: int, memory: dict[int, bytes] | None = None, **registers: int
) -> Instruction:
    return Instruction(name, word.to_bytes(4, "little"), True, registers, memory or {})


def _thumb(name: str, *halves: int, system: bool = True, **registers: int) -> Instruction:
    code = b"".join(half.to_bytes(2, "little") for half in halves)
    return Instruction(f"{name} (Thumb)", code, system, registers, {}, True)


def _words(*values: int) -> dict[int, bytes]:
    return {SOURCE: b"".join(value.to_bytes(4, "little") for value in values)}


STATUS = (
    _arm("mrs cpsr", 0xE10F0000), _arm("mrs spsr", 0xE14F0000),
    _arm("msr cpsr_c", 0xE121F000, r0=MASKED), _arm("msr cpsr_x", 0xE122F000, r0=MASKED | 0x300),
    _arm("msr cpsr_f", 0xE128F000, r0=0xF0000000 | MASKED),
    _arm("msr cpsr_fsxc", 0xE12FF000, r0=0xF0000000 | MASKED),
    _arm("msr cpsr_c, #imm", 0xE321F0D3), _arm("msr spsr_fsxc", 0xE16FF000, r0=MASKED),
    _arm("mrs sp_usr", 0xE1050200), _arm("mrs spsr_irq", 0xE1400300),
    _arm("msr sp_usr", 0xE125F200), _arm("msr lr_irq", 0xE120F300, r0=4),
    _arm("cpsid i", 0xF10C0080), _arm("cpsie i", 0xF1080080), _arm("cpsid if", 0xF10C00C0),
    _arm("cps #mode", 0xF1020000 | SYS), _arm("setend be", 0xF1010200),
    _arm("setend le", 0xF1010000),
    _thumb("mrs cpsr", 0xF3EF, 0x8000), _thumb("mrs spsr", 0xF3FF, 0x8000),
    _thumb("msr cpsr_c", 0xF380, 0x8100, r0=MASKED),
    _thumb("msr cpsr_f", 0xF380, 0x8800, r0=0xF0000000),
    _thumb("cpsid i", 0xB672), _thumb("cpsie i", 0xB662), _thumb("cps #mode", 0xF3AF, 0x8100 | SYS),
    _thumb("setend be", 0xB658),
)
EXCEPTIONS = (
    _arm("svc", 0xEF000000), _arm("smc", 0xE1600070), _arm("hvc", 0xE1400070),
    _arm("bkpt", 0xE1200070), _arm("udf", 0xE7F000F0), _arm("eret", 0xE160006E),
    _arm("movs pc, lr", 0xE1B0F00E, r14=TARGET), _arm("subs pc, lr, #4", 0xE25EF004, r14=TARGET),
    _arm("rfeia", 0xF8920A00, _words(TARGET, 0x10), r2=SOURCE),
    _arm("srsia #svc", 0xF8ED0513), _arm("srsia #irq", 0xF8CD0512),
    _arm("ldm ^ (user registers)", 0xE8D26001, r2=SOURCE),
    _arm("stm ^ (user registers)", 0xE8C26001, r2=SOURCE),
    _arm("ldm ^ (return)", 0xE8D28001, _words(0, TARGET), r2=SOURCE),
    Instruction("rfeia (Thumb)", bytes.fromhex("92e900c0"), True, AT, _words(TARGET, 0x10), True),
    _thumb("svc", 0xDF00), _thumb("subs pc, lr, #4", 0xF3DE, 0x8F04, r14=TARGET),
)
HINTS = (
    _arm("wfi", 0xE320F003), _arm("wfe", 0xE320F002), _arm("sev", 0xE320F004),
    _arm("yield", 0xE320F001), _arm("dbg", 0xE320F0F0), _thumb("wfi", 0xBF30),
    _arm("dmb", 0xF57FF05F), _arm("dsb", 0xF57FF04F), _arm("isb", 0xF57FF06F),
    _arm("clrex", 0xF57FF01F),
)
MEMORY = (
    _arm("ldrt", 0xE4B20000, r2=SOURCE), _arm("strt", 0xE4A20000, r2=SOURCE),
    _arm("ldrbt", 0xE4F20000, r2=SOURCE), _arm("strbt", 0xE4E20000, r2=SOURCE),
    _arm("ldrht", 0xE0F200B0, r2=SOURCE), _arm("strht", 0xE0E200B0, r2=SOURCE),
    _thumb("ldrt", 0xF852, 0x0E00, r2=SOURCE), _thumb("strt", 0xF842, 0x0E00, r2=SOURCE),
)
# name: (crn, opc1, crm, opc2) and what MCR writes; None: it is only read
REGISTERS: tuple[tuple[str, tuple[int, int, int, int], int | None], ...] = (
    ("midr", (0, 0, 0, 0), None), ("ctr", (0, 0, 0, 1), None), ("mpidr", (0, 0, 0, 5), None),
    ("id_pfr0", (0, 0, 1, 0), None), ("clidr", (0, 1, 0, 1), None), ("ccsidr", (0, 1, 0, 0), None),
    ("csselr", (0, 2, 0, 0), 1), ("sctlr", (1, 0, 0, 0), 0x00C51879), ("actlr", (1, 0, 0, 1), 0x40),
    ("cpacr", (1, 0, 0, 2), 0), ("ttbr0", (2, 0, 0, 0), 0x8000), ("ttbr1", (2, 0, 0, 1), 0x8000),
    ("ttbcr", (2, 0, 0, 2), 1), ("dacr", (3, 0, 0, 0), ANYBODY), ("dfsr", (5, 0, 0, 0), 7),
    ("ifsr", (5, 0, 0, 1), 7), ("dfar", (6, 0, 0, 0), 0x1000), ("ifar", (6, 0, 0, 2), 0x1000),
    ("par", (7, 0, 4, 0), 0x1000), ("prrr", (10, 0, 2, 0), 5), ("nmrr", (10, 0, 2, 1), 5),
    ("vbar", (12, 0, 0, 0), 0xA000), ("isr", (12, 0, 1, 0), None),
    ("contextidr", (13, 0, 0, 1), 3), ("tpidrurw", (13, 0, 0, 2), 3),
    ("tpidruro", (13, 0, 0, 3), 3), ("tpidrprw", (13, 0, 0, 4), 3),
    ("pmcr", (9, 0, 12, 0), 1), ("pmcntenset", (9, 0, 12, 1), 1 << 31),
    ("pmccntr", (9, 0, 13, 0), 5), ("pmuserenr", (9, 0, 14, 0), 1),
    ("pmintenset", (9, 0, 14, 1), 1), ("cntfrq", (14, 0, 0, 0), 5), ("cntkctl", (14, 0, 1, 0), 1),
    ("cntp_tval", (14, 0, 2, 0), 5), ("cntp_ctl", (14, 0, 2, 1), 1),
    ("cntv_tval", (14, 0, 3, 0), 5), ("cntv_ctl", (14, 0, 3, 1), 1),
)
# Writes that are operations: B3.18.6 and B3.18.7
OPERATIONS = (
    ("cp15 wfi", (7, 0, 0, 4)), ("cp15 isb", (7, 0, 5, 4)), ("cp15 dsb", (7, 0, 10, 4)),
    ("cp15 dmb", (7, 0, 10, 5)), ("iciallu", (7, 0, 5, 0)), ("icimvau", (7, 0, 5, 1)),
    ("bpiall", (7, 0, 5, 6)), ("dcimvac", (7, 0, 6, 1)), ("dccmvac", (7, 0, 10, 1)),
    ("dccsw", (7, 0, 10, 2)), ("dccimvac", (7, 0, 14, 1)), ("ats1cpr", (7, 0, 8, 0)),
    ("tlbiall", (8, 0, 7, 0)), ("tlbimva", (8, 0, 7, 1)), ("tlbiasid", (8, 0, 7, 2)),
    ("tlbimvaa", (8, 0, 7, 3)), ("itlbiall", (8, 0, 5, 0)), ("dtlbiall", (8, 0, 6, 0)),
)
SYSTEM_REGISTERS = (
    *(_arm(f"mrc {name}", mrc(opc1, crn, crm, opc2))
      for name, (crn, opc1, crm, opc2), _ in REGISTERS),
    *(_arm(f"mcr {name}", mcr(opc1, crn, crm, opc2), r0=value)
      for name, (crn, opc1, crm, opc2), value in REGISTERS if value is not None),
    *(_arm(name, mcr(opc1, crn, crm, opc2), r0=0 if name == "tlbiasid" else PROBE)
      for name, (crn, opc1, crm, opc2) in OPERATIONS),
    _arm("mrrc cntpct", 0xEC510F0E), _arm("mrrc cntvct", 0xEC510F1E),
    _arm("mrrc ttbr0", 0xEC510F02), _arm("mcrr ttbr0", 0xEC410F02, r0=0x8000, r1=0),
    _arm("mrc dbgdidr", mrc(0, 0, 0, 0, 14)), _arm("mrc dbgdscr", mrc(0, 0, 1, 0, 14)),
    _arm("vmrs fpexc", 0xEEF80A10), _arm("vmsr fpexc", 0xEEE80A10, r0=0),
    _arm("vmrs fpsid", 0xEEF00A10), _arm("vmrs mvfr0", 0xEEF70A10),
    _arm("vmrs fpscr", 0xEEF10A10), _arm("vmsr fpscr", 0xEEE10A10, r0=0x03000000),
)


def _ordinary(
    name: str, word: int, memory: dict[int, bytes] | None = None, **registers: int
) -> Instruction:
    return Instruction(name, word.to_bytes(4, "little"), False, registers, memory or {})


ORDINARY = (
    _ordinary("nop", 0xE1A00000), _ordinary("add", 0xE0810002), _ordinary("adds", 0xE0910002),
    _ordinary("mul", 0xE0000291), _ordinary("ldr", 0xE5920000, r2=SOURCE),
    _ordinary("ldrb", 0xE5D20000, r2=SOURCE), _ordinary("ldrh", 0xE1D200B0, r2=SOURCE),
    _ordinary("ldrd", 0xE1C200D0, r2=SOURCE), _ordinary("str", 0xE5820000, r2=SOURCE),
    _ordinary("strd", 0xE1C200F0, r2=SOURCE), _ordinary("ldm", 0xE892000B, r2=SOURCE),
    _ordinary("stm", 0xE882000B, r2=SOURCE), _ordinary("push", 0xE52D0004),
    _ordinary("pop", 0xE49D0004),
    _ordinary("pop pc", 0xE49DF004, {STACK_TOP: TARGET.to_bytes(4, "little")}),
    _ordinary("b", 0xEA000002), _ordinary("bl", 0xEB000002),
    _ordinary("bx", 0xE12FFF1E, r14=TARGET), _ordinary("blx", 0xE12FFF31, r1=TARGET),
    _ordinary("ldrex", 0xE1920F9F, r2=SOURCE), _ordinary("strex", 0xE1820F91, r2=SOURCE),
    _ordinary("clz", 0xE16F0F11), _ordinary("rev", 0xE6BF0F31), _ordinary("qadd", 0xE1020051),
    _ordinary("sel", 0xE6810FB2), _ordinary("pld", 0xF5D2F000, r2=SOURCE),
    _ordinary("vmov", 0xEE000A10), _ordinary("vadd.f32", 0xEE300A81),
    _ordinary("vldr", 0xED920B00, r2=SOURCE),
    _thumb("movs", 0x0008, system=False), _thumb("ldr", 0x6810, system=False, r2=SOURCE),
    _thumb("str", 0x6010, system=False, r2=SOURCE), _thumb("bl", 0xF000, 0xF806, system=False),
    _thumb("bx", 0x4770, system=False, r14=TARGET), _thumb("cbz", 0xB130, system=False, r0=0),
)
SYSTEM = (*STATUS, *EXCEPTIONS, *HINTS, *MEMORY, *SYSTEM_REGISTERS)
TABLE = (*SYSTEM, *ORDINARY)
