# SPDX-License-Identifier: GPL-2.0-or-later
"""Running and single-stepping are the same execution: same traps, same instruction count."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import CASES, Case

TRAPS = [case for case in CASES if case.name.endswith("-traps") or case.name == "arm-hyp"]


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: case.name)
def test_the_count_is_the_number_of_single_steps(boot, case: Case) -> None:
    run = boot(case)
    stepped = boot(case, stepping=True)
    assert stepped.console == run.console
    assert stepped.ledger_hash == run.ledger_hash
    assert stepped.instructions == run.instructions
    # The step that ended the run is not looked at again.
    assert stepped.machine.steps + 1 == stepped.instructions


def test_a_run_in_random_slices_is_the_same_run(boot) -> None:
    """Stops at arbitrary counts are exact and leave no trace."""
    import random

    from vmm.boards import Options, create
    from vmm.machine.outcome import Ending

    for case in (c for c in CASES if c.name in ("sparc-hello", "arm-hello", "x86-hello")):
        whole = boot(case)
        choose = random.Random(case.name)
        machine = create(Options(case.board, kernel=case.kernel))
        console = bytearray()
        machine.console.sinks.append(console.extend)
        while True:
            target = machine.engine.count + choose.randrange(1, 60)
            outcome = machine.run(until=target)
            if outcome.ending is not Ending.STOPPED:
                break
            assert machine.engine.count == target
        assert bytes(console) == whole.console
        assert machine.engine.count == whole.instructions
