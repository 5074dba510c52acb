# SPDX-License-Identifier: GPL-2.0-or-later
"""Up a SPARC stack by register windows (SPARC V8 manual, appendix D.3 and 7.1).

A window is in the file as long as no window up to it is marked in WIM, and
else where its overflow handler has put it: at the stack pointer.  A function
that has executed no SAVE runs in its caller's window, and a window that
belongs to no SAVE is a trap's: its %l1 is where the trap came from.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmm.cpu.sparc.registers import WINDOWS
from vmm.debug.explain.stack import Step, is_code
from vmm.debug.explain.view import View
from vmm.machine.machine import Machine

LOCALS, INS = 0, 32  # offsets of a saved window at its stack pointer
SCAN = 2048  # instructions in which SAVE is looked for
PSR_ET = 1 << 5


class _Windows:
    """The windows by distance from the current one."""

    def __init__(self, view: View) -> None:
        self.view = view
        registers = view.registers
        self.current = registers["psr"] & 31
        self.held = 1  # how many are in the file
        while self.held < WINDOWS and not self._invalid(self.held):
            self.held += 1

    def _invalid(self, distance: int) -> bool:
        return bool(self.view.registers["wim"] >> (self.current + distance) % WINDOWS & 1)

    def local(self, distance: int, index: int, stack: int) -> int | None:
        return self._register(distance, "l", index, stack, LOCALS)

    def input(self, distance: int, index: int, stack: int) -> int | None:
        return self._register(distance, "i", index, stack, INS)

    def _register(
        self, distance: int, bank: str, index: int, stack: int, offset: int
    ) -> int | None:
        if distance < self.held:
            return self.view.registers[f"w{(self.current + distance) % WINDOWS}.{bank}{index}"]
        return self.view.number(stack + offset + 4 * index)


def _saves(machine: Machine, view: View, pc: int) -> bool:
    """Whether the function at ``pc`` has executed a SAVE before it came there."""
    found = machine.symbols.at(pc)
    if found is None:
        return True
    start = found[0].address
    for at in range(max(start, pc - 4 * SCAN), pc, 4):
        word = view.number(at)
        if word is not None and word >> 30 == 2 and word >> 19 & 0x3F == 0x3C:
            return True
    return False


def steps(machine: Machine, view: View) -> Iterator[Step]:
    """From the current instruction outwards."""
    registers, windows = view.registers, _Windows(view)
    pc, stack, link = registers["pc"], registers["o6"], registers["o7"]
    distance, innermost, how = 0, True, "registers"
    trapped = not registers["psr"] & PSR_ET
    while True:
        yield Step(pc, stack, how)
        saved = _saves(machine, view, pc)
        first, second = windows.local(distance, 1, stack), windows.local(distance, 2, stack)
        frame, back = windows.input(distance, 6, stack), windows.input(distance, 7, stack)
        if first is None or second is None or frame is None or back is None:
            return
        in_trap = not saved and (trapped or not innermost)
        if in_trap and is_code(machine, first):
            # The trap took a window of its own: the one above is the trapped function's.
            pc, stack, link, how = first, frame, back, "trap"
            distance, innermost, trapped = distance + 1, True, False
            continue
        if not saved and innermost:
            pc, how, innermost = link, "link register", False
        else:
            pc, stack, how, innermost = back, frame, "window", False
            distance += 1
        if not is_code(machine, pc) or pc & 3 or stack & 7:
            return
