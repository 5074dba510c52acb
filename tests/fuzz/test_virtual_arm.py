# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams on a virtual ARM processor: each ends as on the bare machine."""

from __future__ import annotations

import ctypes as C
from typing import Any

import pytest
from stream_machine import LIBRARY, MODES, RAM, StreamMachine

from vmm.boards import Options, create
from vmm.cpu.saved import INTERRUPT_REQUEST
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.monitor import virtualize

STREAMS = 40
REGION = 0x8000
LINES = 0x02, 0x10  # of the engine's requests: IRQ, FIQ
# Seeds whose processor has neither Security nor Virtualization Extensions
POLICY_SEEDS = {"lazy": 112, "strict": 113, "nested": 105}
WITHOUT_SPSR = (0x10, 0x1F)
# Hyp and Monitor mode are not there for a virtual kernel.
ABSENT = ("_hyp", "_mon")


class Pair:
    """A bare machine that streams are made on, and a virtualized one."""

    def __init__(self, mode: str, policy: str, seed: int) -> None:
        self.maker = StreamMachine("arm", mode, seed)
        self.bare = self.maker.machine
        self.bare.set_delivery("native")
        self.bare.on_trap = None
        self.bare.intercept(())
        assert not self.maker.setting.properties
        self.virtual = create(Options("virt", cpu=self.maker.setting.cpu, ram=RAM,
                                      bios=LIBRARY.with_name("nothing.bin")))
        self.monitor = virtualize(self.virtual, "translate", policy)
        self.traps: dict[Machine, list[Any]] = {self.bare: [], self.virtual: []}
        for machine, traps in self.traps.items():
            machine.record_ledger(traps.extend)

    def registers(self, machine: Machine) -> dict[str, int]:
        """Those that both have; SPSR is one of another mode's by its own name."""
        known = machine.processor.registers.snapshot()
        return {name: value for name, value in known.items()
                if not name.endswith(ABSENT) and name != "spsr"
                and name in self.virtual.processor.registers.table}

    def make(self, seed: int, index: int) -> tuple[int, int]:
        """The stream on both machines: where its memory is, and how long it may run."""
        self.maker._dll.fuzz_stream(self.maker._fuzz, seed, index)
        made = self.maker._fuzz.contents
        bare, virtual = self.bare, self.virtual
        memory = bare.bus.read_memory(made.region, REGION)
        assert memory is not None
        virtual.bus.write_memory(made.region, memory)
        bare.engine.forget_code(made.region, REGION)
        # The generator sets bits that no write sets.
        bare.processor.registers["cpacr"] = bare.processor.registers["cpacr"]
        registers, wanted = virtual.processor.registers, self.registers(bare)
        for name in ("cpsr", *wanted):  # the mode first
            if registers[name] != wanted[name]:
                registers[name] = wanted[name]
        if wanted["cpsr"] & 0x1F in WITHOUT_SPSR:  # the engine has one all the same
            registers["spsr"] = bare.processor.registers["spsr"]
        assert self.registers(virtual) == wanted
        request = C.c_uint32.from_address(bare.engine.cpu + INTERRUPT_REQUEST).value
        for line in LINES:
            virtual.engine.set_interrupt(line, bool(request & line))
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
            self.registers(machine), machine.bus.read_memory(region, REGION),
        )


@pytest.mark.parametrize("policy", POLICY_SEEDS)
@pytest.mark.parametrize("mode", MODES)
def test_a_stream_does_the_same_bare_and_virtualized(mode: str, policy: str) -> None:
    seed = POLICY_SEEDS[policy]
    pair = Pair(mode, policy, seed)
    for index in range(STREAMS):
        place = pair.make(seed, index)
        found, expected = pair.run(pair.virtual, *place), pair.run(pair.bare, *place)
        assert found == expected, f"stream {seed}:{index}"
