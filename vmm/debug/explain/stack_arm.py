# SPDX-License-Identifier: GPL-2.0-or-later
"""Up an ARM stack: by call frame information, or the link register and frame pointers.

At the first instruction of an exception's handler the way leads on into what
was interrupted, with the registers of its mode (DDI 0406C, B1.8).
"""

from __future__ import annotations

from collections.abc import Iterator

from vmm.cpu.arm import traps
from vmm.cpu.arm import walk as arm_walk
from vmm.cpu.arm.registers import HYP, MODE_NAMES, MON, SYS
from vmm.debug.explain import cfi
from vmm.debug.explain.source import sources
from vmm.debug.explain.stack import Step, is_code
from vmm.debug.explain.view import View
from vmm.machine.machine import Machine

FP, SP, LR, PC = 11, 13, 14, 15
# Vector offset: how far LR is ahead of the interrupted instruction, in ARM state.
AHEAD = {0x04: 4, 0x08: 4, 0x0C: 4, 0x10: 8, 0x18: 4, 0x1C: 4}


def steps(machine: Machine, view: View) -> Iterator[Step]:
    """From the current instruction outwards."""
    registers = {i: view.registers[f"r{i}"] for i in range(15)} | {PC: view.registers["pc"]}
    pc, how, innermost = registers[PC], "registers", True
    yield Step(pc, registers[SP], how)
    interrupted = _interrupted(view)
    if interrupted is not None:
        registers = interrupted
        pc = registers[PC]
        yield Step(pc, registers[SP], "trap")
    known = sources(machine.symbols)
    while True:
        # A call is before its return address; the innermost instruction is where it is.
        caller = cfi.unwind(known, view, pc, registers, SP)
        how = "cfi"
        if caller is None:
            caller = _by_convention(machine, view, registers, innermost)
            how = "frame pointer"
        if caller is None:
            return
        back = caller.pop(-1) & ~1
        if not is_code(machine, back) or back == pc:
            return
        pc, innermost, registers = back - 4, False, caller
        registers[PC] = pc
        yield Step(pc, registers[SP], how)


def _by_convention(
    machine: Machine, view: View, registers: dict[int, int], innermost: bool
) -> dict[int, int] | None:
    """Without frame information: the link register at first, then frames below fp."""
    caller = dict(registers)
    if innermost and is_code(machine, registers[LR]):
        caller[-1] = registers[LR]
        return caller
    frame = registers.get(FP, 0)
    if frame & 3 or not frame:
        return None
    back, previous = view.number(frame), view.number(frame - 4)
    if back is None or previous is None or previous <= frame:
        return None
    caller |= {FP: previous, SP: frame + 4, -1: back}
    return caller


def _interrupted(view: View) -> dict[int, int] | None:
    """The registers of what an exception interrupted, at its handler's first instruction."""
    registers = view.registers
    mode = registers["cpsr"] & 0x1F
    if mode == HYP:
        base = registers["hvbar"]
    elif mode == MON:
        base = registers["mvbar"]
    elif registers[arm_walk.instance(registers, "sctlr")] & traps.SCTLR_V:
        base = traps.HIGH_VECTORS
    else:
        base = registers.get(arm_walk.instance(registers, "vbar"), 0)
    offset = registers["pc"] - base
    spsr = registers.get("spsr", 0)
    name = MODE_NAMES.get(spsr & 0x1F)
    if offset not in AHEAD or name is None or mode in (0x10, SYS):
        return None
    bank = "usr" if spsr & 0x1F == SYS else name
    # User and System mode share a bank, and an exception within one mode has overwritten its own.
    same = spsr & 0x1F == mode
    found = {i: registers[f"r{i}"] for i in range(13)}
    found[SP] = registers["r13"] if same else registers[f"sp_{bank}"]
    lr = registers["r14"] if same else registers.get(f"lr_{bank}", registers["lr_usr"])
    found[LR] = lr
    thumb = bool(spsr & traps.CPSR_T)
    if mode == HYP:
        found[PC] = registers["elr_hyp"]
    elif offset == 0x08:
        found[PC] = registers["r14"] - (2 if thumb else 4)
    else:
        found[PC] = registers["r14"] - AHEAD[offset] + (2 if thumb and offset == 0x04 else 0)
    return found
