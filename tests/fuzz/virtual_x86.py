# SPDX-License-Identifier: GPL-2.0-or-later
"""Random x86 instruction streams, bare and translated: each must do the same.

    python tests/fuzz/virtual_x86.py [--mode M] [--policy P] [--streams N] [--first SEED]

A stream is made on a bare machine; its processor's state and its memory are
copied to a virtualized one, and both run it.  `Run` is everything that it did.

What a processor may still remember of page tables that were stored to without
a flush is nobody's promise, so streams that have changed the tables which they
run on are not compared.
"""

from __future__ import annotations

import argparse
import ctypes as C
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from stream_machine import BATCH, LIBRARY, MODES, RAM, StreamMachine

from vmm.boards import Options, create
from vmm.cpu import saved
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.monitor import virtualize

REGION = 0x8000  # bytes of a stream's memory
STORMS = 100  # cycles that a stream may take besides its instructions
LOW = (0x7000, 0x1000), (0x10000, REGION)  # streams share these
PAGES, PAGES_END, PAGED = 0x4000, 0x6000, 4  # a stream's page tables; the flag of its shape
ACCESSED_DIRTY = 0x60
POLICIES = ("lazy", "strict", "exposed", "nested")


@dataclass(frozen=True)
class Run:
    """What one machine did with a stream."""

    ending: Ending
    text: str
    instructions: int
    traps: list[tuple[int, ...]]
    registers: dict[str, int]
    memory: bytes

    def differences(self, other: Run) -> list[str]:
        """Where two runs are not the same, in a few lines."""
        lines = [
            f"{name}: {getattr(self, name)!r}, not {getattr(other, name)!r}"
            for name in ("ending", "text", "instructions")
            if getattr(self, name) != getattr(other, name)
        ]
        pairs = zip(self.traps + [()], other.traps + [()], strict=False)
        lines += [f"trap {one}, not {two}" for one, two in pairs if one != two][:2]
        lines += [f"{name}: {value:#x}, not {other.registers[name]:#x}"
                  for name, value in self.registers.items() if value != other.registers[name]]
        different = [at for at, (one, two) in enumerate(
            zip(self.memory, other.memory, strict=True)) if one != two]
        if different:
            lines.append(f"memory at {', '.join(f'+{at:#x}' for at in different[:8])}")
        return lines


class Pair:
    """A bare machine that streams are made on, and a virtualized one."""

    def __init__(self, mode: str, policy: str, seed: int) -> None:
        self.seed = seed
        self.maker = StreamMachine("x86", mode, seed)
        self.bare = self.maker.machine
        self.bare.set_delivery("native")
        self.bare.on_trap = None
        self.bare.intercept(())
        chosen = self.maker.setting
        self.virtual = create(Options(
            "pc", cpu=chosen.cpu, ram=RAM, bios=LIBRARY.with_name("nothing.bin")))
        virtualize(self.virtual, "translate", policy)
        self._traps: dict[Machine, list[Any]] = {self.bare: [], self.virtual: []}
        for machine, traps in self._traps.items():
            machine.record_ledger(traps.extend)

    def _make(self, index: int) -> tuple[int, int]:
        """The stream on both machines: where its memory is, and how long it may run."""
        self.maker._dll.fuzz_stream(self.maker._fuzz, self.seed, index)
        made = self.maker._fuzz.contents
        for at, size in ((made.region, REGION), *LOW):
            memory = self.bare.bus.read_memory(at, size)
            assert memory is not None
            self.virtual.bus.write_memory(at, memory)
            self.bare.engine.forget_code(at, size)
        saved.restore(self.virtual.engine, saved.take(self.bare.engine))
        C.memset(self.virtual.engine.native.device_pcs, 0, 8192)
        self.virtual.engine.handlers.derived()
        return made.region, made.budget

    def _run(self, machine: Machine, region: int, budget: int) -> Run:
        traps = self._traps[machine]
        traps.clear()
        start = machine.engine.count
        limit = machine.clock.at_cycle(
            machine.engine.cycles + budget + STORMS,
            lambda: machine.stop(Outcome.time("trap storm")))
        outcome = machine.run(until=start + budget)
        machine.clock.cancel(limit)
        machine.engine.drain_ledger()
        memory = machine.bus.read_memory(region, REGION)
        assert memory is not None
        return Run(outcome.ending, outcome.text, machine.engine.count - start,
                   [(count - start, *rest) for count, *rest in traps],
                   dict(machine.processor.registers.snapshot()), memory)

    def compare(self, index: int) -> tuple[Run, list[str]]:
        """Run a stream on both: what it did virtualized, and what is different from bare."""
        region, budget = self._make(index)
        before = self.bare.bus.read_memory(region + PAGES, PAGES_END - PAGES)
        assert before is not None
        found, expected = self._run(self.virtual, region, budget), self._run(
            self.bare, region, budget)
        paged = self.maker._fuzz.contents.shape & PAGED
        if paged and changed(before, expected.memory[PAGES:PAGES_END]):
            return found, []
        return found, found.differences(expected)


def changed(before: bytes, after: bytes) -> bool:
    """Whether there are other entries, accessed and dirty flags aside."""
    return any((one ^ two) & ~(ACCESSED_DIRTY if at % 4 == 0 else 0)
               for at, (one, two) in enumerate(zip(before, after, strict=True)) if one != two)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="random x86 streams, bare and translated")
    parser.add_argument("--mode", choices=[*MODES, "all"], default="all")
    parser.add_argument("--policy", choices=[*POLICIES, "all"], default="all")
    parser.add_argument("--streams", type=int, default=2000, help="per mode and policy")
    parser.add_argument("--first", type=int, default=1, help="the first batch seed")
    chosen = parser.parse_args(arguments)
    findings = 0
    for mode in MODES if chosen.mode == "all" else [chosen.mode]:
        for policy in POLICIES if chosen.policy == "all" else [chosen.policy]:
            for seed in range(chosen.first, chosen.first + -(-chosen.streams // BATCH)):
                pair = Pair(mode, policy, seed)
                for index in range(min(BATCH, chosen.streams)):
                    different = pair.compare(index)[1]
                    if different:
                        findings += 1
                        print(f"{mode} {policy} {seed}:{index}: {'; '.join(different)}")
                        pair = Pair(mode, policy, seed)  # their memories may be different now
    print(f"{findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
