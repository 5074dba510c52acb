# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 trap delivery in Python against the engine's own, on random states.

A situation is a processor state and a memory image: valid tables with faults
sown into them.  One instruction (or interrupt) traps in it, once on a
processor that delivers natively and once on one that delivers in Python;
whatever follows until the first instruction of a handler, faults in delivery
included, must leave the same registers, hidden state, memory and ledger.
"""

from __future__ import annotations

import ctypes as C
import mmap
from typing import Any

import pytest
from x86_situations import NEW_SELECTOR, RAM, ROM, Maker, Situation

from vmm.cpu.engine import NEVER
from vmm.cpu.x86.processor import X86Processor
from vmm.cpu.x86.state import State
from vmm.native import library as native

EVENT = 1 << 30  # VMM_IRQ_EVENT: a look before the next instruction
SITUATIONS = 150  # in each test


class Bench:
    """A processor with its own memory that runs into one trap."""

    def __init__(self, model: str, python: bool) -> None:
        self.processor = X86Processor(model)
        self.engine = self.processor.engine
        self.memory = mmap.mmap(-1, RAM + ROM)
        self._anchor = C.c_char.from_buffer(self.memory)
        address = C.addressof(self._anchor)
        self.engine.map_memory(0, RAM, address)
        self.engine.map_memory(RAM, ROM, address + RAM, rom=True)
        self.engine.map_hole()
        self.processor.reset()
        self.python = python
        self.state = State(self.processor)
        self.pending = False
        self.ledger: list[tuple[int, ...]] = []
        handlers = self.engine.handlers
        handlers.read = lambda address, size: (1 << 8 * size) - 1
        handlers.trap = self._trap
        handlers.event = self._event
        handlers.ledger = self.ledger.extend
        self.engine.intercept(range(native.TRAP_KINDS))
        self.engine.native.ledger_on = 1
        call = self.engine.function
        self._flush_blocks = call("tb_flush_x86_64", None, C.c_void_p)
        self._set_dr7 = call("cpu_x86_update_dr7_x86_64", None, C.c_void_p, C.c_uint32)

    def _trap(self, kind: int) -> int:
        self.pending = True
        self.engine.set_interrupt(EVENT, True)
        self.processor.intr(False)
        if not self.python:
            return native.NATIVE
        self.processor.deliver(kind)
        return native.HANDLED

    def _event(self) -> bool:
        self.engine.native.event_at = NEVER
        return self.pending

    def run(self, situation: Situation) -> dict[str, Any]:
        """Everything that can be seen after the trap."""
        self.memory[:] = bytes(situation.memory)
        env, registers = self.state.env, self.processor.registers
        self._flush_blocks(self.engine.cpu)
        registers["cr0"] = 0x10
        registers["cr4"] = situation.cr4
        env.cr3, env.efer = situation.cr3, situation.efer
        registers["cr0"] = situation.cr0
        env.cr2 = 0
        self.processor.set_a20(situation.a20)
        for i, value in enumerate(situation.regs):
            env.regs[i] = value
        env.eflags = situation.eflags  # all of them here: the engine takes its share at the start
        for index, cache in situation.segs.items():
            self.state.load_segment(index, *cache)
        for name, cache in situation.tables.items():
            table = getattr(env, name)
            table.selector, table.base, table.limit, table.flags = cache
        for i in range(4):
            env.dr[i] = 0x3F000
        self._set_dr7(self.engine.env, situation.dr7)
        env.old_exception, env.hflags2 = -1, 1
        env.error_code = env.is_int = env.next_eip = 0
        self.engine.set_interrupt(0x202, False)
        env.eip = situation.eip
        self.pending = False
        self.ledger.clear()
        self.processor.acknowledge = lambda: situation.interrupt or 0
        if situation.interrupt == -1:
            self.processor.nmi()
        elif situation.interrupt is not None:
            self.processor.intr(True)
        count = self.engine.count
        reason = self.processor.run()
        return self._seen(reason, count)

    def _seen(self, reason: int, count: int) -> dict[str, Any]:
        env = self.state.env
        seen: dict[str, Any] = {
            "reason": reason,
            "ledger": [(record[0] - count, *record[1:]) for record in self.ledger],
            "eflags": self.state.eflags(),
        }
        for name in ("eip", "hflags", "hflags2", "old_exception", "error_code"):
            seen[name] = getattr(env, name)
        seen |= {f"r{i}": env.regs[i] for i in range(8)}
        seen |= {name: getattr(env, name) & 0xFFFFFFFF for name in ("cr0", "cr2", "cr3", "cr4")}
        seen["dr7"] = env.dr[7]
        caches = {f"seg{i}": env.segs[i] for i in range(6)}
        caches |= {name: getattr(env, name) for name in ("ldtr", "tr", "gdtr", "idtr")}
        for name, cache in caches.items():
            seen[name] = (cache.selector, cache.base, cache.limit, cache.flags)
        seen["memory"] = bytes(self.memory)
        return seen


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Field by field, and the first bytes of memory that differ."""
    lines = [
        f"{name}: native {one[name]!r}, Python {other[name]!r}"
        for name in one
        if name != "memory" and one[name] != other[name]
    ]
    if one["memory"] != other["memory"]:
        at = [i for i in range(RAM + ROM) if one["memory"][i] != other["memory"][i]]
        lines.append("memory at " + " ".join(
            f"{i:#x}:{one['memory'][i]:02x}/{other['memory'][i]:02x}" for i in at[:12]
        ))
    return lines


@pytest.fixture(scope="module", params=["qemu32", "coreduo"])
def benches(request: pytest.FixtureRequest) -> tuple[Bench, Bench]:
    """One processor that delivers natively, one in Python; the second model has NX."""
    return Bench(request.param, False), Bench(request.param, True)


@pytest.mark.parametrize("seed", range(6))
def test_python_delivery_is_native_delivery(benches: tuple[Bench, Bench], seed: int) -> None:
    one, other = benches
    maker = Maker(seed, one.processor.model == "coreduo")
    for number in range(SITUATIONS):
        situation = maker.make()
        found = differences(one.run(situation), other.run(situation))
        assert not found, (f"situation {number} of seed {seed} ({situation.mode}, "
                           f"{situation.code.hex()}):\n" + "\n".join(found))


def test_the_situations_reach_what_they_are_for(benches: tuple[Bench, Bench]) -> None:
    """Deliveries that succeed, faults in them, double faults and shutdowns all occur."""
    bench = benches[1]
    maker = Maker(99, bench.processor.model == "coreduo")
    first, nested, double, shutdown, tasks = 0, 0, 0, 0, 0
    for _ in range(600):
        seen = bench.run(maker.make())
        vectors = [record[1] & 0xFF for record in seen["ledger"]]
        first += len(vectors) == 1
        nested += len(vectors) > 1
        double += 8 in vectors[1:]
        shutdown += seen["reason"] == native.REASON_SHUTDOWN
        tasks += seen["tr"][0] == NEW_SELECTOR
    assert min(first, nested) > 100 and min(double, shutdown, tasks) > 10
