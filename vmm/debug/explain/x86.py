# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 traps explained (Intel SDM volume 3A, chapter 6).

The causes of exceptions are in x86_causes.py; here is the delivery: gate,
privilege change, stack switch, pushed frame.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.cpu.x86.descriptors import TASK_GATE, Descriptor
from vmm.cpu.x86.faults import WITH_ERROR_CODE
from vmm.debug.explain import changes
from vmm.debug.explain import tables_x86 as tables
from vmm.debug.explain.explanation import Context, Explanation, Section
from vmm.debug.explain.x86_causes import cause
from vmm.native.library import KIND_INTERRUPT, KIND_SOFTWARE

TITLES = {
    0: "#DE Divide Error", 1: "#DB Debug Exception", 2: "NMI Interrupt", 3: "#BP Breakpoint",
    4: "#OF Overflow", 5: "#BR BOUND Range Exceeded", 6: "#UD Invalid Opcode",
    7: "#NM Device Not Available", 8: "#DF Double Fault", 9: "Coprocessor Segment Overrun",
    10: "#TS Invalid TSS", 11: "#NP Segment Not Present", 12: "#SS Stack-Segment Fault",
    13: "#GP General Protection", 14: "#PF Page Fault", 16: "#MF x87 FPU Error",
    17: "#AC Alignment Check", 18: "#MC Machine Check", 19: "#XM SIMD Floating-Point Exception",
}
FLAG_IF, FLAG_VM = 1 << 9, 1 << 17


@dataclass(frozen=True, slots=True)
class Gate:
    """How a vector's delivery went."""

    vector: int
    entry: tables.Entry | None
    code: tables.Entry | None  # the handler's code segment
    failed: str  # the check that the delivery did not pass, or nothing
    selector: int  # of the handler
    offset: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What was pushed, from the lowest address up."""

    address: int  # linear, of the last value pushed
    width: int
    values: tuple[tuple[str, int | None], ...]


def explain(context: Context) -> Explanation:
    """Any trap: an exception (kind 0-255), INT n (256+n), an interrupt (512+n)."""
    kind = context.trap.kind
    vector = kind & 0xFF
    one = context.instruction(context.then.pc)
    summary, sections = cause(context, one)
    if tables.protected(context.before):
        sections += _protected(context, vector, summary)
    else:
        sections += _real(context, vector, summary)
    shown = changes.section(context)
    return Explanation(_title(context, kind, vector), tuple(summary), one, (*sections, shown))


def _title(context: Context, kind: int, vector: int) -> str:
    if kind >= KIND_INTERRUPT:
        what = f"Interrupt {vector:#04x}"
    elif kind >= KIND_SOFTWARE:
        what = f"INT {vector:#04x}" + (f" ({TITLES[vector]})" if vector in (3, 4) else "")
    else:
        what = f"{TITLES.get(vector, 'reserved exception')} (vector {vector})"
    return context.title(what)


# -- protected mode -----------------------------------------------------------------------


def _protected(context: Context, vector: int, summary: list[str]) -> list[Section]:
    gate = inspect(context, vector)
    sections = [_gate_section(context, gate)]
    if gate.failed:
        where = context.place(context.now.pc)
        summary.append(f"The delivery of vector {vector} failed: {gate.failed}. That is a trap of "
                       f"its own; the machine is now at {where}.")
        return sections
    assert gate.entry is not None
    if gate.entry.descriptor.type == TASK_GATE:
        return [*sections, _task(context)]
    after = context.after
    if after["cs"] & 0xFFFC != gate.selector & 0xFFFC or after["eip"] != gate.offset:
        summary.append("The delivery met another fault while it used the stack; the machine is now "
                       f"at {context.place(context.now.pc)}.")
        return sections
    return [*sections, _privilege(context), _frame_section(context, gate, vector),
            _flags(context, gate.entry.descriptor)]


def inspect(context: Context, vector: int) -> Gate:
    """The gate, and the checks of the delivery in their order (6.12.1, volume 2A "INT n")."""
    before, view = context.before, context.then
    entry = tables.gate(view, vector)
    software = KIND_SOFTWARE <= context.trap.kind < KIND_INTERRUPT
    level = tables.cpl(before)

    def failed(why: str, code: tables.Entry | None = None) -> Gate:
        return Gate(vector, entry, code, why, 0, 0)

    if entry is None:
        return failed(f"vector {vector} is beyond the IDT's limit {before['idtr.limit']:#x}")
    gate = entry.descriptor
    if not gate.system or gate.type not in (5, 6, 7, 14, 15):
        return failed("the IDT entry is not an interrupt, trap or task gate")
    if software and gate.dpl < level:
        return failed(f"the gate's DPL {gate.dpl} is below CPL {level}, and it was called by INT")
    if not gate.present:
        return failed("the gate is not present")
    if gate.type == TASK_GATE:
        found = tables.descriptor(view, gate.selector)
        # A task switch makes its TSS busy; what failed before it left CS:EIP elsewhere.
        switched = context.after["tr"] & 0xFFFC == gate.selector & 0xFFFC
        why = "" if switched else "the TSS that the task gate names is not usable"
        return Gate(vector, entry, found, why, gate.selector, 0)
    if not gate.selector & 0xFFFC:
        return failed("the gate's selector is null")
    code = tables.descriptor(view, gate.selector)
    if code is None:
        return failed(f"the gate's selector {gate.selector:04x} is beyond its table")
    segment = code.descriptor
    if segment.system or not segment.code:
        return failed(f"the gate's selector {gate.selector:04x} is not of a code segment", code)
    if segment.dpl > level:
        return failed(f"the handler's segment has DPL {segment.dpl}, less privileged than CPL "
                      f"{level}", code)
    if not segment.present:
        return failed("the handler's code segment is not present", code)
    wanted = level if segment.conforming else segment.dpl
    if before["eflags"] & FLAG_VM and wanted == level:
        return failed("a handler for virtual-8086 mode must have another privilege level", code)
    if wanted < level:
        why = _stack_problem(context, wanted)
        if why:
            return failed(why, code)
    offset = gate.offset if gate.type & 8 else gate.offset & 0xFFFF
    return Gate(vector, entry, code, "", gate.selector, offset)


def _stack_problem(context: Context, level: int) -> str:
    """Why the TSS gives no stack for ``level``, or nothing."""
    ss, _, place = inner_stack(context, level)
    if ss is None:
        return f"TR holds no TSS with a stack for privilege level {level} ({place})"
    name = f"the TSS's SS{level} {ss:04x}"
    if not ss & 0xFFFC or ss & 3 != level:
        return f"{name} is null, or its RPL is not {level}"
    found = tables.descriptor(context.then, ss)
    if found is None:
        return f"{name} is beyond its table"
    segment = found.descriptor
    if segment.dpl != level or not segment.writable_data:
        return f"{name} is not writable data with DPL {level}"
    return "" if segment.present else f"{name} is not present"


def inner_stack(context: Context, level: int) -> tuple[int | None, int, str]:
    """SS and ESP that the TSS keeps for a privilege level, and where they are."""
    before = context.before
    flags, base = before["tr.flags"], before["tr.base"]
    width = 4 if flags & 1 << 11 else 2
    offset = (2 * level + 1) * width
    if not flags & 1 << 15 or flags >> 8 & 5 != 1 or offset + 2 * width - 1 > before["tr.limit"]:
        return None, 0, f"TR {before['tr']:04x}, limit {before['tr.limit']:#x}"
    pointer = context.then.number(base + offset, width)
    ss = context.then.number(base + offset + width, 2)
    if pointer is None or ss is None:
        return None, 0, f"the TSS at {base:08x} is not mapped"
    return ss, pointer, f"[{base + offset:08x}]"


def _gate_section(context: Context, gate: Gate) -> Section:
    """The IDT entry and the code segment it names.  Data: the `Gate`."""
    before = context.before
    where = f"IDT at {before['idtr.base']:08x}, limit {before['idtr.limit']:04x}"
    if gate.entry is None:
        return Section("Gate", (f"{where}: no entry {gate.vector:#04x}",), gate)
    lines = [f"{where}, entry {gate.vector:#04x}:", f"  {tables.entry_line(gate.entry)}"]
    if gate.code is not None:
        lines.append(f"selector {gate.code.number:04x}:")
        lines.append(f"  {tables.entry_line(gate.code)}")
    lines.append(f"failed: {gate.failed}" if gate.failed else "all checks passed")
    return Section("Gate", tuple(lines), gate)


def _privilege(context: Context) -> Section:
    """CPL, and where the handler's stack comes from.  Data: CPL before and after."""
    before, after = context.before, context.after
    old, new = tables.cpl(before), tables.cpl(after)
    if new >= old:
        line = f"CPL stays {new}: the handler uses the interrupted stack, SS:ESP {_stack(before)}"
        return Section("Stack", (line,), (old, new))
    ss, pointer, place = inner_stack(context, new)
    kind = "32-bit" if before["tr.flags"] & 1 << 11 else "16-bit"
    lines = [
        f"CPL {old} -> {new}: the handler has the stack of privilege level {new}",
        f"{kind} TSS at {before['tr.base']:08x} (TR {before['tr']:04x}), {place}: "
        f"SS{new}:ESP{new} = {ss or 0:04x}:{pointer:08x}",
        f"SS:ESP {_stack(before)} -> {_stack(after)}",
    ]
    return Section("Stack", tuple(lines), (old, new))


def _stack(registers: object) -> str:
    assert hasattr(registers, "__getitem__")
    return f"{registers['ss']:04x}:{registers['esp']:08x}"


def frame(context: Context, width: int, names: list[str]) -> Frame:
    """Read a frame of these names off the handler's stack."""
    after = context.after
    big = bool(after["ss.flags"] & 1 << 22) and tables.protected(after)
    mask = 0xFFFFFFFF if big else 0xFFFF
    pointer = after["esp"] & mask
    values = tuple(
        (name, context.now.number(after["ss.base"] + (pointer + width * i & mask), width))
        for i, name in enumerate(names)
    )
    return Frame(after["ss.base"] + pointer & 0xFFFFFFFF, width, values)


def _frame_section(context: Context, gate: Gate, vector: int) -> Section:
    """The pushed frame, lowest address first.  Data: the `Frame`."""
    assert gate.entry is not None
    width = 4 if gate.entry.descriptor.type & 8 else 2
    names = ["EIP", "CS", "EFLAGS"]
    if context.trap.kind < KIND_SOFTWARE and vector in WITH_ERROR_CODE:
        names.insert(0, "error code")
    if tables.cpl(context.after) < tables.cpl(context.before):
        names += ["ESP", "SS"]
        if context.before["eflags"] & FLAG_VM:
            names += ["ES", "DS", "FS", "GS"]
    return _frame_lines(context, frame(context, width, names))


def _frame_lines(context: Context, found: Frame) -> Section:
    lines = []
    for index, (name, value) in enumerate(found.values):
        at = found.address + index * found.width
        text = "not mapped" if value is None else f"{value:0{2 * found.width}x}"
        if name == "EIP" and value is not None:
            text += f"  {_symbol(context, context.before['cs.base'] + value)}"
        elif name == "EFLAGS" and value is not None:
            text += f"  {context.marked('eflags', value)[8:].strip()}"
        lines.append(f"[{at:08x}] {name:<10} {text}".rstrip())
    return Section("Frame", tuple(lines), found)


def _flags(context: Context, gate: Descriptor) -> Section:
    """What happened to EFLAGS, and where the handler is.  Data: the handler's linear address."""
    after = context.after
    interrupt = gate.type in tables.INTERRUPT_GATES
    lines = [
        f"EFLAGS = {context.marked('eflags', after['eflags'])}: TF, NT, RF and VM cleared, "
        + ("IF cleared by the interrupt gate" if interrupt else "IF kept by the trap gate"),
        _target(context),
    ]
    return Section("Entry", tuple(lines), context.now.pc)


def _symbol(context: Context, address: int) -> str:
    name = context.machine.symbols.name(address & 0xFFFFFFFF)
    return f"<{name}>" if name else ""


def _target(context: Context) -> str:
    after = context.after
    return (f"CS:EIP = {after['cs']:04x}:{after['eip']:08x} "
            f"{_symbol(context, context.now.pc)}").rstrip()


def _task(context: Context) -> Section:
    """A task switch: the old task's state is in its TSS, the new one's is loaded."""
    before, after = context.before, context.after
    lines = [
        f"task switch: TR {before['tr']:04x} -> {after['tr']:04x}, old state saved in the TSS at "
        f"{before['tr.base']:08x}, new state loaded from {after['tr.base']:08x}",
        f"CR3 {before['cr3']:08x} -> {after['cr3']:08x}, LDTR {before['ldtr']:04x} -> "
        f"{after['ldtr']:04x}",
        f"the new TSS links back to {context.now.number(after['tr.base'], 2) or 0:04x}, NT is set, "
        "CR0.TS is set",
        _target(context),
    ]
    return Section("Entry", tuple(lines), context.now.pc)


# -- real mode --------------------------------------------------------------------------------


def _real(context: Context, vector: int, summary: list[str]) -> list[Section]:
    """Real-address mode: a far pointer of the interrupt vector table (20.1.4)."""
    before, after = context.before, context.after
    at = before["idtr.base"] + 4 * vector
    head = f"interrupt vector table at {before['idtr.base']:08x}, entry {vector:#04x}:"
    if 4 * vector + 3 > before["idtr.limit"]:
        summary.append(f"The delivery failed: vector {vector} is beyond the limit "
                       f"{before['idtr.limit']:#x} of the interrupt vector table.")
        return [Section("Gate", (head, "  beyond the limit"),
                        Gate(vector, None, None, "beyond the limit", 0, 0))]
    value = context.then.number(at, 4) or 0
    selector, offset = value >> 16, value & 0xFFFF
    gate = Gate(vector, None, None, "", selector, offset)
    sections = [Section("Gate", (head, f"  [{at:08x}] = {selector:04x}:{offset:04x}"), gate)]
    if (after["cs"], after["eip"]) != (selector, offset):
        summary.append(f"The machine is now at {context.place(context.now.pc)}.")
        return sections
    entry = (
        "IF, TF and AC cleared",
        f"CS:IP = {selector:04x}:{offset:04x} {_symbol(context, context.now.pc)}".rstrip(),
    )
    return [*sections, _frame_lines(context, frame(context, 2, ["EIP", "CS", "EFLAGS"])),
            Section("Entry", entry, context.now.pc)]
