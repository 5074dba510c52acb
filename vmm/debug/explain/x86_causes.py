# SPDX-License-Identifier: GPL-2.0-or-later
"""Why an x86 processor raised an exception (Intel SDM volume 3A, 5 and 6.15)."""

from __future__ import annotations

import re

from vmm.cpu.walk import Access
from vmm.debug.explain import interrupts, walks
from vmm.debug.explain import tables_x86 as tables
from vmm.debug.explain.code import Instruction
from vmm.debug.explain.explanation import Context, Section
from vmm.debug.explain.x86_protection import general_protection, selector_lines
from vmm.devices.i8259 import I8259
from vmm.native.library import KIND_INTERRUPT, KIND_SOFTWARE

Told = tuple[list[str], list[Section]]
DE, DB, NMI, BP, OF, BR, UD, NM, DF = range(9)
TS, NP, SS, GP, PF = range(10, 15)
MF, AC, XM = 16, 17, 19
ERROR_WRITE, ERROR_USER, ERROR_FETCH = 2, 4, 16
FLOAT = re.compile(r"f\w+|wait|emms|(mov|p?add|p?sub|p?mul|p?xor|cvt)\w*\b.*\b[xm]mm")


def cause(context: Context, one: Instruction | None) -> Told:
    """The sentences and sections that say why."""
    kind = context.trap.kind
    vector = kind & 0xFF
    if kind >= KIND_INTERRUPT:
        return _interrupt(context, vector)
    if kind >= KIND_SOFTWARE:
        level = tables.cpl(context.before)
        return [f"The program asked for it at CPL {level}: a software interrupt, which returns "
                "behind itself."], []
    tellers = {
        DE: _divide, DB: _debug, UD: _undefined, NM: _not_available, DF: _double, PF: _page,
        MF: _float, XM: _simd,
    }
    if vector in tellers:
        return tellers[vector](context, one)
    if vector in (TS, NP, SS, GP):
        return _selector(context, vector, one)
    if vector == AC:
        return ["An unaligned access at CPL 3 with CR0.AM and EFLAGS.AC set."], []
    names = {NMI: "The NMI pin saw an edge.", BP: "A breakpoint.", OF: "INTO with OF set.",
             BR: "BOUND: the index is outside the bounds."}
    return [names.get(vector, "An exception that this processor does not raise by itself.")], []


def _divide(context: Context, one: Instruction | None) -> Told:
    r = context.before
    return [f"A division by zero, or the quotient does not fit: EDX:EAX = {r['edx']:08x}:"
            f"{r['eax']:08x}."], []


def _debug(context: Context, one: Instruction | None) -> Told:
    dr6, dr7 = context.after["dr6"], context.before["dr7"]
    reasons = []
    if dr6 & 1 << 14:
        reasons.append("single step (BS): TF was set when the instruction before began")
    if dr6 & 1 << 13:
        reasons.append("an access to a debug register with DR7.GD set (BD)")
    for i in range(4):
        if dr6 >> i & 1:
            kinds = ("execution of", "a write to", "an I/O access to", "an access to")
            reasons.append(f"{kinds[dr7 >> 16 + 4 * i & 3]} "
                           f"{context.place(context.before[f'dr{i}'])} (B{i})")
    why = "; ".join(reasons) or "ICEBP (F1), or a task switch with the T bit"
    lines = [*context.register("dr6", dr6), f"dr7 = {context.marked('dr7', dr7)}"]
    return [f"{why[0].upper()}{why[1:]}."], [Section("Cause", tuple(lines), dr6)]


def _undefined(context: Context, one: Instruction | None) -> Told:
    if one is not None and one.text.startswith(".byte"):
        return ["These bytes are no instruction."], []
    name = one.text if one is not None else "the instruction"
    if name.startswith("ud2"):
        return ["UD2 is undefined on purpose."], []
    return [f"`{name}` is not allowed here: no such instruction on this model, a LOCK prefix that "
            "does not fit, or a mode or CR4 bit that forbids it."], []


def _not_available(context: Context, one: Instruction | None) -> Told:
    cr0 = context.before["cr0"]
    bits = [name for name, bit in (("EM", 2), ("TS", 3), ("MP", 1)) if cr0 >> bit & 1]
    return [f"An FPU instruction while CR0 has {' and '.join(bits) or 'neither EM nor TS'} set."], [
        Section("Cause", (f"cr0 = {context.marked('cr0', cr0)}",), cr0)]


def _double(context: Context, one: Instruction | None) -> Told:
    recent = context.machine.engine.recent_traps()
    first = next((record for record in reversed(recent[:-1]) if record[1] != DF), None)
    name = context.machine.processor.trap_name(first[1]) if first is not None else "a fault"
    return [f"A second fault while {name} was being delivered; both contribute (table 6-5)."], []


def _float(context: Context, one: Instruction | None) -> Told:
    status, control = context.before["fstat"], context.before["fctrl"]
    lines = (f"fstat = {context.marked('fstat', status)}",
             f"fctrl = {context.marked('fctrl', control)}")
    return ["The FPU has an unmasked exception pending from an earlier instruction."], [
        Section("Cause", lines, status)]


def _simd(context: Context, one: Instruction | None) -> Told:
    value = context.before.get("mxcsr", 0)
    return ["An unmasked SIMD floating-point exception."], [
        Section("Cause", (f"mxcsr = {value:08x}",), value)]


def _page(context: Context, one: Instruction | None) -> Told:
    """Error code and CR2 as the processor had them, and the walk that shows why."""
    code, address = context.trap.info, context.before["cr2"]
    fetch = bool(code & ERROR_FETCH) or address == context.then.pc
    kind = "store" if code & ERROR_WRITE else "execute" if fetch else "load"
    access = Access(kind, bool(code & ERROR_USER))  # type: ignore[arg-type]
    walk = context.then.walk(address, access)
    lines = [*context.register("error.page", code, "error code"),
             f"CR2 = {context.place(address)}"]
    what = f"{access} of {context.place(address)}"
    if walk.physical is not None:
        why = "the tables allow it now: the translation was cached, or has been changed since"
    else:
        why = walk.fault or ""
    summary = [f"The paging unit refused the {what}: {why}."]
    section = walks.section("x86", walk, access)
    mode = "PAE paging" if context.before["cr4"] & 1 << 5 else "32-bit paging"
    head = (section.lines[0], f"{mode}: CR3 {context.before['cr3']:08x}, CR0.WP "
            f"{context.before['cr0'] >> 16 & 1}, CR4.PSE {context.before['cr4'] >> 4 & 1}")
    return summary, [Section("Cause", tuple(lines), code),
                     Section("Walk", (*head, *section.lines[1:]), walk)]


def _selector(context: Context, vector: int, one: Instruction | None) -> Told:
    """#TS, #NP, #SS, #GP: by the error code, or by the instruction if that is 0."""
    code = context.trap.info & 0xFFFF
    if code:
        lines = context.register("error.selector", code, "error code")
        lines += selector_lines(context, code)
    else:
        lines = ["error code = 00000000: no descriptor is at fault"]
    section = Section("Cause", tuple(lines), code)
    return general_protection(context, vector, code, one), [section]


def _interrupt(context: Context, vector: int) -> Told:
    """Which IRQ a vector is, by the controllers' bases."""
    number = None
    for controller in interrupts.controllers(context.machine):
        if isinstance(controller, I8259) and 0 <= vector - controller.state.base < 8:
            number = vector - controller.state.base + (8 if "slave" in controller.name else 0)
    what = "" if number is None else f", which is IRQ{number}"
    enabled = context.before["eflags"] >> 9 & 1
    summary = [f"INTR was asserted and EFLAGS.IF is {enabled}; the controller gave vector "
               f"{vector:#04x}{what}."]
    return summary, [interrupts.section(context.machine, number)]
