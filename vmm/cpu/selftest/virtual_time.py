# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests of time: sleep is noticed, and the guest's clocks count instructions."""

from __future__ import annotations

from vmm.cpu.engine import Engine
from vmm.cpu.selftest.scratch import (
    CODE,
    NOP,
    Scratch,
    arm,
    expect,
    sparc,
    x86,
)
from vmm.native import library as native


def sleep_is_noticed() -> str:
    """Power-down, WFI and HLT come to us once, with the pc after them."""
    plans: tuple[tuple[Scratch, bytes | list[int], int], ...] = (
        (sparc(), [NOP, 2 << 30 | 19 << 25 | 0x30 << 19, NOP, NOP], CODE + 8),  # wr %g0, %asr19
        (arm(), [0xE1A00000, 0xE320F003, 0xE1A00000], CODE + 8),
        (x86(), b"\x90\xf4\x90\x90", CODE + 2),
    )
    for scratch, code, after in plans:
        slept: list[int] = []
        engine = scratch.engine

        def halt(slept: list[int] = slept, engine: Engine = engine) -> bool:
            slept.append(engine.count)
            return True

        engine.handlers.halt = halt
        scratch.put(CODE, code)
        reason = scratch.run(100)
        expect("reason", reason, native.REASON_HALTED)
        expect("instructions before sleep", slept, [2])
        expect("pc asleep", scratch.processor.pc, after)
    return "noticed once"


def time_is_virtual() -> str:
    """The time-stamp counter counts instructions and sleep, not the host's time."""
    scratch = x86()
    native_cpu = scratch.engine.native
    scratch.put(CODE, b"\x90\x0f\x31\x89\xc3\x90\x0f\x31")  # nop, rdtsc, mov ebx, nop, rdtsc
    scratch.run(3)
    first = scratch.processor.registers["ebx"]
    native_cpu.idle += 1000
    scratch.run(2)
    expect("time between", scratch.processor.registers["eax"] - first, 1003)
    return "instructions and sleep"
