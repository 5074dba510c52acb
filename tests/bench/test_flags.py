# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m vmm.bench.flags`: its loops do what they say, bare and translated."""

from __future__ import annotations

import pytest

from vmm.bench import flags
from vmm.monitor import virtualize


@pytest.mark.parametrize("loop", flags.LOOPS, ids=lambda loop: loop.name)
def test_a_loop_stays_in_itself(loop: flags.Loop) -> None:
    for technique in (None, "translate"):
        machine = flags._prepared(loop)
        if technique is not None:
            virtualize(machine, technique)
        machine.step(20 * loop.length)
        assert machine.linear_pc == loop.at
        assert sum(machine.engine.native.traps) == 0


def test_the_cost_of_trapping_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "STRETCH", 6000)
    assert flags.measure(flags.LOOPS[0], "trap_and_emulate").warm > 100
    assert flags.cold()[0] > 10
