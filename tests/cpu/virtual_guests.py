# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests of a few instructions on virtual processors: a scratch machine in real user mode."""

from __future__ import annotations

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, Scratch
from vmm.cpu.selftest.virtual import user_mode
from vmm.cpu.virtual import Space
from vmm.native import library as native

READ, WRITE, EXECUTE = native.ENTRY_READ, native.ENTRY_WRITE, native.ENTRY_EXECUTE
ALL = READ | WRITE | EXECUTE
COUNTER = {"sparc": "g1", "arm": "r0", "x86": "eax"}
UNMAPPED = 0x20000  # beyond what a guest has translations for


class Guest:
    """A scratch machine in real user mode, its memory mapped one to one."""

    def __init__(self, machine: Scratch) -> None:
        self.machine = machine
        self.engine = machine.engine
        self.registers = machine.processor.registers
        self.virtual = user_mode(machine)
        self.vcpu = self.virtual.vcpu
        self.vcpu.kernel = 1
        self.space = Space(self.engine)
        for page in range(0, scratch.RAM, 0x1000):
            self.space.set(page, page, ALL, READ | EXECUTE)
        self.virtual.space = self.space
        self.virtual.set_fill_mode(native.FILL_SHADOW)
        self.exits: list[tuple[int, int, int]] = []  # kind, pc, instructions begun
        self.virtual.handlers.exit = self.skip
        self.ledger: list[tuple[int, int, int, int, int]] = []
        self.engine.handlers.ledger = self.ledger.extend
        self.engine.native.ledger_on = 1

    def skip(self, kind: int) -> int:
        """Note an exit and go on behind its instruction."""
        self.note(kind)
        self.advance()
        return native.HANDLED

    def note(self, kind: int) -> None:
        self.exits.append((kind, self.machine.processor.pc, self.engine.count))

    def advance(self) -> None:
        r = self.registers
        if self.machine.processor.architecture == "sparc":
            r["pc"], r["npc"] = r["npc"], r["npc"] + 4
        elif self.machine.processor.architecture == "arm":
            r["pc"] += 4
        else:
            r["eip"] += 1

    def run(self, code: bytes | list[int], instructions: int) -> int:
        self.machine.put(CODE, code)
        self.engine.forget_code(CODE, 0x1000)
        self.machine.processor.set_pc(CODE)
        return self.machine.run(instructions)


def sparc() -> Guest:
    return Guest(scratch.sparc())


def arm() -> Guest:
    return Guest(scratch.arm())


def arm926() -> Guest:
    """A processor whose TLB has entries of 1 KiB."""
    machine = Scratch(ArmProcessor("arm926"), "little")
    machine.processor.reset()
    machine.processor.registers["cpsr"] = 0x153
    return Guest(machine)


def x86() -> Guest:
    return Guest(scratch.x86())
