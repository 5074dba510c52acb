# SPDX-License-Identifier: GPL-2.0-or-later
"""Backtraces: through windows, frame information and traps; garbage only ends them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from stops import boot, traps

from vmm.debug.explain.backtrace import Frame, backtrace, lines
from vmm.debug.explain.view import View

BOARDS = (("leon3", "sparc/traps"), ("virt", "arm/traps"), ("pc", "x86/traps"))


def _names(frames: list[Frame]) -> list[str]:
    return [frame.function for frame in frames]


def test_sparc_windows_in_registers_and_on_the_stack() -> None:
    """`deep` is recursive far beyond the window file: every call of it is there."""
    machine = boot("leon3", "sparc/traps")
    deepest: list[Frame] = []
    for trap in traps(machine):
        if trap.name == "window_overflow" and machine.symbols.name(trap.pc) == "deep":
            frames = backtrace(machine)
            if frames[-1].function == "reset":
                deepest = max(deepest, frames, key=len)
        elif deepest:
            break
    names = _names(deepest)
    assert names[0] == "trap_table"
    assert names.count("deep") > 8
    assert deepest[1].how == "trap" and deepest[3].how == "window"
    assert names[-2:] == ["main", "reset"]
    # Each call is one frame of 96 bytes above the one before.
    stacks = [frame.stack for frame in deepest if frame.function == "deep"]
    assert all(outer > inner for inner, outer in pairwise(stacks[1:]))


def test_arm_backtrace_leads_through_the_exception_to_main() -> None:
    machine = boot("virt", "arm/traps")
    for trap in traps(machine):
        if trap.name != "irq":
            continue
        frames = backtrace(machine)
        assert frames[0].function in machine.symbols.name(machine.processor.pc)
        assert frames[1].how == "trap" and frames[1].pc == trap.pc
        names = _names(frames)
        assert names[-2:] == ["main", "_start"], lines(machine, frames)
        assert any(frame.inlined for frame in frames)
        return
    pytest.fail("the guest took no interrupt")


def test_x86_backtrace_finds_the_trap_frame() -> None:
    machine = boot("pc", "x86/traps")
    found = 0
    for trap in traps(machine):
        if trap.name == "#GP" and trap.before["cr0"] & 1 and not trap.before["eflags"] >> 17 & 1:
            frames = backtrace(machine)
            found += len(frames) > 1 and frames[1].how == "trap" and (
                frames[1].pc == trap.before["eip"])
    assert found > 50


def test_x86_backtrace_of_c_code_leads_to_main() -> None:
    machine = boot("pc", "x86/hello")
    symbol = machine.symbols.find("putch")
    assert symbol is not None
    machine.set_breakpoints([symbol.address])
    machine.run()
    frames = backtrace(machine)
    assert frames[0].function == "putch"
    assert "main" in _names(frames), lines(machine, frames)


@pytest.mark.parametrize(("board", "guest"), BOARDS)
def test_garbage_ends_a_backtrace_and_never_fails(board: str, guest: str) -> None:
    machine = boot(board, guest)
    machine.step(20000)
    rng = random.Random(7)
    registers = machine.processor.registers.snapshot()
    interesting = [0, 4, 0xFFFFFFFC, 0x40000000, 0x40001000, 0x40200000, 0x100000, 0x101000]
    for _ in range(150):
        for name in ("pc", "eip", "o6", "o7", "i6", "i7", "r11", "r13", "r14", "esp", "ebp", "psr",
                     "wim", "cpsr", "w3.i6", "w4.i7", "ttbr0", "cr3"):
            if name in registers and name not in ("cpsr",):
                registers[name] = rng.choice([*interesting, rng.getrandbits(32)])
        frames = backtrace(machine, view=View(machine, registers))
        assert 1 <= len(frames) <= 64
        assert len(lines(machine, frames)) == len(frames)
