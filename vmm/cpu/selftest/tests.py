# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests: does the engine behave as `src/offsets.h` and the thunks assume?

The build id says that the engine is the file we know; these tests say that
what we know of it is true, by behaviour.  Each runs a few instructions on a
scratch engine of its own and compares what happened with what the
architecture's manual (or the engine's public interface) says.  `vmm doctor`
and the tests run them; all together take about a third of a second.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.engine import NEVER, Engine, constants
from vmm.cpu.selftest.scratch import (
    ARM_BACK,
    ARM_INC,
    BA_BACK,
    CODE,
    DATA,
    DEVICE,
    G1,
    G2,
    G3,
    HANDLER,
    NOP,
    NOWHERE,
    SPARC_INC,
    SPARC_TA3,
    Mismatch,
    Scratch,
    alu,
    arm,
    expect,
    load_store,
    sparc,
    x86,
)
from vmm.cpu.selftest.sparc_blocks import blocks_are_their_instructions
from vmm.cpu.selftest.virtual import arm_instructions_are_replaced, views_are_apart
from vmm.cpu.selftest.watchpoints import watchpoints_are_exact
from vmm.cpu.selftest.x86_blocks import x86_blocks_are_their_instructions
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.x86.processor import X86Processor
from vmm.native import library as native

CPU_EXCEPTION_INDEX = 0x81A0  # as in offsets.h


def registers_agree() -> str:
    """Our views of the register files against the engine's public register interface."""
    checked = 0
    plans = (
        (sparc(), "sparc_const", "UC_SPARC_REG_",
         [f"{b}{i}" for b in "goli" for i in range(8) if (b, i) != ("g", 0)]),
        (arm(), "arm_const", "UC_ARM_REG_", [f"r{i}" for i in range(15)]),
        (x86(), "x86_const", "UC_X86_REG_",
         ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"]),
    )
    for scratch, module, prefix, names in plans:
        numbers = constants(f"unicorn.{module}")
        registers, uc = scratch.processor.registers, scratch.engine.uc
        keys = {name: getattr(numbers, prefix + name.upper()) for name in names}
        for index, name in enumerate(names):
            registers[name] = 0x5A000001 + index * 0x01010101
        for index, (name, key) in enumerate(keys.items()):
            expect(f"{name} as the engine sees it", uc.reg_read(key) & 0xFFFFFFFF,
                   0x5A000001 + index * 0x01010101)
            uc.reg_write(key, 0xA5000003 + index)
        for index, name in enumerate(names):
            expect(f"{name} as we see it", registers[name], 0xA5000003 + index)
            checked += 1
    special = x86()
    names = constants("unicorn.x86_const")
    for name in ("cr0", "cr2", "cr3", "cr4", "eflags", "cs", "ss", "dr7"):
        found = special.engine.uc.reg_read(getattr(names, f"UC_X86_REG_{name.upper()}"))
        expect(name, special.processor.registers[name], found & 0xFFFFFFFF)
        checked += 1
    return f"{checked} registers"


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


def devices_are_exact() -> str:
    """Loads and stores reach the device once each, with the count of that very instruction."""
    plans: tuple[tuple[Scratch, bytes | list[int], str], ...] = (
        (sparc(), [SPARC_INC, load_store(4, G1, G2), load_store(0, G3, G2), SPARC_INC, NOP], "g"),
        (arm(), [ARM_INC, 0xE5820000, 0xE5923000, ARM_INC, 0xE1A00000], "r"),
        (x86(), b"\x40\x89\x02\x8b\x0a\x40\x90", "e"),
    )
    for scratch, code, bank in plans:
        seen: list[tuple[str, int, int, int]] = []
        engine, registers = scratch.engine, scratch.processor.registers

        def read(
            address: int, size: int, seen: list[tuple[str, int, int, int]] = seen,
            engine: Engine = engine,
        ) -> int:
            seen.append(("read", address, size, engine.count))
            return 0x11223344

        def write(
            address: int, size: int, value: int, seen: list[tuple[str, int, int, int]] = seen,
            engine: Engine = engine,
        ) -> None:
            seen.append((f"write {value:x}", address, size, engine.count))

        engine.handlers.read, engine.handlers.write = read, write
        pointer = "edx" if bank == "e" else f"{bank}2"
        target = "ecx" if bank == "e" else f"{bank}3"
        registers[pointer] = DEVICE + 0x10
        scratch.put(CODE, code)
        scratch.run(5)
        expect("device accesses", seen,
               [("write 1", DEVICE + 0x10, 4, 2), ("read", DEVICE + 0x10, 4, 3)])
        expect("value read", registers[target], 0x11223344)
        expect("instructions counted", engine.count, 5)
    return "values, sizes and counts"


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


def stores_are_fast_and_seen() -> str:
    """Data pages are filled once; a store into code that ran is obeyed."""
    # The store lies in another block than its target: a block that patches itself needs a
    # barrier on SPARC and ARM.
    plans: tuple[tuple[Scratch, bytes | list[int], str, str, int, int], ...] = (
        (sparc(), [SPARC_INC, 0x10800003, NOP, NOP, load_store(4, G3, G2), 0x10BFFFFB, NOP],
         "g2", "g3", alu(0, G1, G1, 0x100), 6),
        (arm(), [ARM_INC, 0xEAFFFFFF, 0xE5823000, 0xEAFFFFFB], "r2", "r3", 0xE2800C01, 4),
        (x86(), b"\x40\x89\x0a\xeb\xfb", "edx", "ecx",
         int.from_bytes(b"\x48\x89\x0a\xeb", "little"), 3),  # inc becomes dec
    )
    for scratch, code, pointer, source, patched, length in plans:
        registers = scratch.processor.registers
        scratch.put(CODE, code)
        registers[pointer], registers[source] = DATA, patched
        scratch.run(length * 1000)
        if scratch.engine.native.fills > 16:
            raise Mismatch(f"{scratch.engine.native.fills} fills for 1000 stores to one page")
        before = _counter(scratch)
        registers[pointer] = CODE
        scratch.run(length * 2)
        wanted = {"sparc": 0x101, "arm": 0x101, "x86": 0}[scratch.processor.architecture]
        expect(f"{scratch.processor.architecture} counter after patching",
               _counter(scratch) - before, wanted)
    return "few fills, self-modifying code obeyed"


def _counter(scratch: Scratch) -> int:
    name = {"sparc": "g1", "arm": "r0", "x86": "eax"}[scratch.processor.architecture]
    return scratch.processor.registers[name]


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


def ends_are_caught() -> str:
    """Error mode, shutdown and the engine's own abort stop the machine, not the process."""
    one = sparc()
    one.processor.registers["psr"] = 0xC0
    one.put(CODE, [NOP, SPARC_TA3])
    expect("error mode", one.run(100), native.REASON_ERROR_MODE)
    expect("its trap", one.engine.native.reason_trap, 0x83)
    two = x86()
    two.processor.registers["idtr.limit"] = 0
    two.put(CODE, b"\x90\x0f\x0b")
    expect("shutdown", two.run(100), native.REASON_SHUTDOWN)
    three = arm()
    index = ctypes.c_int32.from_address(three.engine.cpu + CPU_EXCEPTION_INDEX)

    def spoil(kind: int) -> int:
        index.value = 0x55  # an exception that does not exist
        return native.NATIVE

    three.engine.handlers.trap = spoil
    three.engine.intercept([2])
    three.put(CODE, [0xEF000000])
    expect("abort", three.run(100), native.REASON_ABORT)
    return f"the last one said: {three.engine.native.message.decode().strip()}"


def handlers_may_fail() -> str:
    """An error of ours in a callback stops the engine and comes out of `run`."""
    scratch = arm()

    def read(address: int, size: int) -> int:
        raise LookupError("on purpose")

    scratch.engine.handlers.read = read
    scratch.processor.registers["r2"] = DEVICE
    scratch.put(CODE, [0xE5923000, ARM_INC, ARM_BACK])
    try:
        scratch.run(1000)
    except LookupError:
        return "stopped and raised again"
    raise Mismatch("the error was lost")


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One test; ``run`` returns a few words, or raises `Mismatch`."""

    name: str
    run: Callable[[], str]


TESTS = (
    SelfTest("register files", registers_agree),
    SelfTest("instruction budget", budget_is_exact),
    SelfTest("breakpoints", breakpoints_are_exact),
    SelfTest("watchpoints", watchpoints_are_exact),
    SelfTest("device accesses", devices_are_exact),
    SelfTest("trap gate", traps_pass_the_gate),
    SelfTest("SPARC trap pc", sparc_trap_place),
    SelfTest("SPARC blocks", blocks_are_their_instructions),
    SelfTest("x86 blocks", x86_blocks_are_their_instructions),
    SelfTest("faults", faults_are_described),
    SelfTest("translation fill", stores_are_fast_and_seen),
    SelfTest("interrupts", interrupts_obey_masks),
    SelfTest("views", views_are_apart),
    SelfTest("sensitive ARM instructions", arm_instructions_are_replaced),
    SelfTest("sleep", sleep_is_noticed),
    SelfTest("virtual time", time_is_virtual),
    SelfTest("ends", ends_are_caught),
    SelfTest("errors in handlers", handlers_may_fail),
)
