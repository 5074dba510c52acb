# SPDX-License-Identifier: GPL-2.0-or-later
"""The report on a guest that cannot go on.

Registers in the order in which each architecture's manual and debuggers show
them, the instruction and its neighbourhood, the symbol, and the last traps.
A row names registers; what a model does not have is left out, so one table
serves all models of an architecture.
"""

from __future__ import annotations

from vmm.cpu.processor import Processor
from vmm.machine.machine import Machine

BEFORE, AFTER = 4, 8  # instructions shown before the pc (where their size is fixed) and from it

SPARC_ROWS = (
    *(tuple(f"{bank}{i}" for bank in "goli") for i in range(8)),
    ("pc", "npc", "y"),
    ("wim", "mmu.control", "mmu.ctxtbl", "mmu.context"),
)
ARM_ROWS = (
    *(tuple(f"r{i}" for i in range(row, row + 4)) for row in (0, 4, 8)),
    ("r12", "r13", "r14", "pc"),
    ("dfar", "ifar", "ttbr0", "ttbr1"),
    ("vbar", "dacr", "ttbcr", "scr"),
)
X86_ROWS = (
    ("eax", "ebx", "ecx", "edx"),
    ("esi", "edi", "ebp", "esp"),
    *((name, f"{name}.base", f"{name}.limit", f"{name}.flags")
      for name in ("es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr")),
    ("gdtr.base", "gdtr.limit", "idtr.base", "idtr.limit"),
    ("eip", "cr2", "cr3"),
    ("dr0", "dr1", "dr2", "dr3"),
    ("dr6", "dr7"),
)
ROWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "sparc": SPARC_ROWS, "arm": ARM_ROWS, "x86": X86_ROWS,
}
# Registers whose fields are spelled out, a line each.
EXPLAINED = {
    "sparc": ("psr", "tbr", "fsr", "mmu.fsr", "mmu.far"),
    "arm": ("cpsr", "spsr", "sctlr", "dfsr", "ifsr", "hsr"),
    "x86": ("eflags", "cr0", "cr4"),
}
WIDTH = {"sparc": 12, "arm": 6, "x86": 11}  # of the longest name that is common
CODE_WIDTH = {"sparc": 8, "arm": 8, "x86": 16}  # hexadecimal digits of most instructions
FIXED_SIZE = {"sparc": 4}  # bytes of every instruction: what lies before the pc can be shown


LAST_TRAPS = 8


def report(machine: Machine) -> list[str]:
    """The lines of the report."""
    lines = [*registers(machine.processor), *code(machine)]
    last = [
        f"  {count:>14}  {machine.processor.trap_name(kind)}({kind:#x}) at {place(machine, pc)}"
        f" status {status:08x}"
        for count, kind, pc, status, _ in machine.engine.recent_traps()[-LAST_TRAPS:]
    ]
    if last:
        lines += [f"last traps, after {machine.engine.count} instructions:", *last]
    return lines


def registers(processor: Processor) -> list[str]:
    """The registers of a processor, in its architecture's customary layout."""
    known = processor.registers
    width = WIDTH[processor.architecture]
    lines = []
    for row in ROWS[processor.architecture]:
        cells = [f"{name:<{width}}{known[name]:08x}" for name in row if name in known.table]
        if cells:
            lines.append("  ".join(cells))
    for name in EXPLAINED[processor.architecture]:
        if name in known.table:
            register = known.find(name)
            lines.append(f"{name:<{width}}{register.explain(register.read())}")
    return lines


def code(machine: Machine) -> list[str]:
    """The instructions around the pc, or one line that says that there are none."""
    processor = machine.processor
    pc = linear_pc(processor)
    before = min(BEFORE * FIXED_SIZE.get(processor.architecture, 0), pc)
    step = FIXED_SIZE.get(processor.architecture, 1)
    shown = processor.disassemble(pc - before, AFTER + before // step - BEFORE * (before > 0))
    if not any(at == pc for at, _, _ in shown):
        shown = processor.disassemble(pc, AFTER)
    lines = [f"at {place(machine, pc)}:"]
    if not shown:
        return [f"at {place(machine, pc)}: nothing is mapped there"]
    for at, data, text in shown:
        mark = "=>" if at == pc else "  "
        encoding = data[::-1].hex() if processor.architecture == "arm" else data.hex()
        lines.append(f"{mark} {at:08x}  {encoding:<{CODE_WIDTH[processor.architecture]}}  {text}")
    return lines


def linear_pc(processor: Processor) -> int:
    """The pc as an address that can be looked up (x86: with the base of CS)."""
    return int(getattr(processor, "linear_pc", processor.pc))


def place(machine: Machine, address: int) -> str:
    """An address with its symbol: ``40000010 <main+0x10>``."""
    name = machine.symbols.name(address)
    return f"{address:08x} <{name}>" if name else f"{address:08x}"
