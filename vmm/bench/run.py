# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every row here and on QEMU, one after the other, again and again.

A repetition of a row is one run on each side, so that whatever else the host
does meets all sides alike.  Our side is `vmm run` as a user would start it,
with every hook and counter that it has by default.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vmm.bench import figures
from vmm.bench.figures import Figure, Ratio
from vmm.bench.process import Sample, measure
from vmm.bench.rows import NULL, BenchError, Platform, Row

OURS, QEMU, ICOUNT = "vmm", "qemu", "icount"
# QEMU's exact counting: virtual time follows instructions, and jumps while the processor halts.
ICOUNT_OPTIONS = ("-icount", "shift=0,sleep=off")
LIMIT = 120.0  # seconds: far more than any run takes
ROUNDS = re.compile(rb"(\d+) rounds, checksum [0-9a-f]{8}")


@dataclass
class Result:
    """What the repetitions of one row gave, side by side."""

    row: Row
    sides: tuple[str, ...]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    null: dict[str, list[float]] = field(default_factory=dict)
    peak_rss: int = 0  # bytes, the largest of ours
    first_output: list[float] = field(default_factory=list)  # ours
    instructions: int = 0
    rounds: int = 0
    problem: str | None = None  # why the row's figures mean nothing

    def figure(self, side: str) -> Figure | None:
        """Net seconds of one side."""
        if self.problem or side not in self.seconds:
            return None
        return figures.figure(self.seconds[side], self.null[side])

    def ratio(self, side: str) -> Ratio | None:
        """That side's time divided by ours."""
        if self.problem or side not in self.seconds:
            return None
        return figures.ratio(self.seconds[OURS], self.null[OURS],
                             self.seconds[side], self.null[side])

    @property
    def mips(self) -> float | None:
        """Millions of guest instructions a second of our processor time."""
        ours = self.figure(OURS)
        if ours is None or not ours.sure:
            return None
        return self.instructions / ours.median / 1e6


Progress = Callable[[Row, str, int], None]  # row, side, repetition from 0


def command(row: Row, side: str, stats: Path | None = None) -> list[str]:
    """The command line that runs a row's guest on one side."""
    kernel = str(row.kernel)
    if side == OURS:
        line = [sys.executable, "-m", "vmm", "run", "-M", row.platform.board, "-kernel", kernel]
        return line if stats is None else [*line, "--stats", str(stats)]
    icount = ICOUNT_OPTIONS if side == ICOUNT else ()
    return [*row.platform.qemu, *icount, "-kernel", kernel]


def check_tools(rows: Iterable[Row], sides: Iterable[str]) -> None:
    """BenchError unless every guest is built and every QEMU installed."""
    for row in rows:
        row.kernel  # noqa: B018 - raises
        program = row.platform.qemu[0]
        if any(side != OURS for side in sides) and shutil.which(program) is None:
            raise BenchError(f"{program} is not installed (`make tools-all`, or --alone)")


def _last_line(text: bytes) -> str:
    return (text.decode(errors="replace").strip().splitlines() or [""])[-1]


def _problem(side: str, row: Row, sample: Sample, expected: bytes | None) -> str | None:
    said = _last_line(sample.errors) or _last_line(sample.output)
    if sample.timed_out:
        return f"{side}: no end within {LIMIT:g} s"
    if sample.status != row.platform.status:
        return f"{side}: exit status {sample.status}: {said}"
    if not ROUNDS.search(sample.output):
        return f"{side}: no checksum: {said}"
    if expected is not None and sample.output != expected:
        return f"{side} printed {_last_line(sample.output)!r}, {OURS} {_last_line(expected)!r}"
    return None


def run_row(row: Row, sides: tuple[str, ...], repeat: int, progress: Progress) -> Result:
    """Measure one row; the first side's output is what the others must print."""
    result = Result(row, sides)
    expected: bytes | None = None
    with tempfile.TemporaryDirectory(prefix="vmm-bench-") as folder:
        stats = Path(folder) / "stats.json"
        for repetition in range(repeat):
            for side in sides:
                progress(row, side, repetition)
                sample = measure(command(row, side, stats), LIMIT)
                result.problem = _problem(side, row, sample, expected)
                if result.problem:
                    return result
                expected = sample.output
                result.seconds.setdefault(side, []).append(sample.cpu)
                if side == OURS:
                    result.peak_rss = max(result.peak_rss, sample.peak_rss)
                    if sample.first_output is not None:
                        result.first_output.append(sample.first_output)
        result.instructions = int(json.loads(stats.read_text())["instructions"])
    found = ROUNDS.search(expected or b"")
    assert found is not None
    result.rounds = int(found[1])
    return result


def run(
    rows: list[Row], sides: tuple[str, ...], repeat: int,
    progress: Progress = lambda row, side, repetition: None,
    done: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Measure rows; each processor's `null` guest first, which is in the results too."""
    check_tools(rows, sides)
    results = []
    starting: dict[Platform, Result] = {}
    for row in rows:
        platform = row.platform
        if platform not in starting:
            null = run_row(Row(platform, NULL), sides, repeat, progress)
            if null.problem:
                raise BenchError(f"{null.row.name}: {null.problem}")
            null.null = {side: [0.0] for side in sides}
            starting[platform] = null
            results.append(null)
            done(null)
        result = run_row(row, sides, repeat, progress)
        result.null = starting[platform].seconds
        results.append(result)
        done(result)
    return results
