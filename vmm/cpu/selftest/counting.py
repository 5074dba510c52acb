# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests of the budget and of breakpoints: runs stop at exact instruction counts."""

from __future__ import annotations

from collections.abc import Callable

from vmm.cpu.engine import NEVER
from vmm.cpu.selftest.scratch import (
    ARM_BACK,
    ARM_INC,
    BA_BACK,
    CODE,
    NOP,
    SPARC_INC,
    Scratch,
    arm,
    expect,
    sparc,
    x86,
)
from vmm.native import library as native


def budget_is_exact() -> str:
    """Every stop lands on the instruction asked for, and none runs twice."""
    stops = 0
    plans: tuple[tuple[Scratch, bytes | list[int], str, Callable[[int], int]], ...] = (
        (sparc(), [SPARC_INC, BA_BACK, NOP], "g1", lambda n: (n + 2) // 3),
        (arm(), [ARM_INC, ARM_BACK], "r0", lambda n: (n + 1) // 2),
        (x86(), b"\x40\xeb\xfd", "eax", lambda n: (n + 1) // 2),
    )
    for scratch, code, counter, wanted in plans:
        scratch.put(CODE, code)
        total = 0
        for step in (1, 1, 2, 3, 1, 5, 997, 1, 10000, 7):
            reason = scratch.run(step)
            total += step
            expect("reason", reason, native.REASON_STOPPED)
            expect("instructions counted", scratch.engine.count, total)
            expect("instructions run", scratch.processor.registers[counter], wanted(total))
            stops += 1
    return f"{stops} stops, exact"


def breakpoints_are_exact() -> str:
    """A breakpoint in the middle of a loop stops each round once, before its instruction."""
    plans: tuple[tuple[Scratch, bytes | list[int], str, int, int], ...] = (
        (sparc(), [SPARC_INC, BA_BACK, NOP], "g1", 4, 3),
        (arm(), [ARM_INC, ARM_BACK], "r0", 4, 2),
        (x86(), b"\x40\xeb\xfd", "eax", 1, 2),
    )
    for scratch, code, counter, offset, rounds in plans:
        scratch.put(CODE, code)
        engine = scratch.engine
        scratch.run(2 * rounds)  # translated without
        engine.set_breakpoints([CODE + offset])
        engine.handlers.event = engine.take_breakpoint
        engine.set_event(NEVER)
        for number in range(3, 6):
            expect("reason", scratch.processor.run(), native.REASON_STOPPED)
            expect("pc", scratch.processor.pc, CODE + offset)
            expect("rounds begun", scratch.processor.registers[counter], number)
            expect("instructions counted", engine.count, (number - 1) * rounds + 1)
    return "3 processors, 3 rounds each"
