# SPDX-License-Identifier: GPL-2.0-or-later
"""What protection an x86 instruction violated (Intel SDM volume 3A, chapter 5; 6.15).

The processor says no more than an error code.  What it was is told by the
instruction at the fault: what it needs, against the privilege level, the
flags, the descriptors and the I/O permission bitmap of that moment.
"""

from __future__ import annotations

import re

from vmm.cpu.x86.descriptors import SELECTOR_LDT
from vmm.debug.explain import tables_x86 as tables
from vmm.debug.explain.code import Instruction
from vmm.debug.explain.explanation import Context

CODE_IDT = 2
TS, NP, SS = 10, 11, 12
FLAG_VM = 1 << 17
PRIVILEGED = {
    "hlt", "lgdt", "lidt", "lldt", "ltr", "lmsw", "clts", "invd", "wbinvd", "invlpg", "rdmsr",
    "wrmsr", "rdpmc", "sysexit",
}
IO = re.compile(r"(rep\w* )?(ins|outs)[bwd]?\b|(in|out) ")
CONTROL = re.compile(r"mov (cr|dr)\d|mov \w+, (cr|dr)\d")
LOADS_SEGMENT = re.compile(r"mov (es|ss|ds|fs|gs),|pop (es|ss|ds|fs|gs)$|l(es|ds|ss|fs|gs) ")
FAR = re.compile(r"ljmp|lcall|(jmp|call) .*ptr|retf|iret")


def general_protection(
    context: Context, vector: int, code: int, one: Instruction | None
) -> list[str]:
    """Sentences on a #GP, #TS, #NP or #SS."""
    if code:
        return [_by_selector(context, vector, code, one)]
    if one is None:
        return ["The instruction cannot be read."]
    return [_by_instruction(context, one)]


# -- an error code with a selector ---------------------------------------------------------


def selector_lines(context: Context, code: int) -> list[str]:
    """The descriptor or gate that an error code names."""
    if not code & 0xFFFC:
        return []
    if code & CODE_IDT:
        entry = tables.gate(context.then, code >> 3)
        name = f"IDT entry {code >> 3:#04x}"
    else:
        entry = tables.descriptor(context.then, code)
        name = f"{'LDT' if code & SELECTOR_LDT else 'GDT'} entry {code & 0xFFF8:04x}"
    if entry is None:
        return [f"{name}: beyond the table's limit, or not mapped"]
    return [f"{name}: {tables.entry_line(entry)}"]


def _by_selector(context: Context, vector: int, code: int, one: Instruction | None) -> str:
    before = context.before
    level = tables.cpl(before)
    if code & CODE_IDT:
        number = code >> 3
        entry = tables.gate(context.then, number)
        if entry is None:
            return f"Vector {number:#04x} is beyond the IDT's limit {before['idtr.limit']:#x}."
        gate = entry.descriptor
        if not gate.system or gate.type not in (5, 6, 7, 14, 15):
            return f"IDT entry {number:#04x} is not an interrupt, trap or task gate."
        if not gate.present:
            return f"IDT entry {number:#04x} is not present."
        return f"INT {number:#04x} at CPL {level}, but the gate's DPL is {gate.dpl}."
    entry = tables.descriptor(context.then, code)
    table = "LDT" if code & SELECTOR_LDT else "GDT"
    selector = f"selector {code:04x}"
    if entry is None:
        return f"The {selector} is beyond the {table}'s limit, or the {table} is not there."
    found = entry.descriptor
    what = tables.describe(found)
    text = one.text if one is not None else ""
    if not found.present and vector in (NP, SS):
        return f"The {selector} names a descriptor that is not present: {what}."
    if vector == TS:
        return f"The {selector} does not fit what the TSS or task switch needs: {what}."
    if re.match(r"(mov|pop) ss|lss ", text):
        return (f"SS takes writable data with DPL and RPL equal to CPL {level}; {selector} names "
                f"{what}.")
    if LOADS_SEGMENT.match(text):
        return (f"A data segment register takes data or readable code that CPL {level} and the RPL "
                f"may use; {selector} names {what}.")
    if re.match(r"ltr ", text):
        return f"LTR takes an available TSS of the GDT; {selector} names {what}."
    if re.match(r"lldt ", text):
        return f"LLDT takes an LDT of the GDT; {selector} names {what}."
    if text.startswith("int"):
        return (f"The gate of `{text}` must name a present code segment, not less privileged than "
                f"CPL {level}; {selector} names {what}.")
    if FAR.match(text):
        return (f"A far transfer at CPL {level} cannot go to, or return to, {selector}: {what}.")
    return f"The {selector} names a descriptor that does not fit: {what}."


# -- no selector: by the instruction -----------------------------------------------------------


def _by_instruction(context: Context, one: Instruction) -> str:
    before = context.before
    level, iopl = tables.cpl(before), before["eflags"] >> 12 & 3
    vm86 = bool(before["eflags"] & FLAG_VM)
    name = one.text.split()[0]
    where = "in virtual-8086 mode" if vm86 else f"at CPL {level}"
    if (name in PRIVILEGED or CONTROL.match(one.text)) and level:
        return f"`{one.text}` is a privileged instruction: it needs CPL 0, and runs {where}."
    if name in ("cli", "sti") and level > iopl:
        return f"`{name}` {where} with IOPL {iopl}: it needs CPL at or below IOPL."
    if vm86 and iopl < 3 and name.startswith(("pushf", "popf", "iret", "int")):
        return f"`{one.text}` in virtual-8086 mode with IOPL {iopl}: it needs IOPL 3."
    if IO.match(one.text):
        return _port(context, one, level, iopl, where)
    if CONTROL.match(one.text):
        return f"`{one.text}` would set reserved bits, or PG without PE."
    if name == "rdtsc":
        return f"RDTSC {where} with CR4.TSD set: it needs CPL 0."
    if name.startswith("int") and not vm86:
        return f"`{one.text}` {where}: the selector of its gate is null."
    if name in ("rdmsr", "wrmsr"):
        return f"`{name}`: there is no such model-specific register, or the value is reserved."
    if name == "sysenter":
        return "SYSENTER with a null selector in IA32_SYSENTER_CS."
    if LOADS_SEGMENT.match(one.text):
        return f"`{one.text}` would load a null selector where none may be."
    if FAR.match(one.text):
        return _far(context, one, where)
    if len(one.data) == 1 and name.startswith(".byte"):
        return "The instruction is longer than 15 bytes, or no instruction."
    return f"`{one.text}` {where} violated one of its checks; the error code is 0."


def _far(context: Context, one: Instruction, where: str) -> str:
    """A far transfer with error code 0: where it would go to says why it may not."""
    direct = re.match(r"l(jmp|call) (0x[0-9a-f]+|\d+)(:|, )(0x[0-9a-f]+|\d+)$", one.text)
    if direct is not None:
        selector, offset = int(direct[2], 0), int(direct[4], 0)
    elif one.text.startswith(("retf", "iret")):
        width = 4 if one.text[-1] == "d" or context.then.wide_code else 2
        top = context.before["ss.base"] + context.before["esp"]
        offset = context.then.number(top, width) or 0
        selector = (context.then.number(top + width, width) or 0) & 0xFFFF
    else:
        return f"`{one.text}` {where}: a null selector, or an offset beyond its segment."
    start = f"`{one.text}` {where} goes to {selector:04x}:{offset:08x}"
    if not selector & 0xFFFC:
        return f"{start}: the selector is null."
    found = tables.descriptor(context.then, selector)
    if found is not None and offset > found.descriptor.limit:
        return f"{start}: beyond the segment's limit {found.descriptor.limit:08x}."
    return f"{start}: a check of this transfer, or of the stack it takes, failed."


def _port(context: Context, one: Instruction, level: int, iopl: int, where: str) -> str:
    """The I/O permission bitmap decides above IOPL (volume 1, 19.5.2)."""
    before = context.before
    operands = one.text.partition(" ")[2]
    immediate = re.search(r"0x[0-9a-f]+|\b\d+\b", operands)
    port = int(immediate[0], 0) if immediate and "dx" not in operands else before["edx"] & 0xFFFF
    start = f"I/O port {port:#x} {where} with IOPL {iopl}"
    base, limit = before["tr.base"], before["tr.limit"]
    if before["tr.flags"] >> 8 & 15 not in (9, 11) or limit < 103:
        return f"{start}, and TR holds no 32-bit TSS with an I/O permission bitmap."
    bitmap = context.then.number(base + 0x66, 2) or 0
    at = bitmap + (port >> 3)
    if at + 1 > limit:
        return (f"{start}, and the I/O permission bitmap, at {bitmap:#x} of the TSS, whose limit "
                f"is {limit:#x}, ends before this port.")
    bits = (context.then.number(base + at, 2) or 0) >> (port & 7)
    denied = next((i for i in range(_width(one)) if bits >> i & 1), 0)
    place = base + bitmap + (port + denied >> 3)
    return (f"{start}, and the I/O permission bitmap forbids port {port + denied:#x}: bit "
            f"{port + denied & 7} of the byte at {place:08x} is 1.")


def _width(one: Instruction) -> int:
    """Bytes of an IN, OUT, INS or OUTS."""
    if re.search(r"\beax\b|dword", one.text):
        return 4
    return 2 if re.search(r"\bax\b|\bword", one.text) else 1
