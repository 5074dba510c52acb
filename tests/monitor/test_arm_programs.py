# SPDX-License-Identifier: GPL-2.0-or-later
"""Random programs of sensitive instructions: translated and bare runs end in the same state."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from arm_programs import DATA, PRIVATE, machine
from program_stops import stops

from vmm.cpu import execution
from vmm.monitor import code, virtualize
from vmm.state.snapshot import load, restore, save, take

INSTRUCTIONS = 1200
Trap = tuple[int, int, int, int, int]
Seen = tuple[int, list[Trap], dict[str, int], bytes]
UNDEFINED, CALL, DATA_ABORT, IRQ, FIQ, BREAKPOINT = 1, 2, 4, 5, 6, 7


class Run:
    """A machine about to run, and its ledger."""

    def __init__(
        self, seed: int, policy: str | None = None, mmu: bool = True, interrupts: bool = True
    ) -> None:
        self.machine = machine(seed, mmu, interrupts)
        if policy is not None:
            virtualize(self.machine, "translate", policy, cold_calls=seed % 3)
        self.ledger: list[Trap] = []
        self.machine.ledger.record(self.ledger.extend)

    def to_the_end(self) -> Seen:
        self.machine.run(until=INSTRUCTIONS)
        return self.seen()

    def seen(self) -> Seen:
        """The count, the ledger, all registers that both processors have, and memory."""
        made = self.machine
        made.engine.drain_ledger()
        registers = made.processor.registers.snapshot()
        if registers["cpsr"] & 0x1F in (0x10, 0x1F):
            del registers["spsr"]  # these modes have none
        kept = {name: value for name, value in registers.items()
                if not name.endswith(("_hyp", "_mon"))}
        memory = b"".join(made.bus.read_memory(at, 0x2000) or b"" for at in (DATA, PRIVATE))
        return made.engine.count, list(self.ledger), kept, memory


@cache
def bare(seed: int, mmu: bool = True, interrupts: bool = True) -> Seen:
    return Run(seed, None, mmu, interrupts).to_the_end()


@pytest.mark.parametrize(("mmu", "policy"), [(False, "lazy"), (True, "lazy"), (True, "nested")])
@pytest.mark.parametrize("seed", range(12))
def test_a_translated_program_does_what_it_does_bare(seed: int, mmu: bool, policy: str) -> None:
    assert Run(seed, policy, mmu).to_the_end() == bare(seed, mmu)


def test_the_programs_meet_traps_of_all_kinds() -> None:
    kinds = Counter(trap[1] for seed in range(12) for trap in bare(seed)[1])
    assert all(kinds[kind] > 10 for kind in (UNDEFINED, CALL, DATA_ABORT, IRQ, FIQ, BREAKPOINT))


@pytest.mark.parametrize("seed", range(12, 16))
def test_in_slices(seed: int) -> None:
    run, chosen = Run(seed, "lazy"), random.Random(seed)
    while run.machine.engine.count < INSTRUCTIONS:
        run.machine.run(until=min(INSTRUCTIONS, run.machine.engine.count + chosen.randrange(1, 30)))
        assert run.machine.stopped_at_count
    assert run.seen() == bare(seed)


@pytest.mark.parametrize("seed", range(16, 18))
def test_one_instruction_at_a_time(seed: int) -> None:
    run = Run(seed, "nested")
    run.machine.stepping = True
    assert run.to_the_end() == bare(seed)


@pytest.mark.parametrize("seed", range(18, 20))
def test_instructions_are_counted_where_they_begin(seed: int) -> None:
    begun = []
    for policy in (None, "lazy"):
        run = Run(seed, policy)
        execution.count_instructions(run.machine.engine, True)
        assert run.to_the_end() == bare(seed)
        begun.append(execution.begun(run.machine.engine))
    assert begun[0] == begun[1] and sum(begun[0].values()) == INSTRUCTIONS


@pytest.mark.parametrize("seed", range(20, 22))
def test_breakpoints_at_sites_and_watchpoints(seed: int) -> None:
    first = Run(seed, "lazy")
    first.to_the_end()
    sites = {site.address for site in code.sites(first.machine)}
    found = []
    for policy in (None, "lazy"):
        run = Run(seed, policy)
        run.machine.set_breakpoints(sites)
        run.machine.set_watchpoints([(DATA, 0x800, "access"), (PRIVATE + 0x80, 0x80, "write")])
        found.append(stops(run.machine, INSTRUCTIONS))
        assert run.seen() == bare(seed)
    assert found[0] == found[1] and len(found[0]) > 50


@pytest.mark.parametrize("seed", range(22, 24))
def test_snapshots_go_on_in_another_machine(seed: int, tmp_path: Path) -> None:
    whole, first = bare(seed, True, False), Run(seed, "lazy", interrupts=False)
    for count in range(90, INSTRUCTIONS, 190):
        first.machine.run(until=count)
        first.machine.engine.drain_ledger()
        save(take(first.machine), tmp_path / "kept")
        other = Run(seed, "lazy", interrupts=False)
        other.machine.run(until=count // 2)
        restore(other.machine, load(tmp_path / "kept"))
        other.ledger[:] = first.ledger
        assert other.to_the_end() == whole
