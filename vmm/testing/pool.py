# SPDX-License-Identifier: GPL-2.0-or-later
"""Worker processes: work is handed out one piece at a time, and a worker that dies loses one piece.

Workers are forked after everything is imported, so they start at once and
share that memory.  Each has its own pipe; what it writes on stderr goes to a
file of its own, for the report on its death.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import multiprocessing
import os
import signal
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import IO, Any, Generic, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")

GRACE = 15.0  # seconds that a worker may take beyond its task's own limit
SHOWN = 2000  # characters of what a dead worker has written


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a task has no answer: its worker died or had to be killed, or there is a bug in it."""

    text: str
    written: str = ""


@dataclass(eq=False)
class _Worker(Generic[Task]):
    process: BaseProcess
    pipe: Connection
    errors: IO[bytes]
    task: Task | None = None
    deadline: float = 0.0


class Pool(Generic[Task, Answer]):
    """``work`` done on tasks by ``size`` processes.

    ``limit`` gives the seconds of real time that a task may take; a worker that takes
    much longer is killed.  Leaving the `with` block ends all workers.
    """

    def __init__(
        self, work: Callable[[Task], Answer], size: int,
        limit: Callable[[Task], float] = lambda task: 3600.0,
    ) -> None:
        self._work = work
        self._size = size
        self._limit = limit
        self._workers: list[_Worker[Task]] = []
        self._context = multiprocessing.get_context("fork")

    def __enter__(self) -> Pool[Task, Answer]:
        gc.collect()
        gc.freeze()  # workers share the pages of what is loaded, and never look through them
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            if worker.task is None:
                with contextlib.suppress(OSError):
                    worker.pipe.send(None)
            else:
                worker.process.kill()
        for worker in list(self._workers):
            worker.process.join(GRACE)
            self._forget(worker)
        gc.unfreeze()

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer | Lost]]:
        """Every task with its answer, as they come in; closing the iterator hands out no more."""
        waiting = deque(tasks)
        for _ in range(min(self._size, len(waiting))):
            self._workers.append(self._start())
        while waiting or any(worker.task is not None for worker in self._workers):
            for worker in self._workers:
                if worker.task is None and waiting:
                    self._give(worker, waiting.popleft())
            busy = [worker for worker in self._workers if worker.task is not None]
            left = min(worker.deadline for worker in busy) - time.monotonic()
            wait([worker.pipe for worker in busy], max(0.0, left))
            for worker in busy:
                task = worker.task
                assert task is not None
                answer = self._answer(worker)
                if answer is None:
                    continue
                if waiting and len(self._workers) < self._size:
                    self._workers.append(self._start())  # in place of one that has died
                yield task, answer

    def _answer(self, worker: _Worker[Task]) -> Answer | Lost | None:
        """What a worker has answered; None if it is still at work."""
        if worker.pipe.poll():
            try:
                answer: Answer | Lost = worker.pipe.recv()
            except (EOFError, OSError):
                return self._died(worker)
            worker.task = None
            return answer
        if time.monotonic() < worker.deadline:
            return None
        worker.process.kill()
        lost = self._died(worker)
        return Lost("the worker did not answer any more and was killed", lost.written)

    def _died(self, worker: _Worker[Task]) -> Lost:
        worker.process.join()
        status = worker.process.exitcode or 0
        if status < 0:
            reason = f"killed by {signal.Signals(-status).name}"
        else:
            reason = f"ended with status {status}"
        worker.errors.seek(0)
        written = worker.errors.read().decode(errors="replace")[-SHOWN:]
        self._forget(worker)
        return Lost(f"the worker died: {reason}", written)

    def _start(self) -> _Worker[Task]:
        ours, theirs = self._context.Pipe()
        errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the worker)
        process = self._context.Process(
            target=_worker, args=(self._work, theirs, ours, errors.fileno()), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours, errors)

    def _give(self, worker: _Worker[Task], task: Task) -> None:
        worker.task = task
        worker.deadline = time.monotonic() + self._limit(task) + GRACE
        with contextlib.suppress(OSError):  # it has died: found when its answer is awaited
            worker.pipe.send((task,))

    def _forget(self, worker: _Worker[Task]) -> None:
        worker.pipe.close()
        worker.errors.close()
        worker.process.close()
        self._workers.remove(worker)


def _worker(work: Callable[[Any], Any], pipe: Connection, other: Connection, errors: int) -> None:
    """The life of a worker process."""
    other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    os.dup2(errors, 2)
    faulthandler.enable()
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            return
        if message is None:
            return
        try:
            answer = work(message[0])
        except Exception as error:
            text = f"internal error: {type(error).__name__}: {error}"
            answer = Lost(text, traceback.format_exc())
        pipe.send(answer)
        gc.collect()  # a machine's memory goes back before the next one's is taken
