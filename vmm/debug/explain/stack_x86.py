# SPDX-License-Identifier: GPL-2.0-or-later
"""Up an x86 stack: by call frame information, return addresses, frame pointers, trap frames."""

from __future__ import annotations

from collections.abc import Iterator

from vmm.debug.explain import cfi
from vmm.debug.explain import tables_x86 as tables
from vmm.debug.explain.source import sources
from vmm.debug.explain.stack import Step, is_code
from vmm.debug.explain.view import View
from vmm.machine.machine import Machine

# DWARF numbers (System V ABI for i386, table 2.14)
NAMES = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip")
ESP, EBP, EIP = 4, 5, 8
SEARCH = 24  # words of an unknown stack in which a trap frame is looked for
FLAGS_FIXED, FLAGS_ZERO = 0x2, 0xFFC08028  # bit 1 is always set, these never


def steps(machine: Machine, view: View) -> Iterator[Step]:
    """From the current instruction outwards; linear addresses."""
    registers = {i: view.registers[name] for i, name in enumerate(NAMES)}
    code, data = view.registers["cs.base"], view.registers["ss.base"]
    pc = view.pc
    yield Step(pc, registers[ESP], "registers")
    if code or data or not view.wide_code:
        return  # symbols and frame information are of flat 32-bit code
    known = sources(machine.symbols)
    while True:
        caller = cfi.unwind(known, view, pc, registers, ESP)
        how = "cfi"
        if caller is None:
            caller, how = _trap_frame(machine, view, registers), "trap"
        if caller is None:
            caller, how = _by_pointer(machine, view, registers), "frame pointer"
        if caller is None:
            return
        back = caller.pop(-1)
        if not is_code(machine, back):
            return
        # A return address is behind its call, and may be another function's first byte.
        pc = back if how == "trap" else back - 1
        caller[EIP] = pc
        registers = caller
        yield Step(pc, registers[ESP], how)


def _by_pointer(
    machine: Machine, view: View, registers: dict[int, int]
) -> dict[int, int] | None:
    """The return address on top of the stack, or above the frame that EBP points to."""
    top = view.number(registers[ESP])
    if top is not None and is_code(machine, top) and _after_call(view, top):
        return registers | {ESP: registers[ESP] + 4, -1: top}
    frame = registers[EBP]
    previous, back = view.number(frame), view.number(frame + 4)
    if previous is None or back is None or frame < registers[ESP] or not _after_call(view, back):
        return None
    return registers | {ESP: frame + 8, EBP: previous, -1: back}


def _after_call(view: View, address: int) -> bool:
    """Whether a call ends at ``address``: E8 with an offset, or FF /2."""
    before = view.read(address - 7 & 0xFFFFFFFF, 7)
    if before is None:
        return False
    return before[2] == 0xE8 or any(
        before[-size] == 0xFF and before[1 - size] >> 3 & 7 == 2 for size in (2, 3, 4, 6, 7)
    )


def _trap_frame(
    machine: Machine, view: View, registers: dict[int, int]
) -> dict[int, int] | None:
    """A pushed EIP, CS and EFLAGS, told by what they must look like."""
    if not tables.protected(view.registers):
        return None
    for index in range(SEARCH):
        at = registers[ESP] + 4 * index
        eip, cs, flags = (view.number(at + 4 * i) for i in range(3))
        if eip is None or cs is None or flags is None:
            return None
        if flags & FLAGS_ZERO or not flags & FLAGS_FIXED or not is_code(machine, eip):
            continue
        found = tables.descriptor(view, cs) if cs <= 0xFFFF and cs & 0xFFFC else None
        if found is None or found.descriptor.system or not found.descriptor.code:
            continue
        stack = at + 12
        if cs & 3 > tables.cpl(view.registers):
            stack = view.number(at + 12) or 0
        return registers | {ESP: stack, -1: eip}
    return None
