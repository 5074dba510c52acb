# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC trap entry in Python against the engine's own, on random states.

One instruction traps, or an interrupt is taken, once with native entry and
once with `vmm.cpu.sparc.traps.enter`; all registers of all windows must then
be the same.
"""

from __future__ import annotations

import ctypes as C
import mmap
import random
from collections.abc import Callable
from typing import Any

import pytest

from vmm.cpu.engine import NEVER
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.sparc.registers import WINDOWS
from vmm.native import library as native

RAM = 0x10000
CODE = 0x4000
NOWHERE = 0x70000000
EVENT = 1 << 30  # VMM_IRQ_EVENT: a look before the next instruction

NOP, UNIMP, FLUSH_RFE = 0x01000000, 0, 0x81E80000
PSR_S, PSR_ET, PSR_EF, PSR_PIL = 0x80, 0x20, 0x1000, 0xF00


def ticc(number: int) -> int:
    """TA with a software trap number."""
    return 2 << 30 | 8 << 25 | 0x3A << 19 | 1 << 13 | number


def arithmetic(op3: int, rd: int, rs1: int, immediate: int) -> int:
    return 2 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 | immediate & 0x1FFF


def memory(op3: int, rd: int, rs1: int, immediate: int) -> int:
    return 3 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 | immediate & 0x1FFF


LOAD, STORE, LOAD_ALTERNATE, LOAD_FLOAT = 0x00, 0x04, 0x10, 0x20
SAVE, RESTORE, DIVIDE, TADDCCTV, WRITE_PSR, READ_PSR = 0x3C, 0x3D, 0x0E, 0x22, 0x31, 0x29

Setup = Callable[["Bench", random.Random], int]


class Bench:
    """A LEON3 with its own memory that runs into one trap."""

    def __init__(self, python: bool) -> None:
        self.processor = SparcProcessor()
        self.engine = self.processor.engine
        self.ram = mmap.mmap(-1, RAM)
        self._anchor = C.c_char.from_buffer(self.ram)
        self.engine.map_memory(0, RAM, C.addressof(self._anchor))
        self.engine.map_hole()
        self.processor.reset()
        self.python = python
        self.pending = False
        self.ledger: list[tuple[int, ...]] = []
        handlers = self.engine.handlers
        handlers.trap, handlers.event = self._trap, self._event
        handlers.ledger = self.ledger.extend
        self.engine.intercept(range(native.TRAP_KINDS))
        self.engine.native.ledger_on = 1
        self._flush = self.engine.function("tb_flush_sparc", None, C.c_void_p)

    def _trap(self, kind: int) -> int:
        self.pending = True
        self.engine.set_interrupt(EVENT, True)
        self.processor.request(0)
        if not self.python:
            return native.NATIVE
        self.processor.deliver(kind)
        return native.HANDLED

    def _event(self) -> bool:
        self.engine.native.event_at = NEVER
        return self.pending

    def run(self, seed: int) -> dict[str, Any]:
        """Everything that can be seen after the trap of one random situation."""
        pick = random.Random(seed)
        registers = self.processor.registers
        self._flush(self.engine.cpu)
        self.processor.request(0)
        psr = pick.getrandbits(24) & 0xF01F80 | PSR_ET | pick.getrandbits(1) << 6
        registers["psr"] = psr & ~0x18 | PSR_S
        for name in registers:
            if name[0] in "goliw" and name not in ("g0", "wim"):
                registers[name] = pick.getrandbits(32)
        registers["tbr"] = pick.getrandbits(32) & ~0xF
        registers["y"] = pick.getrandbits(32)
        registers["wim"] = 0
        registers["npc"] = 0
        situation = pick.choice(SITUATIONS)
        words = [situation(self, pick)] + [ticc(5)] * 3
        if pick.random() < 0.3:
            registers["psr"] = registers["psr"] & ~PSR_S
        # The trapping instruction, alone or in the delay slot of a branch.
        at = CODE
        if pick.random() < 0.3:
            words.insert(0, 0x10800008)  # BA to 32 bytes on
        self.ram[at : at + 4 * len(words)] = b"".join(w.to_bytes(4, "big") for w in words)
        self.processor.set_pc(at)
        self.pending = False
        self.ledger.clear()
        count = self.engine.count
        reason = self.processor.run()
        seen: dict[str, Any] = dict(registers.snapshot())
        seen["reason"] = reason
        seen["ledger"] = [(record[0] - count, *record[1:]) for record in self.ledger]
        return seen


def software_trap(bench: Bench, pick: random.Random) -> int:
    return ticc(pick.randrange(128))


def illegal(bench: Bench, pick: random.Random) -> int:
    return UNIMP


def no_float(bench: Bench, pick: random.Random) -> int:
    bench.processor.registers["psr"] = bench.processor.registers["psr"] & ~PSR_EF
    bench.processor.registers["g1"] = 0
    return memory(LOAD_FLOAT, 2, 1, 0)


def overflow(bench: Bench, pick: random.Random) -> int:
    cwp = bench.processor.registers["psr"] & 31
    bench.processor.registers["wim"] = 1 << (cwp - 1) % WINDOWS
    return arithmetic(SAVE, 14, 14, -96)


def underflow(bench: Bench, pick: random.Random) -> int:
    cwp = bench.processor.registers["psr"] & 31
    bench.processor.registers["wim"] = 1 << (cwp + 1) % WINDOWS
    return arithmetic(RESTORE, 0, 0, 0)


def unaligned(bench: Bench, pick: random.Random) -> int:
    bench.processor.registers["g1"] = 2
    return memory(pick.choice((LOAD, STORE)), 2, 1, 0)


def bus_error(bench: Bench, pick: random.Random) -> int:
    bench.processor.registers["g1"] = NOWHERE
    return memory(pick.choice((LOAD, STORE)), 2, 1, 0)


def zero_divide(bench: Bench, pick: random.Random) -> int:
    return arithmetic(DIVIDE, 2, 1, 0)


def tag_overflow(bench: Bench, pick: random.Random) -> int:
    return arithmetic(TADDCCTV, 2, 0, 1)


def privileged(bench: Bench, pick: random.Random) -> int:
    """In supervisor state these do not trap; the TA that follows does."""
    return pick.choice((arithmetic(READ_PSR, 1, 0, 0), memory(LOAD_ALTERNATE, 2, 0, 0) & ~0x2000))


def interrupt(bench: Bench, pick: random.Random) -> int:
    level = pick.randrange(1, 16)
    registers = bench.processor.registers
    registers["psr"] = registers["psr"] & ~PSR_PIL | pick.randrange(level) << 8
    bench.processor.request(level)
    return NOP


SITUATIONS: tuple[Setup, ...] = (
    software_trap, illegal, no_float, overflow, underflow, unaligned, bus_error, zero_divide,
    tag_overflow, privileged, interrupt,
)


@pytest.fixture(scope="module")
def benches() -> tuple[Bench, Bench]:
    """One processor with native trap entry and one with Python's."""
    return Bench(False), Bench(True)


@pytest.mark.parametrize("group", range(5))
def test_python_entry_is_native_entry(benches: tuple[Bench, Bench], group: int) -> None:
    one, other = benches
    for seed in range(100 * group, 100 * group + 100):
        native_seen, python_seen = one.run(seed), other.run(seed)
        wrong = {
            name: (native_seen[name], python_seen[name])
            for name in native_seen
            if native_seen[name] != python_seen[name]
        }
        assert not wrong, f"seed {seed}: (native, Python) {wrong}"


def test_the_situations_reach_what_they_are_for(benches: tuple[Bench, Bench]) -> None:
    """All the trap types that the situations are made for occur."""
    seen = {record[1] for seed in range(400) for record in benches[1].run(seed)["ledger"]}
    assert {0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x09, 0x0A, 0x2A, 0x2B} <= seen
    assert {0x1F} <= seen and any(tt >= 0x80 for tt in seen)
