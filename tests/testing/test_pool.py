# SPDX-License-Identifier: GPL-2.0-or-later
"""Workers: whatever happens to one of them, every other task has its answer."""

from __future__ import annotations

import os
import signal
import time

import pytest

from vmm.testing import pool
from vmm.testing.pool import Lost, Pool


def work(task: str) -> str:
    if task == "abort":
        os.write(2, b"last words\n")
        os.abort()
    if task == "leave":
        os._exit(3)
    if task == "hang":
        time.sleep(100)
    if task == "raise":
        raise KeyError("nothing")
    return task.upper()


def limit(task: str) -> float:
    return 0.1 if task == "hang" else 60.0


def answers(tasks: list[str], size: int = 2) -> dict[str, str | Lost]:
    with Pool[str, str](work, size, limit) as running:
        return dict(running.run(tasks))


@pytest.mark.parametrize("size", [1, 2, 9])
def test_a_worker_that_dies_loses_one_task(size) -> None:
    tasks = ["a", "abort", "b", "leave", "c", "raise", "d"]
    got = answers(tasks, size)
    assert got.keys() == set(tasks)
    assert [got[name] for name in "abcd"] == list("ABCD")
    assert isinstance(got["abort"], Lost) and isinstance(got["raise"], Lost)
    assert got["abort"].text == "the worker died: killed by SIGABRT"
    assert got["abort"].written.startswith("last words")
    assert got["leave"] == Lost("the worker died: ended with status 3")
    assert got["raise"].text == "internal error: KeyError: 'nothing'"
    assert "in work" in got["raise"].written


def test_a_worker_that_hangs_is_killed(monkeypatch) -> None:
    monkeypatch.setattr(pool, "GRACE", 0.1)
    got = answers(["a", "hang", "b"], 1)
    assert got == {"a": "A", "b": "B", "hang": got["hang"]}
    assert isinstance(got["hang"], Lost) and "did not answer" in got["hang"].text


def test_workers_are_gone_afterwards() -> None:
    with Pool[str, str](work, 2) as running:
        for _, answer in running.run(["a", "hang", "b", "c"]):
            if answer == "C":
                break
        pids = [worker.process.pid for worker in running._workers]
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
