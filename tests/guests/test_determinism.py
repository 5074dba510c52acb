# SPDX-License-Identifier: GPL-2.0-or-later
"""Twenty runs, ten of them on a loaded machine, are one run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import CASES, Case

TRAPS = [case for case in CASES if case.name.endswith("-traps")]
BURN = "while True: pass"


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: case.name)
def test_twenty_runs_give_one_ledger_and_one_count(run_case, case: Case) -> None:
    def runs(number: int) -> set[tuple[str, int]]:
        seen = set()
        for _ in range(number):
            run = run_case(case)
            seen.add((run.ledger.hash(), run.instructions))
            run.guest.close()
        return seen

    seen = runs(10)
    load = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(2)]
    try:
        seen |= runs(10)
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert len(seen) == 1
