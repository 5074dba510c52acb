# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 instructions that are emulated inline, on a VCPU page that the guest has no address of.

The real processor's IF is always set and its IOPL and NT are clear; so are the virtual ones
nearly always, or the monitor is called.  A word of the page has the virtual IF as EFLAGS
has it.  LEA leaves the flags alone, and a push of one word to another moves it.  POPF and STI
end their blocks, as on the bare processor: what they change is decided between blocks.

Only prefixless encodings of 32-bit code have templates, and instructions with privileges
those of privilege level 0; all others call the monitor.
"""

from __future__ import annotations

import capstone
import keystone

from vmm.cpu.engine import Engine
from vmm.cpu.x86.state import FLAG_IF, FLAG_IOPL, FLAG_NT, FLAG_TF, Env
from vmm.monitor.inline import Assembler, Template
from vmm.monitor.wedge import FLAGS, INTERRUPTS, PENDING
from vmm.monitor.x86.decode import NUMBER, OPERATIONS
from vmm.monitor.x86.vcpu import Vcpu

WIDE, FLAT, KERNEL, WIDE_STACK = 1, 2, 4, 8  # x86_sites.c: how code reads, and whose it is
PROTECTED = (WIDE | FLAT | KERNEL, WIDE | FLAT | KERNEL | WIDE_STACK)
STACKED = (WIDE | FLAT | WIDE_STACK, WIDE | FLAT | KERNEL | WIDE_STACK)
WIDE_OPERAND = 1 << 47  # decode.Instruction.argument
CONTROL_REGISTER = 48  # where its number is
CONTROL_FIELD = 7 << CONTROL_REGISTER
OPERAND = (32, 3)
IN_MEMORY = 1 << 45
HF_INHIBIT_IRQ = 1 << 3
ASSEMBLER = Assembler(
    keystone.KS_ARCH_X86, keystone.KS_MODE_32, "dword ptr [0x1000]", ("ecx", "edx"))
SCRATCH = ("kept", "kept2", "image", "odd", "open")  # behind what the native layer keeps
ENV_WORDS = ("hflags", "cr0", "cr2", "cr3", "cr4")

CLI = "? cpl == 0 \n mov @, 0 > interrupts"
STI = f"""
    ? cpl == 0
    ? pending == 0
    mov @, {FLAG_IF} > interrupts
    mov @, eax > kept
    mov eax, @ < hflags
    lea eax, [eax + {HF_INHIBIT_IRQ}]
    mov @, eax > hflags
    mov eax, @ < kept
"""
PUSHF = f"""
    ? flags == 0
    pushfd > image
    lea esp, [esp + 4]
    mov @, eax > kept
    mov @, ecx > kept2
    mov ecx, @ < interrupts
    mov eax, @ < image
    lea eax, [eax + ecx - {FLAG_IF}]
    mov @, eax > image
    mov eax, @ < kept
    mov ecx, @ < kept2
    push @ < image
"""
POPF = f"""
    ? cpl == 0
    ? flags == 0
    mov @, eax > kept
    mov eax, dword ptr [esp]
    mov @, eax > image
    and eax, {FLAG_IF}
    mov @, eax > open
    and eax, @ < pending
    mov @, eax > odd
    mov eax, @ < image
    and eax, {FLAG_TF | FLAG_IOPL | FLAG_NT}
    or @, eax <> odd
    mov eax, @ < kept
    ? odd == 0
    push @ < open > interrupts
    lea esp, [esp + 4]
    popfd < image
"""
READ_CR0 = "? cpl == 0 \n ? pe == 1 \n mov {r}, @ < cr0"
READ_CR = "? cpl == 0 \n mov {r}, @ < cr%d"
SMSW = "? pe == 1 \n mov {r}, word ptr [0x1000] < cr0"  # 16 bits, as the engine's


def _read_control(number: int, text: str) -> Template:
    return Template(NUMBER["mov r,cr"], text, PROTECTED, CONTROL_FIELD,
                    number << CONTROL_REGISTER, OPERAND)


TEMPLATES = (
    Template(NUMBER["cli"], CLI, PROTECTED),
    Template(NUMBER["sti"], STI, PROTECTED, ends=True),
    Template(NUMBER["pushf"], PUSHF, STACKED, WIDE_OPERAND, WIDE_OPERAND),
    Template(NUMBER["popf"], POPF, STACKED[1:], WIDE_OPERAND, WIDE_OPERAND, length=1, ends=True),
    _read_control(0, READ_CR0),
    *(_read_control(number, READ_CR % number) for number in (2, 3, 4)),
    Template(NUMBER["smsw"], SMSW, (*PROTECTED, *STACKED[:1], WIDE | FLAT), IN_MEMORY, 0, OPERAND,
             registers=("cx", "dx")),
)


def words(engine: Engine, vcpu: int, page: int) -> dict[str, int]:
    """Where the words are, in this process, that templates name; ``vcpu`` and ``page`` are the
    addresses of the virtual processor and of its VCPU page."""
    return (
        {name: page + 0x800 + 4 * index for index, name in enumerate(SCRATCH)}
        | {"interrupts": page + INTERRUPTS, "pending": page + PENDING, "flags": page + FLAGS}
        | {"cpl": vcpu + Vcpu.cpl.offset, "pe": vcpu + Vcpu.pe.offset}
        | {name: engine.env + getattr(Env, name).offset for name in ENV_WORDS}
    )


ASSEMBLERS = {form: ASSEMBLER for form in range(16)}
OPERATION_NAMES = dict(enumerate(OPERATIONS))
CAPSTONE_ARCHITECTURE = capstone.CS_ARCH_X86
CAPSTONE_MODES = {
    form: capstone.CS_MODE_32 if form & WIDE else capstone.CS_MODE_16 for form in range(16)
}
PLACE = "[0x1000]"  # what Capstone writes for a word of the virtual CPU


def form_name(form: int) -> str:
    """How code reads, and whose it is, in words."""
    if not form & FLAT:
        return "real mode"
    bits, stack = (32 if form & flag else 16 for flag in (WIDE, WIDE_STACK))
    odd_stack = "" if bits == stack else f", {stack}-bit stack"
    return f"{'kernel' if form & KERNEL else 'user'}, {bits} bits{odd_stack}"
