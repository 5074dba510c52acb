# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m vmm.bench.flags`: its loops do what they say, bare and translated."""

from __future__ import annotations

import pytest

from vmm.bench import flags
from vmm.monitor import virtualize
from vmm.monitor.assist import Controls


@pytest.mark.parametrize("loop", flags.LOOPS, ids=lambda loop: loop.name)
def test_a_loop_stays_in_itself(loop: flags.Loop) -> None:
    for technique in (None, "translate"):
        machine = flags._prepared(loop)
        if technique is not None:
            virtualize(machine, technique)
        machine.step(20 * loop.length)
        assert machine.linear_pc == loop.at
        assert sum(machine.engine.native.traps) == 0


@pytest.mark.parametrize("loop", flags.LOOPS, ids=lambda loop: loop.name)
def test_every_operation_of_a_loop_leaves_an_assisted_guest(loop: flags.Loop) -> None:
    machine = flags._prepared(loop)
    monitor = virtualize(machine, "assist", controls=Controls(instructions=loop.classes))
    machine.step(20 * loop.length)
    assert monitor.block.exits.total() == 20 * loop.operations


def test_the_cost_of_trapping_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "STRETCH", 6000)
    assert flags.measure(flags.LOOPS[0], "trap_and_emulate").warm > 100
    assert flags.cold()[0] > 10
