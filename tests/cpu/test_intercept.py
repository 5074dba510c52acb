# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaving the guest before chosen instructions: where, how often, and what the answer does."""

from __future__ import annotations

from vmm.cpu.intercept import InstructionIntercepts, Pattern
from vmm.cpu.selftest.scratch import ARM_INC, CODE, SPARC_INC, arm, sparc, x86
from vmm.native import library as native

X86_INC, PUSHF, POPF = b"\x40", b"\x9c", b"\x9d"
FLAGS = (Pattern(0xFF, 0x9C), Pattern(0xFF, 0x9D))
MSR = 0xE121F000  # msr cpsr_c, r0
RD_PSR = 0x87480000  # rd %psr, %g3


def test_exits_are_exact_and_change_nothing() -> None:
    seen = []
    plain, watched = x86(), x86()
    for scratch in (plain, watched):
        scratch.put(CODE, X86_INC + PUSHF + X86_INC + POPF + X86_INC + b"\xeb\xf9")
    engine = watched.engine

    def met(pattern: int) -> int:
        registers = watched.processor.registers
        seen.append((pattern, registers["eip"], registers["eax"], engine.count))
        return native.NATIVE

    InstructionIntercepts(engine, FLAGS, met)
    for steps in (3, 1, 1, 20):
        plain.run(steps)
        watched.run(steps)
    assert engine.count == plain.engine.count == 25
    assert watched.processor.registers.snapshot() == plain.processor.registers.snapshot()
    assert seen[:3] == [(0, CODE + 1, 1, 1), (1, CODE + 3, 2, 3), (0, CODE + 1, 4, 7)]


def test_what_is_handled_counts_and_does_not_run() -> None:
    scratch = arm()
    scratch.put(CODE, [ARM_INC, MSR, ARM_INC, 0xEAFFFFFE])
    registers = scratch.processor.registers

    def skip(pattern: int) -> int:
        registers["pc"] = registers["pc"] + 4
        return native.HANDLED

    InstructionIntercepts(scratch.engine, [Pattern(0x0FF0F000, MSR)], skip)
    scratch.run(3)
    assert (registers["pc"], registers["r0"], registers["cpsr"] & 0x1F) == (CODE + 12, 2, 0x13)
    assert scratch.engine.count == 3


def test_a_stop_goes_on_with_the_instruction() -> None:
    scratch, times = sparc(), []

    def stop(pattern: int) -> int:
        times.append(scratch.engine.count)
        return native.STOP

    scratch.put(CODE, [SPARC_INC, RD_PSR, SPARC_INC, SPARC_INC])
    InstructionIntercepts(scratch.engine, [Pattern(0xC1F80000, RD_PSR)], stop)
    assert scratch.run(4) == native.REASON_STOPPED
    assert (scratch.processor.pc, scratch.engine.count) == (CODE + 4, 1)
    scratch.run(2)
    assert (scratch.processor.pc, scratch.engine.count, times) == (CODE + 12, 3, [1])
    assert scratch.processor.registers["g3"] & 0x80


def test_code_that_is_written_later_is_compared_too() -> None:
    scratch, seen = x86(), []
    scratch.put(CODE, X86_INC * 4 + b"\xeb\xfa")
    InstructionIntercepts(scratch.engine, FLAGS, lambda pattern: seen.append(pattern) or 0)
    scratch.run(10)
    # mov byte [CODE + 1], 0x9c from elsewhere; then on with the loop
    scratch.put(0x3000, b"\xc6\x05" + (CODE + 1).to_bytes(4, "little") + PUSHF + b"\x90" * 8)
    scratch.processor.set_pc(0x3000)
    scratch.run(1)
    scratch.processor.set_pc(CODE)
    scratch.run(5)
    assert seen == [0]


def test_closing_ends_it() -> None:
    scratch, seen = x86(), []
    scratch.put(CODE, PUSHF * 8)
    intercepts = InstructionIntercepts(
        scratch.engine, FLAGS, lambda pattern: seen.append(pattern) or 0
    )
    scratch.run(2)
    intercepts.close()
    scratch.run(2)
    assert seen == [0, 0]


def test_patterns_look_past_prefixes_and_only_at_bytes_that_are_there() -> None:
    scratch, seen = x86(), []
    smsw = Pattern(0x38FFFF, 0x20010F)
    scratch.put(CODE, b"\x66\x9c" + b"\x0f\x01\xe0" + b"\x0f\xa2" + X86_INC)  # pushfw smsw cpuid
    InstructionIntercepts(
        scratch.engine, [*FLAGS, smsw], lambda pattern: seen.append(pattern) or 0
    )
    scratch.run(4)
    assert seen == [0, 2]
