# SPDX-License-Identifier: GPL-2.0-or-later
"""Running batches in processes of their own, and noticing how they end.

A batch runs in a forked child that writes into shared memory which stream it
is at.  The parent sees a signal, a Python exception, output that nobody asked
for, and a stream that takes longer than it may.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import mmap
import os
import signal
import struct
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass

from stream_machine import BATCH, Finding, StreamMachine

PATIENCE = 10.0  # seconds that one stream may take
ENDINGS = ("exit", "crash", "time", "failure", "stopped")
_PROGRESS = struct.Struct(f"<I{len(ENDINGS)}I")


@dataclass(frozen=True, slots=True)
class Report:
    """What one batch did; ``problem`` is empty if all is well."""

    arch: str
    mode: str
    seed: int
    streams: int
    endings: dict[str, int]
    problem: str = ""
    output: str = ""

    def __str__(self) -> str:
        where = f"{self.arch} {self.mode} --replay {self.seed}:{self.streams}"
        return f"{where}: {self.problem}\n{self.output}".rstrip()


def _child(arch: str, mode: str, seed: int, first: int, last: int, shared: mmap.mmap) -> int:
    counts = dict.fromkeys(ENDINGS, 0)
    index = first
    gc.disable()  # the process ends before it would pay
    try:
        machine = StreamMachine(arch, mode, seed)
        print(end="", flush=True)
        for index in range(first, last):
            _PROGRESS.pack_into(shared, 0, index, *counts.values())
            counts[machine.run(index).value] += 1
        _PROGRESS.pack_into(shared, 0, last, *counts.values())
        return 0
    except Finding as finding:
        print(finding)
    except BaseException:
        traceback.print_exc()
    return 1


def run_batch(
    arch: str, mode: str, seed: int, first: int = 0, last: int = BATCH, patience: float = PATIENCE
) -> Report:
    """Run streams ``first`` to ``last`` of a batch in a child process."""
    with mmap.mmap(-1, _PROGRESS.size) as shared, tempfile.TemporaryFile() as output:
        _PROGRESS.pack_into(shared, 0, first, *[0] * len(ENDINGS))
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - the process ends with it
            sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
            faulthandler.enable()
            faulthandler.register(signal.SIGUSR1)
            status = 1
            try:
                status = _child(arch, mode, seed, first, last, shared)
            finally:
                sys.stdout.flush()
                os._exit(status)
        problem = _watch(child, shared, patience)
        at, *counts = _PROGRESS.unpack_from(shared, 0)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if not problem and text:
        problem = "output"
    if problem == "exception":
        problem = text.strip().splitlines()[-1] if text else "exception"
    return Report(arch, mode, seed, at, dict(zip(ENDINGS, counts, strict=True)), problem,
                  text[-4000:])


def _watch(child: int, shared: mmap.mmap, patience: float) -> str:
    """Wait for the child; "" or what went wrong."""
    before, since = -1, time.monotonic()
    nap = 0.002
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
            return "exception" if os.WEXITSTATUS(status) else ""
        at = _PROGRESS.unpack_from(shared, 0)[0]
        if at != before:
            before, since = at, time.monotonic()
        elif time.monotonic() - since > patience:
            os.kill(child, signal.SIGUSR1)  # where Python is
            time.sleep(0.2)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return f"no end of one stream in {patience:g} s"
        time.sleep(nap)
        nap = min(nap * 1.5, 0.05)
