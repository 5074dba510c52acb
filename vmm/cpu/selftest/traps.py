# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests of traps, faults and interrupts: their exact places, and the vectors they enter."""

from __future__ import annotations

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.selftest.scratch import (
    CODE,
    G2,
    G3,
    HANDLER,
    NOP,
    NOWHERE,
    SPARC_TA3,
    Scratch,
    alu,
    arm,
    expect,
    load_store,
    sparc,
    x86,
)
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.x86.processor import X86Processor
from vmm.native import library as native


def traps_pass_the_gate() -> str:
    """A trap reaches us with its exact place, and native delivery enters the vector."""
    plans: tuple[tuple[Scratch, bytes | list[int], int, int, int], ...] = (
        (sparc(), [NOP, SPARC_TA3, NOP], 0x83, CODE + 4, HANDLER + 0x830),
        (arm(), [0xE1A00000, 0xEF000005], 2, CODE + 8, HANDLER + 8),
        (x86(), b"\x90\xcd\x21\x90", native.KIND_SOFTWARE + 0x21, CODE + 1, HANDLER),
    )
    for scratch, code, kind, _, vector in plans:
        seen: list[int] = []
        ledger: list[tuple[int, int, int, int, int]] = []

        def trap(number: int, seen: list[int] = seen) -> int:
            seen.append(number)
            return native.NATIVE

        scratch.engine.handlers.trap = trap
        scratch.engine.handlers.ledger = ledger.extend
        scratch.engine.native.ledger_on = 1
        scratch.engine.intercept([kind])
        scratch.put(CODE, code)
        scratch.run(2)
        expect("traps seen", seen, [kind])
        expect("vector", scratch.processor.pc, vector)
        expect("ledger", [(r[0], r[1]) for r in ledger], [(2, kind)])
        expect("trap counter", scratch.engine.native.traps[kind], 1)
        scratch.run(3)
        expect("traps not repeated", seen, [kind])
    return "seen once, counted, delivered"


def sparc_trap_place() -> str:
    """A trap in a delay slot saves pc and npc of that very instruction."""
    scratch = sparc()
    scratch.put(CODE, [0x10800010, SPARC_TA3])  # ba CODE + 0x40; ta 3 in the slot
    scratch.run(2)
    registers = scratch.processor.registers
    expect("saved pc", registers["l1"], CODE + 4)
    expect("saved npc", registers["l2"], CODE + 0x40)
    expect("psr", registers["psr"] & 0xFF, 0xC7)
    return "delay slot pc and npc"


def faults_are_described() -> str:
    """Accesses that nobody answers fault as each board's bus says, with their address."""
    one = sparc()
    one.put(CODE, [NOP, load_store(0, G3, G2)])
    one.processor.registers["g2"] = NOWHERE
    one.run(2)
    expect("SPARC vector", one.processor.pc, HANDLER + 0x90)
    two = arm()
    two.put(CODE, [0xE1A00000, 0xE5923000])
    two.processor.registers["r2"] = NOWHERE
    two.run(2)
    expect("ARM vector", two.processor.pc, HANDLER + 0x10)
    expect("ARM DFAR", two.processor.registers["dfar"], NOWHERE)
    expect("ARM DFSR", two.processor.registers["dfsr"] & 0x40F, 8)
    expect("ARM LR", two.processor.registers["r14"], CODE + 4 + 8)
    three = x86()
    three.engine.handlers.read = lambda address, size: 0x5A5A5A5A
    three.put(CODE, b"\x90\x8b\x0a")
    three.processor.registers["edx"] = NOWHERE
    three.run(2)
    expect("x86 open bus", three.processor.registers["ecx"], 0x5A5A5A5A)
    expect("x86 open bus accesses", three.engine.native.unmapped_accesses, 1)
    four = x86()
    four.put(CODE, b"\x90\x8e\xda")  # mov ds, edx with a selector beyond the table
    four.processor.registers["edx"] = 0x123B
    four.run(2)
    expect("#GP error code", four.word(0xF000 - 16), 0x1238)
    expect("#GP return address", four.word(0xF000 - 12), CODE + 1)
    return "place, address and status"


def interrupts_obey_masks() -> str:
    """A line that is up waits for the mask, and is taken at the instruction after it opens."""
    one = sparc()
    assert isinstance(one.processor, SparcProcessor)
    taken: list[int] = []
    one.processor.on_acknowledge = taken.append
    # PIL 15, then PIL 0 (three instructions of delay are allowed; the engine has none)
    one.put(CODE, [NOP, NOP, alu(0x31, 0, 0, 0xE0), NOP, NOP, NOP, NOP])
    one.processor.registers["psr"] = 0xFE0
    one.processor.request(5)
    one.run(2)
    expect("SPARC pc while masked", one.processor.pc, CODE + 8)
    one.run(5)
    expect("SPARC vector", one.processor.pc & 0xFFFF0, HANDLER + 0x150)
    expect("SPARC acknowledge", taken, [5])
    two = arm()
    assert isinstance(two.processor, ArmProcessor)
    two.put(CODE, [0xE1A00000, 0xE1A00000, 0xF1080080, 0xE1A00000, 0xE1A00000])  # cpsie i
    two.processor.registers["cpsr"] = 0x1D3
    two.processor.irq(True)
    two.run(2)
    expect("ARM pc while masked", two.processor.pc, CODE + 8)
    two.run(2)
    expect("ARM vector", two.processor.pc, HANDLER + 0x18)
    expect("ARM LR_irq", two.processor.registers["r14"], CODE + 12 + 4)
    three = x86()
    assert isinstance(three.processor, X86Processor)
    three.processor.acknowledge = lambda: 0x33
    three.put(CODE, b"\x90\x90\xfb\x90\x90\x90")  # sti, and its shadow of one instruction
    three.processor.intr(True)
    three.run(2)
    expect("x86 pc while masked", three.processor.pc, CODE + 2)
    three.run(3)
    expect("x86 vector", three.processor.pc, HANDLER)
    expect("x86 return address", three.word(0xF000 - 12), CODE + 4)
    expect("x86 interrupt counter", three.engine.native.traps[native.KIND_INTERRUPT + 0x33] > 0,
           True)
    return "masked, then taken"
