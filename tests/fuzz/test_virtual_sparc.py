# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams on a virtual LEON3: each ends as on the bare machine."""

from __future__ import annotations

import ctypes as C
from typing import Any

import pytest
from stream_machine import LIBRARY, MODES, RAM, StreamMachine

from vmm.boards import Options, create
from vmm.cpu.saved import INTERRUPT_REQUEST
from vmm.cpu.sparc.processor import HARD
from vmm.cpu.sparc.registers import INTERRUPT_INDEX, MMU
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.monitor import virtualize

STREAMS = 60
REGION = 0x8000
POLICY_SEEDS = ("lazy", "strict", "nested")  # each has streams of its own


class Pair:
    """A bare machine that streams are made on, and a virtualized one."""

    def __init__(self, mode: str, technique: str, policy: str, seed: int) -> None:
        self.maker = StreamMachine("sparc", mode, seed)
        self.bare = self.maker.machine
        self.bare.set_delivery("native")
        self.bare.on_trap = None
        self.bare.intercept(())
        self.virtual = create(Options("leon3", ram=RAM, bios=LIBRARY.with_name("nothing.bin")))
        self.monitor = virtualize(self.virtual, technique, policy)
        self.traps: dict[Machine, list[Any]] = {self.bare: [], self.virtual: []}
        for machine, traps in self.traps.items():
            machine.record_ledger(traps.extend)

    def make(self, seed: int, index: int) -> tuple[int, int]:
        """The stream on both machines: where its memory is, and how long it may run."""
        self.maker._dll.fuzz_stream(self.maker._fuzz, seed, index)
        made = self.maker._fuzz.contents
        bare, virtual = self.bare, self.virtual
        memory = bare.bus.read_memory(made.region, REGION)
        assert memory is not None
        virtual.bus.write_memory(made.region, memory)
        registers = virtual.processor.registers
        wanted = bare.processor.registers.snapshot()
        for name in ("psr", *wanted):  # the window first
            registers[name] = wanted[name]
        assert registers.snapshot() == wanted
        real, copy = (m.engine.words(4 * MMU, 32) for m in (bare, virtual))
        copy[5:] = real[5:]
        line, copied = (m.engine.words(4 * INTERRUPT_INDEX, 1) for m in (bare, virtual))
        copied[0] = line[0]
        request = C.c_uint32.from_address(bare.engine.cpu + INTERRUPT_REQUEST).value
        virtual.engine.set_interrupt(HARD, bool(request & HARD))
        self.monitor.memory.flush(None)
        return made.region, made.budget

    def run(self, machine: Machine, region: int, budget: int) -> tuple[Any, ...]:
        """Everything that the stream did."""
        traps = self.traps[machine]
        traps.clear()
        start = machine.engine.count
        limit = machine.clock.at_cycle(
            machine.engine.cycles + budget + 100, lambda: machine.stop(Outcome.time("trap storm"))
        )
        outcome = machine.run(until=start + budget)
        machine.clock.cancel(limit)
        machine.engine.drain_ledger()
        return (
            outcome, machine.engine.count - start,
            [(count - start, *rest) for count, *rest in traps],
            machine.processor.registers.snapshot(), machine.bus.read_memory(region, REGION),
        )


@pytest.mark.parametrize("policy", POLICY_SEEDS)
@pytest.mark.parametrize("technique", ["trap_and_emulate", "translate"])
@pytest.mark.parametrize("mode", MODES)
def test_a_stream_does_the_same_bare_and_virtualized(
    mode: str, technique: str, policy: str
) -> None:
    seed = 5 + POLICY_SEEDS.index(policy)
    pair = Pair(mode, technique, policy, seed)
    for index in range(STREAMS):
        place = pair.make(seed, index)
        found, expected = pair.run(pair.virtual, *place), pair.run(pair.bare, *place)
        assert found == expected, f"stream {seed}:{index}"
