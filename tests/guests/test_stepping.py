# SPDX-License-Identifier: GPL-2.0-or-later
"""Running and single-stepping are the same execution: same traps, same instruction count."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from vmm import Ending, Instructions

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import CASES, Case

TRAPS = [case for case in CASES if case.name.endswith("-traps") or case.name == "arm-hyp"]


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: case.name)
def test_the_count_is_the_number_of_single_steps(run_case, case: Case) -> None:
    run = run_case(case)
    stepped = run_case(case, stepping=True)
    assert stepped.console == run.console
    assert stepped.ledger.hash() == run.ledger.hash()
    assert stepped.instructions == run.instructions
    # The step that ended the run is not looked at again.
    assert stepped.guest.machine.steps + 1 == stepped.instructions


def test_a_run_in_random_slices_is_the_same_run(run_case, boot) -> None:
    """Stops at arbitrary counts are exact and leave no trace."""
    names = ("sparc-hello", "arm-hello", "arm-smp", "x86-hello")
    for case in (c for c in CASES if c.name in names):
        whole = run_case(case)
        choose = random.Random(case.name)
        guest = boot(case.board, kernel=case.kernel, processors=case.processors)
        longest = max(60, whole.instructions // 500)
        while True:
            target = guest.count + choose.randrange(1, longest)
            if guest.run(Instructions(target)).ending is not Ending.STOPPED:
                break
            assert guest.count == target
        assert bytes(guest.machine.console.tail) == whole.console
        assert guest.count == whole.instructions
