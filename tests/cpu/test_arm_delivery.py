# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM exception entry in Python against the engine's own, on random states.

One instruction (or interrupt line) raises an exception, in every mode, ARM and
Thumb, with and without Security and Virtualization Extensions, once with
native entry and once with `vmm.cpu.arm.traps.enter`.  The registers, and
every byte of the engine's register file, must then be the same.
"""

from __future__ import annotations

import ctypes as C
import mmap
import random
from collections.abc import Callable
from typing import Any

import pytest

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.arm.registers import ABT, EXCEPTION, FIQ, HYP, IRQ, MON, SVC, SYS, UND, USR
from vmm.cpu.engine import NEVER
from vmm.native import library as native

RAM = 0x10000
CODE = 0x4000
NOWHERE = 0x70000000
EVENT = 1 << 30  # VMM_IRQ_EVENT: a look before the next instruction
ENV_SIZE = 0xF00  # CPUARMState up to the constant part
# N, Z and V are numbers whose sign or being 0 counts (CPSR shows it); a timer's host time; what
# the engine knew of the exception; IFAR, which ARMv5 has not.
SPARE = {*range(0x20C, 0x218), *range(0x810, 0x818), *range(EXCEPTION, EXCEPTION + 24)}
SPARE_V5 = range(0x424, 0x428)

# Both encodings of what traps: ARM, Thumb.
UDF = (0xE7F000F0, 0xDE00)
SVC_CALL = (0xEF000011, 0xDF11)
BKPT = (0xE1200070, 0xBE00)
LOAD = (0xE5910000, 0x6808)  # ldr r0, [r1]
STORE = (0xE5810000, 0x6008)
JUMP = (0xE12FFF11, 0x4708)  # bx r1
NOP = (0xE1A00000, 0x46C0)
HVC_CALL = (0xE1400070, 0x8000F7E0)
SMC_CALL = (0xE1600070, 0x8000F7F0)
READ_ACTLR = (0xEE110F30, 0x0F30EE11)  # HCR.TAC traps it
WAIT = (0xE320F003, 0xBF30)  # HCR.TWI traps it

HCR_TWI, HCR_TAC, HCR_TGE, HCR_TSC = 1 << 13, 1 << 21, 1 << 27, 1 << 19
HCR_FMO, HCR_IMO, HCR_AMO = 1 << 3, 1 << 4, 1 << 5

CONFIGURATIONS = (
    ("cortex-a15", False, False), ("cortex-a15", False, True), ("cortex-a15", True, False),
    ("cortex-a15", True, True), ("cortex-a9", False, True), ("cortex-a9", False, False),
    ("arm926", False, False),
)


class Bench:
    """An ARM core with its own memory that runs into one exception."""

    def __init__(self, model: str, virtualization: bool, security: bool, python: bool) -> None:
        self.processor = ArmProcessor(model, virtualization, security)
        self.engine = self.processor.engine
        self.ram = mmap.mmap(-1, RAM)
        self._anchor = C.c_char.from_buffer(self.ram)
        self.engine.map_memory(0, RAM, C.addressof(self._anchor))
        self.engine.map_hole()
        self.processor.reset()
        self.v7 = model != "arm926"
        self.python = python
        self.pending = False
        self.ledger: list[tuple[int, ...]] = []
        handlers = self.engine.handlers
        handlers.trap, handlers.event = self._trap, self._event
        handlers.ledger = self.ledger.extend
        self.engine.intercept(range(native.TRAP_KINDS))
        self.engine.native.ledger_on = 1
        self._flush = self.engine.function("tb_flush_arm", None, C.c_void_p)
        self.env = (C.c_uint8 * ENV_SIZE).from_address(self.engine.env)
        self.fresh = bytes(self.env)

    def _trap(self, kind: int) -> int:
        self.pending = True
        self.engine.set_interrupt(EVENT, True)
        self.processor.irq(False)
        self.processor.fiq(False)
        if not self.python:
            return native.NATIVE
        self.processor.deliver(kind)
        return native.HANDLED

    def _event(self) -> bool:
        self.engine.native.event_at = NEVER
        return self.pending

    def modes(self) -> list[int]:
        modes = [USR, FIQ, IRQ, SVC, ABT, UND, SYS]
        if self.processor.security:
            modes.append(MON)
        if self.processor.virtualization:
            modes += [HYP, HYP]
        return modes

    def run(self, seed: int) -> dict[str, Any]:
        """Everything that can be seen after the exception of one random situation."""
        pick = random.Random(seed)
        self.processor.irq(False)
        self.processor.fiq(False)
        self._flush(self.engine.cpu)
        self._system(pick)
        registers = self.processor.registers
        mode = pick.choice(self.modes())
        for register in self.modes():  # fill every bank
            registers["cpsr"] = 0x1C0 | register
            for name in ("r8", "r12", "r13", "r14", "spsr"):
                registers[name] = pick.getrandbits(32)
        psr = pick.getrandbits(32) & (0xF80F03C0 if self.v7 else 0xF00000C0) | mode
        if mode == HYP and self.processor.security:
            registers["scr"] = registers["scr"] | 1
        registers["cpsr"] = psr & ~0x200  # little-endian code and data
        for name in [f"r{i}" for i in range(13)]:
            registers[name] = pick.getrandbits(32)
        registers["r1"] = NOWHERE + 8
        thumb = pick.random() < 0.4
        code = pick.choice(SITUATIONS)(self, pick)[thumb]
        words = [code, *[UDF[thumb]] * 3]
        data = b"".join(
            word.to_bytes(2 if thumb and word < 0x10000 else 4, "little") for word in words
        )
        self.ram[CODE : CODE + len(data)] = data
        self.processor.set_pc(CODE | thumb)
        self.pending = False
        self.ledger.clear()
        count = self.engine.count
        reason = self.processor.run()
        seen: dict[str, Any] = dict(registers.snapshot())
        seen["reason"] = reason
        seen["ledger"] = [(record[0] - count, *record[1:]) for record in self.ledger]
        seen["env"] = bytes(self.env)
        return seen

    def _system(self, pick: random.Random) -> None:
        """Random control registers: vectors, endianness and state of handlers, routing."""
        registers = self.processor.registers
        registers["cpsr"] = 0x1C0 | (MON if self.processor.security else SVC)
        for suffix in ("", "_s"):
            if f"sctlr{suffix}" not in registers.table:
                continue
            bits = pick.choice((0, 1 << 13)) | (pick.getrandbits(2) << 25 & 1 << 25)
            bits |= pick.choice((0, 1 << 30)) if self.v7 else 0
            registers[f"sctlr{suffix}"] = 0xC50078 | bits if self.v7 else 0x90078 | bits
            if f"vbar{suffix}" in registers.table:
                registers[f"vbar{suffix}"] = pick.getrandbits(32) & ~0x1F
        if self.processor.security:
            registers["mvbar"] = pick.getrandbits(32) & ~0x1F
            registers["scr"] = pick.getrandbits(6) | pick.getrandbits(9) & 0x180
        if self.processor.virtualization:
            registers["hvbar"] = pick.getrandbits(32) & ~0x1F
            registers["hsctlr"] = 0x30C50878 | pick.choice((0, 1 << 25)) | pick.choice((0, 1 << 30))
            registers["hcr"] = pick.choice((0, HCR_TGE, HCR_TSC, HCR_TAC | HCR_TWI)) | pick.choice(
                (0, HCR_FMO | HCR_IMO | HCR_AMO)
            )


Situation = Callable[[Bench, random.Random], tuple[int, int]]


def instruction(code: tuple[int, int], needs_v7: bool = False) -> Situation:
    """Just that; on ARMv5 another one if it is not there."""

    def situation(bench: Bench, pick: random.Random) -> tuple[int, int]:
        return UDF if needs_v7 and not bench.v7 else code

    return situation


def interrupt(bench: Bench, pick: random.Random) -> tuple[int, int]:
    bench.processor.registers["cpsr"] = bench.processor.registers["cpsr"] & ~0xC0
    (bench.processor.irq if pick.random() < 0.5 else bench.processor.fiq)(True)
    return NOP


SITUATIONS: tuple[Situation, ...] = (
    instruction(UDF), instruction(SVC_CALL), instruction(BKPT, True), instruction(LOAD),
    instruction(STORE), instruction(JUMP), instruction(HVC_CALL, True),
    instruction(SMC_CALL, True), instruction(READ_ACTLR, True), instruction(WAIT, True),
    interrupt, interrupt, interrupt,
)


@pytest.fixture(
    scope="module", params=CONFIGURATIONS,
    ids=lambda c: c[0] + "+virt" * c[1] + "+sec" * c[2],
)
def benches(request: pytest.FixtureRequest) -> tuple[Bench, Bench]:
    """One processor with native exception entry and one with Python's."""
    return Bench(*request.param, False), Bench(*request.param, True)


def differences(
    benches: tuple[Bench, Bench], one: dict[str, Any], other: dict[str, Any]
) -> list[str]:
    """Registers by name, and offsets into the register file (but pointers)."""
    lines = [
        f"{name}: native {one[name]!r}, Python {other[name]!r}"
        for name in one
        if name != "env" and one[name] != other[name]
    ]
    pointers = {
        i & ~7 for i in range(ENV_SIZE) if benches[0].fresh[i] != benches[1].fresh[i]
    }
    at = [
        i for i in range(ENV_SIZE)
        if one["env"][i] != other["env"][i] and i & ~7 not in pointers and i not in SPARE
        and (benches[0].v7 or i not in SPARE_V5)
    ]
    if at:
        lines.append("register file at " + " ".join(
            f"{i:#x}:{one['env'][i]:02x}/{other['env'][i]:02x}" for i in at[:12]
        ))
    return lines


def test_python_entry_is_native_entry(benches: tuple[Bench, Bench]) -> None:
    one, other = benches
    for seed in range(250):
        found = differences(benches, one.run(seed), other.run(seed))
        assert not found, f"seed {seed}:\n" + "\n".join(found)


def test_the_situations_reach_what_they_are_for(benches: tuple[Bench, Bench]) -> None:
    """Every kind of exception that the processor has occurs."""
    bench = benches[1]
    seen = {record[1] for seed in range(250) for record in bench.run(seed)["ledger"]}
    wanted = {1, 2, 3, 4, 5, 6}
    if bench.v7:
        wanted.add(7)
    if bench.processor.security:
        wanted.add(13)
    if bench.processor.virtualization:
        wanted.add(11)
    assert wanted <= seen
