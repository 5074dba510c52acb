# SPDX-License-Identifier: GPL-2.0-or-later
"""Task-state segments: a stack for a more privileged handler, and task switches.

Intel SDM volume 3A, chapter 7: 7.2 (the 32-bit TSS), 7.3 (task switching and
its table of checks, 7-1), 7.6 (the 16-bit TSS).  Only the switch that a task
gate in the IDT makes is here: it nests, as CALL does.

A fault up to the point where the new task's state is loaded belongs to the
old task; from there on it is the new task's, with EIP at its first
instruction.  As in the engine, the T bit of the TSS raises no debug
exception, and the busy bit stays set if the new task faults at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.cpu.x86 import faults
from vmm.cpu.x86.descriptors import (
    LDT_TYPE,
    SELECTOR_LDT,
    TSS_BUSY,
    Descriptor,
    fetch,
    is_null,
)
from vmm.cpu.x86.faults import Fault, selector_fault
from vmm.cpu.x86.paging import LinearMemory
from vmm.cpu.x86.state import (
    CR0_PG,
    CR0_TS,
    CS,
    DS,
    ES,
    FLAG_AC,
    FLAG_ID,
    FLAG_IF,
    FLAG_IOPL,
    FLAG_NT,
    FLAG_RF,
    FLAG_TF,
    FLAG_VM,
    FS,
    GS,
    HF_TS,
    SS,
    State,
)

DR7_LOCAL = 0x55  # L0 to L3
VM86_ATTRIBUTES = 0xF300  # present, writable, accessed data of privilege level 3
TASK_FLAGS = (
    FLAG_TF | FLAG_IF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_VM | FLAG_AC | FLAG_ID
)  # besides the arithmetic flags and DF


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a TSS has what: figures 7-2 and 7-10."""

    width: int  # of EIP, EFLAGS and the general registers
    limit: int  # the smallest
    cr3: int | None
    eip: int
    eflags: int
    general: int
    segments: int
    segment_step: int
    segment_count: int
    ldt: int


TSS_32 = Layout(4, 103, 0x1C, 0x20, 0x24, 0x28, 0x48, 4, 6, 0x60)
# The engine steps through the 16-bit segments by four, not two, when it loads and saves them.
TSS_16 = Layout(2, 43, None, 0x0E, 0x10, 0x12, 0x22, 4, 4, 0x2A)


def layout(attributes: int) -> Layout:
    """By the type field of a TSS descriptor or of TR."""
    return TSS_32 if attributes & 1 << 11 else TSS_16


def inner_stack(state: State, memory: LinearMemory, level: int) -> tuple[int, int]:
    """SS and ESP that the current TSS keeps for privilege level 0, 1 or 2 (7.2.1)."""
    tr = state.env.tr
    width = layout(tr.flags).width
    if not tr.flags & 1 << 15 or tr.flags >> 8 & 5 != 1:
        raise selector_fault(faults.TS, tr.selector)
    at = (2 * level + 1) * width
    if at + 2 * width - 1 > tr.limit:
        raise selector_fault(faults.TS, tr.selector)
    esp = memory.read(tr.base + at, width)
    return memory.read(tr.base + at + width, 2), esp


def _find(state: State, memory: LinearMemory, gate: Descriptor) -> tuple[int, Descriptor]:
    """The TSS that a task gate names, checked (6.15 and table 7-1)."""
    selector = gate.selector
    if selector & SELECTOR_LDT:
        raise selector_fault(faults.TS, selector)
    tss = fetch(state, memory, selector)
    if tss is None or not tss.system or tss.type & 7 != 1:
        raise selector_fault(faults.GP, selector)
    if not tss.present:
        raise selector_fault(faults.NP, selector)
    # The engine compares signed numbers, and takes a limit beyond 2 GiB for a small one.
    if not layout(tss.high).limit <= tss.limit < 1 << 31:
        raise selector_fault(faults.TS, selector)
    return selector, tss


def switch(state: State, memory: LinearMemory, gate: Descriptor, return_eip: int) -> None:
    """Change to the task of a task gate, nested in the current one."""
    env = state.env
    selector, tss = _find(state, memory, gate)
    new = layout(tss.high)
    base = tss.base

    cr3 = 0 if new.cr3 is None else memory.read(base + new.cr3, 4)
    eip = memory.read(base + new.eip, new.width)
    eflags = memory.read(base + new.eflags, new.width) | FLAG_NT
    fill = 0 if new.width == 4 else 0xFFFF0000
    general = [
        memory.read(base + new.general + new.width * i, new.width) | fill for i in range(8)
    ]
    segments = [
        memory.read(base + new.segments + new.segment_step * i, 2)
        for i in range(new.segment_count)
    ] + [0] * (6 - new.segment_count)
    ldt = memory.read(base + new.ldt, 2)

    _save(state, memory, new, return_eip)
    memory.write(base, 2, env.tr.selector)
    at = env.gdtr.base + (selector & 0xFFF8) + 4
    memory.write(at, 4, memory.read(at, 4) | TSS_BUSY)

    env.cr0 |= CR0_TS
    env.hflags |= HF_TS
    tr = env.tr
    tr.selector, tr.base, tr.limit, tr.flags = selector, base, tss.limit, tss.high & ~TSS_BUSY
    if new.cr3 is not None and env.cr0 & CR0_PG:
        env.cr3 = cr3
        state.engine.library.dll.vmm_flush_tlb(state.engine.pointer)
        memory.forget()
    env.eip = eip
    state.set_eflags(eflags, TASK_FLAGS if new.width == 4 else TASK_FLAGS & 0xFFFF)
    for i, value in enumerate(general):
        env.regs[i] = value
    _load_segments(state, memory, segments, ldt, bool(eflags & FLAG_VM))
    if eip > env.segs[CS].limit:
        raise Fault(faults.GP, 0)
    state.clear_breakpoints(DR7_LOCAL)


def _save(state: State, memory: LinearMemory, new: Layout, return_eip: int) -> None:
    """Write the old task's state to its TSS, in the layout of the new one as the engine does."""
    env = state.env
    base = env.tr.base
    # Both ends are touched first: a fault must come before anything is written.
    for at in (base, base + layout(env.tr.flags).limit):
        memory.read(at, 1)
    for at in (base, base + layout(env.tr.flags).limit):
        memory.write(at, 1, memory.read(at, 1))
    memory.write(base + new.eip, new.width, return_eip)
    memory.write(base + new.eflags, new.width, state.eflags())
    for i in range(8):
        memory.write(base + new.general + new.width * i, new.width, env.regs[i])
    for i in range(new.segment_count):
        memory.write(base + new.segments + new.segment_step * i, 2, env.segs[i].selector)


def _load_segments(
    state: State, memory: LinearMemory, segments: list[int], ldt: int, vm86: bool
) -> None:
    """Load LDTR and the segment registers of the new task; what is wrong is #TS or #NP."""
    env = state.env
    for index, selector in enumerate(segments):
        if vm86:
            state.load_segment(index, selector, selector << 4, 0xFFFF, VM86_ATTRIBUTES)
        else:
            # All selectors come before the first check: a fault's handler sees them.
            state.load_segment(index, selector, 0, 0, 0)
    env.ldtr.selector = ldt & ~SELECTOR_LDT
    env.ldtr.base = env.ldtr.limit = env.ldtr.flags = 0
    if ldt & SELECTOR_LDT:
        raise selector_fault(faults.TS, ldt)
    if not is_null(ldt):
        table = fetch(state, memory, ldt)
        if table is None or not table.system or table.type != LDT_TYPE or not table.present:
            raise selector_fault(faults.TS, ldt)
        env.ldtr.base, env.ldtr.limit, env.ldtr.flags = table.base, table.limit, table.high
    if not vm86:
        level = segments[CS] & 3
        for index in (CS, SS, ES, DS, FS, GS):
            _load_segment(state, memory, index, segments[index], level)


def _load_segment(
    state: State, memory: LinearMemory, index: int, selector: int, level: int
) -> None:
    """Check and load one segment register for a task that runs at ``level`` (table 7-1)."""
    if is_null(selector):
        if index in (CS, SS):
            raise selector_fault(faults.TS, selector)
        return
    segment = fetch(state, memory, selector)
    if segment is None or segment.system:
        raise selector_fault(faults.TS, selector)
    rpl = selector & 3
    if index == CS:
        wrong = not segment.code or segment.dpl != rpl
    elif index == SS:
        wrong = not segment.writable_data or not segment.dpl == level == rpl
    else:
        wrong = segment.code and not segment.read_or_write
        if not (segment.code and segment.conforming):
            wrong = wrong or segment.dpl < max(level, rpl)
    if wrong:
        raise selector_fault(faults.TS, selector)
    if not segment.present:
        raise selector_fault(faults.NP, selector)
    state.load_segment(index, selector, segment.base, segment.limit, segment.high)
