# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams: a few seeds of what `make fuzz` runs by the million."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import stream_machine
import stream_watch
from stream_machine import BOARDS, MODES, StreamMachine
from stream_watch import run_batch

STREAMS = 250  # of each batch
SEEDS = (101, 102, 103)
PATIENCE = 120.0  # seconds of real time for one stream; the first waits for a compiler, too


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arch", BOARDS)
def test_streams_end_in_a_machine_stop(arch: str, mode: str) -> None:
    for seed in SEEDS:
        report = run_batch(arch, mode, seed, last=STREAMS, patience=PATIENCE)
        assert not report.problem, str(report)
        assert report.streams == STREAMS
        assert report.endings["stopped"] > STREAMS // 10  # not all die at once


def _trace(arch: str, seed: int, indices: range) -> list[tuple[str, dict[str, int]]]:
    machine = StreamMachine(arch, "user", seed)
    return [
        (machine.run(index).value, machine.machine.processor.registers.snapshot())
        for index in indices
    ]


@pytest.mark.parametrize("arch", BOARDS)
def test_a_seed_and_an_index_name_a_stream(arch: str) -> None:
    assert _trace(arch, 7, range(12)) == _trace(arch, 7, range(12))


@pytest.mark.parametrize("arch", BOARDS)
def test_neighbouring_streams_have_no_code_in_common(arch: str) -> None:
    machine = StreamMachine(arch, "user", 7)
    seen: set[bytes] = set()
    for index in range(20):
        code = machine.code(index)
        pieces = {code[at : at + 12] for at in range(len(code) - 12)}
        assert len(pieces) > 1 and pieces.isdisjoint(seen)
        seen |= pieces


class Misbehaving(StreamMachine):
    """What the watchdog must notice, at stream 3."""

    how = ""
    hung: Path

    def run(self, index: int):
        if index == 3:
            if self.how == "signal":
                os.kill(os.getpid(), signal.SIGSEGV)
            if self.how == "hang":
                self.hung.touch()
                while True:  # a signal that asks where it is ends one pause
                    signal.pause()
            if self.how == "raise":
                raise KeyError("ours")
            if self.how == "output":
                print("hello")
        return super().run(index)


@pytest.mark.parametrize(
    ("how", "problem", "at"),
    [("signal", "signal SIGSEGV", 3), ("hang", "no end of one stream", 3),
     ("raise", "KeyError: 'ours'", 3), ("output", "output", 6)],
)
def test_the_watchdog_notices(monkeypatch, tmp_path, how: str, problem: str, at: int) -> None:
    """Its clock stands still until the child hangs: nobody waits, and no host is too slow."""
    monkeypatch.setattr(Misbehaving, "how", how)
    monkeypatch.setattr(Misbehaving, "hung", tmp_path / "hung", raising=False)
    monkeypatch.setattr(stream_watch, "StreamMachine", Misbehaving)
    seconds = itertools.count()
    monkeypatch.setattr(stream_watch, "time", SimpleNamespace(
        monotonic=lambda: next(seconds) if Misbehaving.hung.exists() else 0, sleep=time.sleep))
    report = run_batch("sparc", "user", 1, last=6, patience=1.0)
    assert report.problem.startswith(problem)
    assert report.streams == at
    assert "sparc user --replay 1:" in str(report)


def test_a_batch_has_memory_for_its_streams() -> None:
    assert stream_machine.BATCH * 0x8000 <= stream_machine.RAM - (1 << 20) - 0x8000
    assert sys.platform == "linux"
