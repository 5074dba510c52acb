# SPDX-License-Identifier: GPL-2.0-or-later
"""Running many tests in parallel."""

from __future__ import annotations

import os
from collections.abc import Generator
from functools import partial
from pathlib import Path

from vmm.testing import run
from vmm.testing.case import Case
from vmm.testing.pool import Lost, Pool
from vmm.testing.result import Result, error


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def run_all(
    cases: list[Case], jobs: int = 0, repeat: int = 1, save: Path | None = None
) -> Generator[Result]:
    """The result of every test, as they come in; closing the iterator ends the rest.

    ``jobs`` is the number of worker processes (0: one for each processor); ``repeat`` and
    ``save`` are those of `run.run`.  A worker that dies costs the test it was at, no other.
    """
    pool = Pool[Case, Result](
        partial(run.run, repeat=repeat, save=save), jobs or processors(),
        lambda case: repeat * case.limits.wall,
    )
    with pool:
        for case, answer in pool.run(cases):
            if isinstance(answer, Lost):
                yield error(case, answer.text, *answer.written.splitlines())
            else:
                yield answer
