# SPDX-License-Identifier: GPL-2.0-or-later
"""Who called whom: the stack of a stopped machine.

Each architecture has its own way back (stack_sparc.py, stack_arm.py,
stack_x86.py): register windows, DWARF call frame information, frame pointers,
and trap frames where one can be told.  A stack that is garbage ends the
listing; it is never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vmm.debug.explain import stack_arm, stack_sparc, stack_x86
from vmm.debug.explain.code import place
from vmm.debug.explain.source import Line, sources
from vmm.debug.explain.stack import Step
from vmm.debug.explain.view import View
from vmm.machine.machine import Machine

LIMIT = 64  # frames


@dataclass(frozen=True, slots=True)
class Frame:
    """A function that is running: what called it comes next."""

    number: int
    pc: int  # where it is: the call, in all but the innermost
    stack: int  # its stack pointer
    function: str
    line: Line | None
    inlined: bool = False
    how: str = "registers"  # it was found by: "window", "cfi", "frame pointer", "trap", "inlined"


STEPPERS: dict[str, Callable[[Machine, View], Iterator[Step]]] = {
    "sparc": stack_sparc.steps, "arm": stack_arm.steps, "x86": stack_x86.steps,
}


def backtrace(machine: Machine, limit: int = LIMIT, view: View | None = None) -> list[Frame]:
    """The frames of the current stack, innermost first, at most ``limit`` of them."""
    view = view or View(machine)
    known = sources(machine.symbols)
    frames: list[Frame] = []
    seen: set[tuple[int, int]] = set()
    for step in STEPPERS[view.architecture](machine, view):
        if (step.pc, step.stack) in seen or len(frames) >= limit:
            break
        seen.add((step.pc, step.stack))
        functions, how = known.functions(step.pc), step.how
        for function in functions[:-1]:
            frames.append(Frame(len(frames), step.pc, step.stack, function.name, function.line,
                                True, how))
            how = "inlined"
        symbol = machine.symbols.at(step.pc)
        name = functions[-1].name if functions else (symbol[0].name if symbol else "")
        line = functions[-1].line if functions else known.at(step.pc)
        frames.append(Frame(len(frames), step.pc, step.stack, name, line, False, how))
    return frames[:limit]


def lines(machine: Machine, frames: list[Frame]) -> list[str]:
    """A frame a line: ``#1  40001010 <main+0x10>  src/main.c:12``."""
    shown = []
    for frame in frames:
        where = f"{frame.function} (inlined)" if frame.inlined else place(machine, frame.pc)
        at = frame.line.short if frame.line is not None else ""
        trap = "  (interrupted by a trap)" if frame.how == "trap" else ""
        shown.append(f"#{frame.number:<3} {where}  {at}{trap}".rstrip())
    return shown
