# SPDX-License-Identifier: GPL-2.0-or-later
"""What single sensitive instructions cost translated: `python -m vmm.bench.flags`.

A loop of a kernel's flag operations runs bare and under `translate` (on SPARC
under `trap_and_emulate` too), and under `assist` with a control block that has
each of them leave the guest, in turns.  *Warm* is what each operation in the
loop takes more than bare, from the fastest of several stretches.  *Cold* is
the time in Python to find what to replace, for each instruction that nucleus
has looked at (x86; elsewhere nothing is scanned in Python).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from vmm.bench.rows import BenchError
from vmm.boards import Options, create
from vmm.cpu.x86.processor import X86Processor
from vmm.cpu.x86.registers import Segment
from vmm.cpu.x86.state import CR0_PE
from vmm.machine import artifacts
from vmm.machine.machine import Machine
from vmm.monitor import virtualize
from vmm.monitor.assist import Controls
from vmm.monitor.translate import Technique

ASSIST = "assist"
STRETCH = 2_000_000  # instructions
TRAPPING = 20  # less of them where each operation takes microseconds
TURNS = 5
MASTER_MASK = 0x21  # port of the first 8259's mask register


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of ``length`` instructions, of which ``operations`` are sensitive."""

    name: str
    board: str
    code: bytes
    at: int
    operations: int
    length: int
    classes: frozenset[str]  # of assist's controls, that all of them belong to
    ready: Callable[[Machine], None] = lambda machine: None


def _sparc(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "big") for word in words)


def _arm(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


def _protected_mode(machine: Machine) -> None:
    """Flat segments and a stack (Intel SDM volume 3A, 3.2.1), interrupts masked at the 8259."""
    processor = machine.processor
    assert isinstance(processor, X86Processor)
    registers = processor.registers
    registers["cr0"] |= CR0_PE
    processor.load_segment("cs", Segment(0x08, 0, 0xFFFFFFFF, 0xCF9B00))
    for name in ("ds", "es", "ss"):
        processor.load_segment(name, Segment(0x10, 0, 0xFFFFFFFF, 0xCF9300))
    registers["esp"] = 0x8000
    machine.bus.port_out(MASTER_MASK, 1, 0xFF)


LOOPS = (
    Loop("rd %psr; wr %psr", "leon3",  # rd %psr,%g1; wr %g1,%psr; nop; nop; ba back; nop
         _sparc(0x83480000, 0x81886000, 0x01000000, 0x01000000, 0x10BFFFFC, 0x01000000),
         0x40000000, 2, 6, frozenset({"state registers"})),
    Loop("mrs; cpsid i; cpsie i; msr", "virt",  # ...; b back
         _arm(0xE10F0000, 0xF10C0080, 0xF1080080, 0xE121F000, 0xEAFFFFFA), 0x40000000, 4, 5,
         frozenset({"status"})),
    Loop("cli; sti; nop", "pc", b"\xfa\xfb\x90\xeb\xfb", 0x7000, 2, 4,
         frozenset({"interrupt flag"}), _protected_mode),
    Loop("pushf; popf", "pc", b"\x9c\x9d\xeb\xfc", 0x7000, 2, 3,
         frozenset({"flags"}), _protected_mode),
    Loop("mov %cr0,%eax", "pc", b"\x0f\x20\xc0\xeb\xfb", 0x7000, 1, 2,
         frozenset({"control registers"}), _protected_mode),
    Loop("smsw %eax", "pc", b"\x0f\x01\xe0\xeb\xfb", 0x7000, 1, 2, frozenset({"control registers"}),
         _protected_mode),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a loop took; nanoseconds of the host."""

    loop: Loop
    technique: str
    warm: float  # an operation, more than bare


def _prepared(loop: Loop) -> Machine:
    machine = create(Options(loop.board, bare=True))
    machine.load_bytes(loop.at, loop.code, loop.name)
    loop.ready(machine)
    machine.processor.set_pc(loop.at)
    return machine


def _stretch(machine: Machine, instructions: int) -> float:
    """Nanoseconds an instruction."""
    before = machine.counters.processor_seconds
    machine.step(instructions)
    return (machine.counters.processor_seconds - before) / instructions * 1e9


def measure(loop: Loop, technique: str) -> Cost:
    """Run one loop bare and virtualized, in turns."""
    bare, guest = _prepared(loop), _prepared(loop)
    if technique == ASSIST:
        virtualize(guest, technique, controls=Controls(instructions=loop.classes))
    else:
        virtualize(guest, technique)
    stretch = STRETCH if technique == "translate" else STRETCH // TRAPPING
    times: list[tuple[float, float]] = [
        (_stretch(bare, STRETCH), _stretch(guest, stretch)) for _ in range(TURNS)]
    more = min(virtual for _, virtual in times) - min(alone for alone, _ in times)
    return Cost(loop, technique, more * loop.length / loop.operations)


def cold() -> tuple[int, float]:
    """Instructions that nucleus had looked at on x86, and nanoseconds for each."""
    kernel = artifacts.find("guests/x86/nucleus-quick.elf")
    if kernel is None:
        raise BenchError("build/guests/x86/nucleus-quick.elf is not built: run `make guests`")
    machine = create(Options("pc", kernel=kernel))
    technique = virtualize(machine, "translate").technique
    assert isinstance(technique, Technique)
    machine.run()
    cost = technique.cost
    return cost.looked_at, cost.nanoseconds / cost.looked_at


def main() -> None:
    """Print a line for each loop."""
    print(f"{'loop':<28} {'technique':<18} {'warm, ns':>9}")
    for loop in LOOPS:
        for technique in ("translate", "trap_and_emulate", ASSIST):
            if technique != "trap_and_emulate" or loop.board == "leon3":
                cost = measure(loop, technique)
                print(f"{loop.name:<28} {technique:<18} {cost.warm:>9.0f}")
    looked_at, nanoseconds = cold()
    print(f"x86, cold: {nanoseconds:.0f} ns for each of {looked_at} instructions")


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"flags: {error}")
