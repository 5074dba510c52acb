# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 system tables decoded: IDT, GDT, LDT, TSS (Intel SDM volume 3A, 3.4.5, 3.5, 6.11, 7.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vmm.cpu.x86 import traps
from vmm.cpu.x86.descriptors import SELECTOR_LDT, TASK_GATE, Descriptor
from vmm.cpu.x86.tasks import TSS_16, TSS_32
from vmm.debug.explain.explanation import Section
from vmm.debug.explain.fields_x86 import SEGMENT_TYPES, SYSTEM_TYPES
from vmm.debug.explain.view import View
from vmm.machine.machine import Machine

CR0_PE, FLAG_VM = 1, 1 << 17
GATES = {4, 5, 6, 7, 12, 14, 15}
INTERRUPT_GATES, TRAP_GATES = (6, 14), (7, 15)
SEGMENT_SLOTS = ("es", "cs", "ss", "ds", "fs", "gs")
GENERAL = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")


@dataclass(frozen=True, slots=True)
class Entry:
    """A descriptor where it is in its table."""

    number: int  # of the gate, or the selector
    address: int  # linear
    descriptor: Descriptor

    @property
    def null(self) -> bool:
        return not self.descriptor.low and not self.descriptor.high


def protected(registers: Mapping[str, int]) -> bool:
    """Protected mode, virtual-8086 mode included."""
    return bool(registers["cr0"] & CR0_PE)


def cpl(registers: Mapping[str, int]) -> int:
    """Current privilege level: 0 in real mode, 3 in virtual-8086 mode."""
    if not protected(registers):
        return 0
    return 3 if registers["eflags"] & FLAG_VM else registers["ss.flags"] >> 13 & 3


def _read(view: View, address: int, number: int) -> Entry | None:
    value = view.number(address & 0xFFFFFFFF, 8)
    if value is None:
        return None
    return Entry(number, address & 0xFFFFFFFF, Descriptor(value & 0xFFFFFFFF, value >> 32))


def gate(view: View, vector: int) -> Entry | None:
    """The IDT entry of a vector; None beyond the limit or where nothing is mapped."""
    registers = view.registers
    if vector * 8 + 7 > registers["idtr.limit"]:
        return None
    return _read(view, registers["idtr.base"] + vector * 8, vector)


def descriptor(view: View, selector: int) -> Entry | None:
    """What a selector names; None for nothing: beyond the limit, not mapped, no LDT."""
    name = "ldtr" if selector & SELECTOR_LDT else "gdtr"
    registers = view.registers
    if name == "ldtr" and not registers["ldtr"] & 0xFFFC:
        return None
    if (selector & 0xFFF8) + 7 > registers[f"{name}.limit"]:
        return None
    return _read(view, registers[f"{name}.base"] + (selector & 0xFFF8), selector)


def describe(found: Descriptor) -> str:
    """A descriptor in words: ``code, execute/read, DPL 0, present, 32-bit, base 0, limit ...``."""
    present = "present" if found.present else "not present"
    if found.system and found.type in GATES:
        name = SYSTEM_TYPES[found.type]
        offset = "" if found.type == TASK_GATE else f":{_offset(found):08x}"
        to = f"to {found.selector:04x}{offset}"
        return f"{name} {to}, DPL {found.dpl}, {present}"
    if found.system:
        name = SYSTEM_TYPES.get(found.type, f"reserved system type {found.type}")
        return f"{name}, DPL {found.dpl}, {present}, base {found.base:08x}, limit {found.limit:08x}"
    width = "32-bit" if found.big else "16-bit"
    return (f"{SEGMENT_TYPES[found.type]}, DPL {found.dpl}, {present}, {width}, "
            f"base {found.base:08x}, limit {found.limit:08x}")


def _offset(found: Descriptor) -> int:
    """Of a 16-bit gate, the low half."""
    return found.offset if found.type & 8 else found.offset & 0xFFFF


def entry_line(entry: Entry) -> str:
    """Where, raw, and in words."""
    low, high = entry.descriptor
    return f"[{entry.address:08x}] = {high:08x} {low:08x}  {describe(entry.descriptor)}"


# -- listings --------------------------------------------------------------------------


def idt(machine: Machine, view: View | None = None) -> Section:
    """The IDT, or in real mode the interrupt vector table.  Data: the list of `Entry`s."""
    view = view or View(machine)
    registers = view.registers
    base, limit = registers["idtr.base"], registers["idtr.limit"]
    lines = [f"IDTR: base {base:08x}, limit {limit:04x}"]
    if not protected(registers):
        for vector in range(min(256, (limit + 1) // 4)):
            value = view.number(base + 4 * vector, 4)
            if value:
                selector, offset = value >> 16, value & 0xFFFF
                name = machine.symbols.name(selector * 16 + offset)
                lines.append(f"{vector:02x}  {selector:04x}:{offset:04x}  {name}".rstrip())
        return Section("IDT", tuple(lines), [])
    found = []
    for vector in range(min(256, (limit + 1) // 8)):
        entry = gate(view, vector)
        if entry is None or entry.null:
            continue
        found.append(entry)
        name = machine.symbols.name(_offset(entry.descriptor))
        what = traps.NAMES.get(vector, "")
        shown = f"{vector:02x} {what:<4}  {describe(entry.descriptor)}"
        lines.append(f"{shown}  <{name}>" if name else shown)
    return Section("IDT", tuple(lines), found)


def segments(machine: Machine, table: str = "gdt", view: View | None = None) -> Section:
    """The GDT or the LDT, without null descriptors.  Data: the list of `Entry`s."""
    view = view or View(machine)
    registers = view.registers
    name = "gdtr" if table == "gdt" else "ldtr"
    base, limit = registers[f"{name}.base"], registers[f"{name}.limit"]
    lines = [f"{name.upper()}: base {base:08x}, limit {limit:08x}"]
    if name == "ldtr" and not registers["ldtr"] & 0xFFFC:
        return Section("LDT", (*lines, "there is no LDT: the selector is null"), [])
    used = {registers[s] & 0xFFF8: s.upper() for s in (*SEGMENT_SLOTS, "tr", "ldtr")
            if bool(registers[s] & SELECTOR_LDT) == (name == "ldtr") or s in ("tr", "ldtr")}
    found = []
    for entry in _table(view, base, limit, SELECTOR_LDT if name == "ldtr" else 0):
        found.append(entry)
        mark = used.get(entry.number & 0xFFF8, "")
        lines.append(f"{entry.number:04x} {mark:<4}  {describe(entry.descriptor)}")
    return Section(table.upper(), tuple(lines), found)


def _table(view: View, base: int, limit: int, bit: int) -> Iterator[Entry]:
    for index in range(8 if not bit else 0, min(limit + 1, 0x10000) - 7, 8):
        entry = _read(view, base + index, index | bit)
        if entry is not None and not entry.null:
            yield entry


def tss(machine: Machine, view: View | None = None) -> Section:
    """The current task-state segment.  Data: names and values."""
    view = view or View(machine)
    registers = view.registers
    base, limit, flags = registers["tr.base"], registers["tr.limit"], registers["tr.flags"]
    kind = SYSTEM_TYPES.get(flags >> 8 & 15, "no TSS")
    lines = [f"TR: selector {registers['tr']:04x}, base {base:08x}, limit {limit:08x}: {kind}"]
    values: dict[str, int] = {}
    for name, offset, size in tss_layout(flags):
        value = view.number(base + offset, size)
        if value is None or offset + size - 1 > limit:
            lines.append(f"{name:<8} beyond the limit, or not mapped")
            break
        values[name] = value
        lines.append(f"{name:<8} {value:0{2 * size}x}")
    return Section("TSS", tuple(lines), values)


def tss_layout(flags: int) -> list[tuple[str, int, int]]:
    """Names, offsets and sizes of a TSS's fields (figures 7-2 and 7-10)."""
    layout = TSS_32 if flags & 1 << 11 else TSS_16
    width = layout.width
    prefix = "e" if width == 4 else ""
    fields = [("link", 0, 2)]
    for level in range(3):
        fields.append((f"{prefix}sp{level}", (2 * level + 1) * width, width))
        fields.append((f"ss{level}", (2 * level + 2) * width, 2))
    if layout.cr3 is not None:
        fields.append(("cr3", layout.cr3, 4))
    fields += [(f"{prefix}ip", layout.eip, width), (f"{prefix}flags", layout.eflags, width)]
    fields += [(name if width == 4 else name[1:], layout.general + width * i, width)
               for i, name in enumerate(GENERAL)]
    step = layout.segment_step if width == 4 else 2
    fields += [(name, layout.segments + step * i, 2)
               for i, name in enumerate(SEGMENT_SLOTS[:layout.segment_count])]
    fields.append(("ldt", layout.ldt, 2))
    if width == 4:
        fields.append(("iomap", 0x66, 2))
    return fields
