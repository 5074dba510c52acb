# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 traps: names, and delivery as the manual describes it.

Intel SDM volume 3A, chapter 6 (interrupt and exception handling), 20.1.4
(real mode), 20.3.1 (from virtual-8086 mode), and volume 2A, "INT n", for the
order of the checks.  `deliver` is the specification in readable form; the
native path must do the same, and the tests compare them trap by trap.

Where both depart from the manual: error codes never have the EXT bit; a
handler's stack segment that is not present is #TS instead of #SS; limits of
the stack segment and of the handler's code segment are not checked; and a
trap out of virtual-8086 mode may enter privilege levels 1 and 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.cpu.x86 import faults, tasks
from vmm.cpu.x86.descriptors import (
    INTERRUPT_GATE_16,
    INTERRUPT_GATE_32,
    LONG,
    TASK_GATE,
    TRAP_GATE_16,
    TRAP_GATE_32,
    Descriptor,
    fetch,
    is_null,
)
from vmm.cpu.x86.faults import WITH_ERROR_CODE, Fault, gate_fault, selector_fault
from vmm.cpu.x86.paging import LinearMemory
from vmm.cpu.x86.state import (
    CS,
    DS,
    ES,
    ESP,
    FLAG_AC,
    FLAG_IF,
    FLAG_NT,
    FLAG_RF,
    FLAG_TF,
    FLAG_VM,
    FS,
    GS,
    SS,
    State,
)
from vmm.native.library import KIND_INTERRUPT, KIND_SOFTWARE

if TYPE_CHECKING:
    from vmm.cpu.x86.processor import X86Processor

EXCEPTIONS = {
    0: "de", 1: "db", 2: "nmi", 3: "bp", 4: "of", 5: "br", 6: "ud", 7: "nm", 8: "df", 9: "cso",
    10: "ts", 11: "np", 12: "ss", 13: "gp", 14: "pf", 16: "mf", 17: "ac", 18: "mc", 19: "xm",
}
NAMES = {vector: f"#{name.upper()}" for vector, name in EXCEPTIONS.items()}
NAMES |= {KIND_SOFTWARE + vector: f"int_{vector:02x}" for vector in range(256)}
NAMES |= {KIND_INTERRUPT + vector: f"irq_{vector:02x}" for vector in range(256)}


def name(kind: int) -> str:
    """``#GP``, ``int_80`` (software) or ``irq_08`` (hardware)."""
    return NAMES.get(kind, f"vector_{kind & 0xFF:02x}")


def deliver(processor: X86Processor, kind: int) -> None:
    """Take the trap ``kind``: an exception 0-255, INT n at 256+n, an interrupt at 512+n.

    A fault on the way is handed to the engine, which makes it the next trap:
    itself, a double fault, or the end.
    """
    state = State(processor)
    vector = kind & 0xFF
    software = KIND_SOFTWARE <= kind < KIND_INTERRUPT
    exception = kind < KIND_SOFTWARE
    memory = LinearMemory(state)
    # INT n returns behind itself; every other trap to where EIP is now.
    return_eip = state.env.next_eip & 0xFFFFFFFF if software else state.env.eip
    try:
        if state.protected:
            error = state.env.error_code if exception and vector in WITH_ERROR_CODE else None
            _protected(state, memory, vector, software, return_eip, error)
        else:
            _real(state, memory, vector, return_eip)
    except Fault as fault:
        native = processor.engine.native
        native.refault_vector, native.refault_code = fault.vector, fault.code
        native.refault = 1
        return
    if kind < KIND_INTERRUPT:
        state.env.old_exception = -1  # nothing is being delivered any more


class Stack:
    """A stack being pushed to.  Nothing but memory changes until `State` is given the result."""

    __slots__ = ("_base", "_mask", "_memory", "_width", "pointer")

    def __init__(
        self, memory: LinearMemory, base: int, pointer: int, big: bool, width: int
    ) -> None:
        self._memory, self._base, self._width = memory, base, width
        self._mask = 0xFFFFFFFF if big else 0xFFFF
        self.pointer = pointer

    def push(self, values: list[int]) -> None:
        """Push in the order given; 16-bit stacks wrap at 64 KiB."""
        width, mask = self._width, self._mask
        size = width * len(values)
        if self.pointer & mask >= size:
            top = (self.pointer & mask) - width
            self._memory.write_down(self._base + top, width, values)
            self.pointer -= size
            return
        for value in values:
            self.pointer -= width
            self._memory.write(self._base + (self.pointer & mask), width, value)

    def esp(self, old: int) -> int:
        """The new ESP: a 16-bit stack leaves the upper half alone."""
        return old & ~self._mask | self.pointer & self._mask


def _real(state: State, memory: LinearMemory, vector: int, return_eip: int) -> None:
    """Real-address mode (20.1.4): far pointers at IDTR's base."""
    env = state.env
    if vector * 4 + 3 > env.idtr.limit:
        raise gate_fault(faults.GP, vector)
    entry = env.idtr.base + vector * 4
    offset, selector = memory.read(entry, 2), memory.read(entry + 2, 2)
    stack = Stack(memory, env.segs[SS].base, env.regs[ESP], False, 2)
    stack.push([state.eflags(), env.segs[CS].selector, return_eip])
    env.regs[ESP] = stack.esp(env.regs[ESP])
    env.eip = offset
    env.segs[CS].selector, env.segs[CS].base = selector, selector << 4
    env.eflags &= ~(FLAG_IF | FLAG_TF | FLAG_AC | FLAG_RF)


def _protected(
    state: State, memory: LinearMemory, vector: int, software: bool, return_eip: int,
    error: int | None,
) -> None:
    """Protected mode (6.12): through a gate of the IDT.  ``error`` is None without error code."""
    env = state.env
    if vector * 8 + 7 > env.idtr.limit:
        raise gate_fault(faults.GP, vector)
    entry = env.idtr.base + vector * 8
    gate = Descriptor(*memory.read_words(entry))
    if gate.system and gate.type == TASK_GATE:
        if not gate.present:
            raise gate_fault(faults.NP, vector)
        tasks.switch(state, memory, gate, return_eip)
        if error is not None:
            _push_to_task(state, memory, error)
        return
    if not gate.system or gate.type not in (
        INTERRUPT_GATE_16, TRAP_GATE_16, INTERRUPT_GATE_32, TRAP_GATE_32
    ):
        raise gate_fault(faults.GP, vector)
    if software and gate.dpl < state.cpl:
        raise gate_fault(faults.GP, vector)
    if not gate.present:
        raise gate_fault(faults.NP, vector)
    _enter(state, memory, gate, return_eip, error)


def _handler_segment(state: State, memory: LinearMemory, selector: int) -> Descriptor:
    """The handler's code segment, checked."""
    if is_null(selector):
        raise Fault(faults.GP, 0)
    code = fetch(state, memory, selector)
    if code is None or code.system or not code.code or code.dpl > state.cpl:
        raise selector_fault(faults.GP, selector)
    if not code.present:
        raise selector_fault(faults.NP, selector)
    return code


def _inner_stack_segment(
    state: State, memory: LinearMemory, level: int
) -> tuple[int, int, Descriptor]:
    """SS, ESP and the stack segment for a handler of privilege level ``level``, checked."""
    ss, esp = tasks.inner_stack(state, memory, level)
    if is_null(ss) or ss & 3 != level:
        raise selector_fault(faults.TS, ss)
    segment = fetch(state, memory, ss)
    if (
        segment is None or segment.dpl != level or not segment.writable_data
        or not segment.present
    ):
        raise selector_fault(faults.TS, ss)
    return ss, esp, segment._replace(high=segment.high & ~LONG)


def _enter(
    state: State, memory: LinearMemory, gate: Descriptor, return_eip: int, error: int | None
) -> None:
    """Call a handler through an interrupt or trap gate (6.12.1)."""
    env = state.env
    segs, regs = env.segs, env.regs
    vm86 = bool(env.eflags & FLAG_VM)
    code = _handler_segment(state, memory, gate.selector)
    level = state.cpl if code.conforming else code.dpl
    inner = level < state.cpl
    width = 4 if gate.type & 8 else 2
    if inner:
        ss, esp, segment = _inner_stack_segment(state, memory, level)
        stack = Stack(memory, segment.base, esp, segment.big, width)
        frame = [segs[i].selector for i in (GS, FS, DS, ES)] if vm86 else []
        frame += [segs[SS].selector, regs[ESP]]
    else:
        if vm86:
            raise selector_fault(faults.GP, gate.selector)
        big = bool(segs[SS].flags & 1 << 22)
        stack = Stack(memory, segs[SS].base, regs[ESP], big, width)
        frame = []
    frame += [state.eflags(), segs[CS].selector, return_eip]
    if error is not None:
        frame.append(error)
    stack.push(frame)

    cleared = FLAG_TF | FLAG_VM | FLAG_RF | FLAG_NT
    if gate.type in (INTERRUPT_GATE_16, INTERRUPT_GATE_32):
        cleared |= FLAG_IF
    env.eflags &= ~cleared
    if inner:
        if vm86:
            for index in (ES, DS, FS, GS):
                state.load_segment(index, 0, 0, 0, 0)
        state.load_segment(SS, ss & ~3 | level, segment.base, segment.limit, segment.high)
    regs[ESP] = stack.esp(regs[ESP])
    selector = gate.selector & ~3 | level
    state.load_segment(CS, selector, code.base, code.limit, code.high)
    env.eip = gate.offset


def _push_to_task(state: State, memory: LinearMemory, error: int) -> None:
    """The error code goes onto the stack of the task that was switched to (6.13)."""
    env = state.env
    segment = env.segs[SS]
    width = tasks.layout(env.tr.flags).width
    big = bool(segment.flags & 1 << 22)
    stack = Stack(memory, segment.base, env.regs[ESP], big, width)
    stack.push([error])
    env.regs[ESP] = stack.esp(env.regs[ESP])
