# SPDX-License-Identifier: GPL-2.0-or-later
"""What an instruction does to the flow of control: what stepping over and out has to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmm.machine.machine import Machine

STACK_POINTER = {"sparc": "o6", "arm": "r13", "x86": "esp"}


class Flow(Enum):
    """Kinds of instructions."""

    PLAIN = "plain"
    CALL = "call"
    RETURN = "return"
    TRAP_RETURN = "trap return"


@dataclass(frozen=True, slots=True)
class Instruction:
    """The instruction at the pc."""

    flow: Flow
    following: int  # address that a call returns to, or of the next instruction


def _sparc(word: int, pc: int) -> Instruction:
    op, op3, rd, rs1 = word >> 30, word >> 19 & 0x3F, word >> 25 & 31, word >> 14 & 31
    if op == 1 or (op == 2 and op3 == 0x38 and rd == 15):  # call; jmpl with %o7
        return Instruction(Flow.CALL, pc + 8)
    if op == 2 and op3 == 0x39:
        return Instruction(Flow.TRAP_RETURN, pc + 4)
    if op == 2 and op3 == 0x38 and rd == 0 and rs1 in (15, 31):  # retl, ret
        return Instruction(Flow.RETURN, pc + 4)
    return Instruction(Flow.PLAIN, pc + 4)


def _arm(text: str) -> Flow:
    mnemonic, _, operands = text.partition(" ")
    loads_pc = operands.rstrip("^ }").endswith("pc")
    if mnemonic.startswith(("eret", "rfe")):
        return Flow.TRAP_RETURN
    if operands.startswith("pc,") and mnemonic.startswith(("movs", "subs")):
        return Flow.TRAP_RETURN
    if mnemonic.startswith("ldm") and operands.endswith("^") and loads_pc:
        return Flow.TRAP_RETURN
    if mnemonic.startswith("bl") and mnemonic not in ("ble", "blt", "bls", "blo"):
        return Flow.CALL
    if mnemonic.startswith("bx") and operands == "lr":
        return Flow.RETURN
    if mnemonic.startswith("mov") and operands == "pc, lr":
        return Flow.RETURN
    if mnemonic.startswith(("pop", "ldm")) and loads_pc:
        return Flow.RETURN
    if mnemonic.startswith("ldr") and operands.startswith("pc, [sp]"):
        return Flow.RETURN
    return Flow.PLAIN


def _x86(text: str) -> Flow:
    mnemonic = text.partition(" ")[0]
    if mnemonic in ("call", "lcall"):
        return Flow.CALL
    if mnemonic in ("ret", "retf", "lret", "bnd"):
        return Flow.RETURN
    if mnemonic.startswith("iret"):
        return Flow.TRAP_RETURN
    return Flow.PLAIN


def at_pc(machine: Machine) -> Instruction:
    """The instruction that runs next; PLAIN if it cannot be read."""
    processor, pc = machine.processor, machine.linear_pc
    lines = processor.disassemble(pc, 1)
    if not lines:
        return Instruction(Flow.PLAIN, pc)
    _, code, text = lines[0]
    if processor.architecture == "sparc":
        return _sparc(int.from_bytes(code, "big"), pc)
    flow = _arm(text) if processor.architecture == "arm" else _x86(text)
    return Instruction(flow, (pc + len(code)) & 0xFFFFFFFF)


def stack_pointer(machine: Machine) -> int:
    """The stack pointer of the present mode (x86: linear)."""
    registers = machine.processor.registers
    value = registers[STACK_POINTER[machine.processor.architecture]]
    if machine.processor.architecture == "x86":
        value = (value + registers["ss.base"]) & 0xFFFFFFFF
    return value


def privilege(machine: Machine) -> int:
    """What tells the present mode from that of a trap handler: PSR.S and CWP, CPSR mode, CPL."""
    registers = machine.processor.registers
    match machine.processor.architecture:
        case "sparc":
            return registers["psr"] & 0x9F
        case "arm":
            return registers["cpsr"] & 0x1F
        case _:
            return registers["cs"] & 3


def in_user_mode(machine: Machine) -> bool:
    """Whether the processor is at its lowest privilege."""
    mode = privilege(machine)
    match machine.processor.architecture:
        case "sparc":
            return not mode & 0x80
        case "arm":
            return mode == 0x10
        case _:
            return mode == 3
