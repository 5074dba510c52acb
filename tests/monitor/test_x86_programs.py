# SPDX-License-Identifier: GPL-2.0-or-later
"""Random programs of flag and stack instructions: translated and bare runs are the same."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from program_stops import stops
from x86_programs import DATA, DEMAND, LOG, LOG_SIZE, STACK, machine

from vmm.cpu import execution
from vmm.machine.machine import Machine
from vmm.monitor import code, virtualize
from vmm.state.snapshot import load, restore, save, take

INSTRUCTIONS = 20_000
Trap = tuple[int, int, int, int, int]


@dataclass
class Run:
    """A machine about to run, and its ledger."""

    machine: Machine
    ledger: list[Trap]

    def seen(self) -> tuple[int, list[Trap], dict[str, int], bytes]:
        """Count, ledger, all registers and the memory: with the log of what handlers found."""
        self.machine.engine.drain_ledger()
        memory = self.machine.bus.read_memory(0, LOG + LOG_SIZE)
        assert memory is not None
        return (self.machine.engine.count, list(self.ledger),
                dict(self.machine.processor.registers.snapshot()), memory)


def new(seed: int, policy: str | None = None, timer: bool = False) -> Run:
    made = machine(seed, timer)
    if policy is not None:
        virtualize(made, "translate", policy, cold_calls=seed % 3)
    ledger: list[Trap] = []
    made.ledger.record(ledger.extend)
    return Run(made, ledger)


@cache
def bare(seed: int, timer: bool = False) -> tuple[int, list[Trap], dict[str, int], bytes]:
    run = new(seed, None, timer)
    run.machine.run(until=INSTRUCTIONS)
    return run.seen()


@pytest.mark.parametrize("policy", ["lazy", "strict", "exposed", "nested"])
@pytest.mark.parametrize("seed", range(5))
def test_a_translated_program_does_what_it_does_bare(seed: int, policy: str) -> None:
    run = new(seed, policy)
    run.machine.run(until=INSTRUCTIONS)
    assert run.seen() == bare(seed)
    kinds = Counter(trap[1] for trap in run.ledger)
    assert len(kinds) > 6 and kinds.total() > 30
    counts = code.counts(run.machine.engine)
    assert counts is not None
    assert counts.cached > (30 if seed % 3 else 100)
    assert counts.sites - counts.cached - counts.in_place > 40
    assert counts.invalidated and not counts.disputed


@pytest.mark.parametrize("seed", range(5, 8))
def test_in_slices(seed: int) -> None:
    run, chosen = new(seed, "lazy"), random.Random(seed)
    made = run.machine
    while made.engine.count < INSTRUCTIONS:
        made.run(until=min(INSTRUCTIONS, made.engine.count + chosen.randrange(1, 40)))
        if not made.stopped_at_count:
            break
    assert run.seen() == bare(seed)


@pytest.mark.parametrize("seed", range(8, 10))
def test_one_instruction_at_a_time(seed: int) -> None:
    run = new(seed, "nested")
    run.machine.stepping = True
    run.machine.run(until=INSTRUCTIONS)
    assert run.seen() == bare(seed)


@pytest.mark.parametrize("seed", range(10, 12))
def test_instructions_are_counted_where_they_begin(seed: int) -> None:
    begun = []
    for policy in (None, "lazy"):
        run = new(seed, policy)
        execution.count_instructions(run.machine.engine, True)
        run.machine.run(until=INSTRUCTIONS)
        assert run.seen() == bare(seed)
        begun.append(execution.begun(run.machine.engine))
    assert begun[0] == begun[1] and sum(begun[0].values()) <= INSTRUCTIONS


@pytest.mark.parametrize("seed", range(12, 14))
def test_breakpoints_at_sites(seed: int) -> None:
    first = new(seed, "lazy")
    first.machine.run(until=INSTRUCTIONS)
    sites = {site.address for site in code.sites(first.machine)}
    assert len(sites) > 100
    found = []
    for policy in (None, "lazy"):
        run = new(seed, policy)
        run.machine.set_breakpoints(sites)
        found.append(stops(run.machine, INSTRUCTIONS))
        assert run.seen() == bare(seed)
    assert found[0] == found[1] and len(found[0]) > 100


@pytest.mark.parametrize("seed", range(14, 16))
def test_watchpoints_on_stacks(seed: int) -> None:
    found = []
    for policy in (None, "lazy"):
        run = new(seed, policy)
        run.machine.set_watchpoints([
            (STACK - 8, 4, "write"), (STACK - 4, 1, "read"), (DATA + 0x400, 0x200, "access"),
            (DEMAND - 8, 12, "write"),
        ])
        found.append(stops(run.machine, INSTRUCTIONS))
        assert run.seen() == bare(seed)
    assert found[0] == found[1] and len(found[0]) > 20


@pytest.mark.parametrize("seed", [21, 32])
def test_snapshots_go_on_in_another_machine(seed: int, tmp_path: Path) -> None:
    """Also where interrupts are closed and one is pending."""
    whole, first = bare(seed, True), new(seed, "lazy", True)
    chosen, tried = random.Random(seed), Counter[bool]()
    while first.machine.engine.count < INSTRUCTIONS - 100:
        first.machine.run(until=first.machine.engine.count + chosen.randrange(1, 50))
        pending = bool(first.machine.engine.native.intr)
        tried[pending] += 1
        if tried[pending] % (1 if pending else 100) or tried[pending] > (5 if pending else 300):
            continue
        first.machine.engine.drain_ledger()
        save(take(first.machine), tmp_path / "kept")
        other = new(seed, "lazy", True)
        other.machine.run(until=chosen.randrange(1, 3000))  # what it has translated is not right
        restore(other.machine, load(tmp_path / "kept"))
        other.ledger[:] = first.ledger
        other.machine.run(until=INSTRUCTIONS)
        assert other.seen() == whole
    assert tried[True] > 2 < tried[False]
