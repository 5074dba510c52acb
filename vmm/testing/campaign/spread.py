# SPDX-License-Identifier: GPL-2.0-or-later
"""Handing the runs of a campaign to processes of this host, or to a Dask cluster.

A piece of work is a range of runs, made by a machine of its own.  A piece
that kills its worker is made again run by run, so that only the run that did
it is lost.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from vmm.testing.campaign.experiment import Experiments
from vmm.testing.campaign.plan import Class, Plan, Row
from vmm.testing.pool import Lost, Pool
from vmm.testing.runner import processors

if TYPE_CHECKING:
    from distributed import Client

CONNECT = 5  # seconds for a cluster's scheduler to answer
PIECES = 4  # for each process, so that one that is slow does not hold up the rest
LARGEST = 500  # runs of a piece

Piece = tuple[Plan, range]


def make(piece: Piece) -> list[Row]:
    """Make the runs of a piece."""
    plan, runs = piece
    experiments = Experiments(plan)
    try:
        rows = []
        for number in runs:
            row = experiments.run(number)
            rows.append(row)
            if row.outcome is Class.ERROR:  # nothing is known of the machine any more
                experiments.close()
                experiments = Experiments(plan)
        return rows
    finally:
        experiments.close()


def pieces(plan: Plan, jobs: int) -> list[Piece]:
    """All runs, in pieces for so many processes."""
    size = min(LARGEST, max(1, -(-plan.runs // (jobs * PIECES))))
    return [
        (plan, range(first, min(first + size, plan.runs))) for first in range(0, plan.runs, size)
    ]


def local(plan: Plan, jobs: int = 0) -> Generator[Row]:
    """The rows of a campaign, as they come in, made by ``jobs`` processes of this host."""
    jobs = jobs or processors()

    def limit(piece: Piece) -> float:
        return (len(piece[1]) + 3) * plan.case.limits.wall

    work = pieces(plan, jobs)
    with Pool[Piece, list[Row]](make, jobs, limit) as pool:
        while work:
            again: list[Piece] = []
            for (_, runs), answer in pool.run(work):
                if not isinstance(answer, Lost):
                    yield from answer
                elif len(runs) == 1:
                    yield Row(runs.start, Class.ERROR, text=answer.text)
                else:
                    again += [(plan, range(number, number + 1)) for number in runs]
            work = again


def dask(plan: Plan, address: str) -> Generator[Row]:
    """The same, made by the workers of a Dask cluster (``distributed``) at ``address``.

    Its workers have this version of vmm, and see the guest's files under the same names.
    ImportError without the optional extra ``dask``; OSError if nobody answers.
    """
    from distributed import Client

    return _gather(plan, Client(address, timeout=CONNECT))


def _gather(plan: Plan, client: Client) -> Generator[Row]:
    from distributed import as_completed

    with client:
        workers = sum(client.nthreads().values()) or 1
        work = {client.submit(make, piece, pure=False): piece for piece in pieces(plan, workers)}
        waiting = as_completed(work)
        for future in waiting:
            _, runs = work[future]
            if future.status == "finished":
                yield from future.result()
            elif len(runs) == 1:
                yield Row(runs.start, Class.ERROR, text=str(future.exception()))
            else:
                for number in runs:
                    piece = (plan, range(number, number + 1))
                    again = client.submit(make, piece, pure=False)
                    work[again] = piece
                    waiting.add(again)
