# SPDX-License-Identifier: GPL-2.0-or-later
"""The same kernel by each technique: what it takes beside running bare (docs/techniques.md).

`guests/ARCH/nucleus` runs each of its workloads bare and virtualized, one directly
after the other, again and again.  The figure is processor time while the
guest runs (`vmm run --stats`), so neither starting nor waiting is in it.
Checksums must be those of the bare run.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from typing import Any

from vmm.bench.process import measure
from vmm.bench.rows import PLATFORMS, BenchError, Platform
from vmm.machine import artifacts

BARE = "bare"
WORKLOADS = ("compute", "syscalls", "switches", "forks", "io", "boot")
POLICIES = ("strict", "lazy", "exposed", "nested")
LIMIT = 300.0  # seconds: far more than any run takes
CHECKSUM = re.compile(rb"^(\w+) +([0-9a-f]{8})\r?$", re.MULTILINE)
KERNELS = {"previrt": "nucleus-previrt", "para": "nucleus-para"}  # others: nucleus


@dataclass(frozen=True, slots=True)
class Case:
    """One workload of one architecture, run one way."""

    platform: Platform
    workload: str
    technique: str  # BARE, or one of vmm.monitor.TECHNIQUES
    policy: str | None

    @property
    def name(self) -> str:
        parts = (self.platform.architecture, self.workload, self.technique, self.policy)
        return "/".join(part for part in parts if part is not None)

    def matches(self, pattern: str) -> bool:
        """Whether a shell pattern names the case or one of its parts."""
        return any(fnmatchcase(name, pattern) for name in (self.name, *self.name.split("/")))

    @property
    def kernel(self) -> Path:
        """The guest's file; BenchError if it was not built."""
        kernel = KERNELS.get(self.technique, "nucleus")
        relative = f"guests/{self.platform.architecture}/{kernel}-{self.workload}.elf"
        path = artifacts.find(relative)
        if path is None:
            raise BenchError(f"build/{relative} is not built: run `make guests`")
        return path

    def command(self, stats: Path) -> list[str]:
        """The command line that runs it."""
        line = [sys.executable, "-m", "vmm", "run", "-M", self.platform.board,
                "-kernel", str(self.kernel), "--stats", str(stats)]
        if self.technique != BARE:
            line += ["--technique", self.technique]
        if self.policy is not None:
            line += ["--shadow", self.policy]
        return line


def techniques(architecture: str) -> Iterator[tuple[str, str | None]]:
    """Every way nucleus runs on an architecture: technique and policy.

    Its kernel has instructions that do not trap on ARM and x86, so trap_and_emulate is
    SPARC's alone.
    """
    yield BARE, None
    yield "assist", "nested"
    for technique in ("trap_and_emulate", "translate", "previrt", "para"):
        if technique == "trap_and_emulate" and architecture != "sparc":
            continue
        for policy in POLICIES:
            yield technique, policy


CASES = tuple(
    Case(platform, workload, technique, policy)
    for platform in PLATFORMS.values()
    for workload in WORKLOADS
    for technique, policy in techniques(platform.architecture)
)


def select(patterns: Sequence[str]) -> list[Case]:
    """The cases that all patterns name, with the bare run of each; BenchError if there is none."""
    chosen = [case for case in CASES if all(case.matches(pattern) for pattern in patterns)]
    if not chosen:
        raise BenchError(f"no case matches {' and '.join(patterns)}; cases are "
                         "ARCHITECTURE/WORKLOAD/TECHNIQUE/POLICY")
    wanted = {(case.platform.architecture, case.workload) for case in chosen}
    return [
        case for case in CASES
        if case in chosen
        or (case.technique == BARE and (case.platform.architecture, case.workload) in wanted)
    ]


@dataclass
class Measured:
    """What the repetitions of one case gave."""

    case: Case
    seconds: list[float] = field(default_factory=list)  # of processor time, the guest running
    stats: dict[str, Any] = field(default_factory=dict)  # of the last run
    checksums: dict[bytes, bytes] = field(default_factory=dict)
    problem: str | None = None

    @property
    def virtualization(self) -> dict[str, Any]:
        """The monitor's counters; empty for a bare run."""
        found: dict[str, Any] = self.stats.get("virtualization", {})
        return found

    @property
    def exits(self) -> int:
        """Ways to the monitor's handlers, fills not counted."""
        return sum(self.virtualization.get("exits", {}).values())

    def memory(self, counter: str) -> int:
        """A counter of the memory policy."""
        return int(self.virtualization.get("memory", {}).get(counter, 0))


def ratio(one: Measured, bare: Measured) -> float | None:
    """Its time divided by the bare run's, from medians; None if either failed."""
    if one.problem or bare.problem or not median(bare.seconds):
        return None
    return median(one.seconds) / median(bare.seconds)


def _once(one: Measured, stats: Path, expected: dict[bytes, bytes] | None) -> str | None:
    sample = measure(one.case.command(stats), LIMIT)
    said = (sample.errors or sample.output).decode(errors="replace").strip().splitlines()
    if sample.timed_out:
        return f"no end within {LIMIT:g} s"
    if sample.status != one.case.platform.status:
        return f"exit status {sample.status}: {(said or [''])[0]}"
    one.checksums = {match[1]: match[2] for match in CHECKSUM.finditer(sample.output)}
    if not one.checksums:
        return "it printed no checksum"
    if expected is not None and one.checksums != expected:
        return f"checksums {one.checksums}, bare {expected}"
    one.stats = json.loads(stats.read_text())
    one.seconds.append(float(one.stats["processor_seconds"]))
    return None


Progress = Callable[[Case, int], None]  # repetition from 0


def run(cases: Sequence[Case], repeat: int, progress: Progress) -> list[Measured]:
    """Measure the cases, those of one workload in turns."""
    for case in cases:
        case.kernel  # noqa: B018 - raises
    results = {case: Measured(case) for case in cases}
    groups: dict[tuple[str, str], list[Measured]] = {}
    for one in results.values():
        key = (one.case.platform.architecture, one.case.workload)
        groups.setdefault(key, []).append(one)
    with tempfile.TemporaryDirectory(prefix="vmm-bench-") as folder:
        stats = Path(folder) / "stats.json"
        for group in groups.values():
            expected: dict[bytes, bytes] | None = None
            for repetition in range(repeat):
                for one in group:
                    if one.problem is None:
                        progress(one.case, repetition)
                        one.problem = _once(one, stats, expected)
                    if one.case.technique == BARE and one.problem is None:
                        expected = one.checksums
    return list(results.values())


def bare_of(one: Measured, results: Sequence[Measured]) -> Measured:
    """The bare run that a case is compared with."""
    return next(
        other for other in results
        if other.case.technique == BARE and other.case.platform is one.case.platform
        and other.case.workload == one.case.workload
    )


def as_json(results: Sequence[Measured], repeat: int) -> dict[str, Any]:
    """Everything measured, for programs."""
    return {
        "repeat": repeat,
        "cases": [
            {
                "architecture": one.case.platform.architecture,
                "workload": one.case.workload,
                "technique": one.case.technique,
                "policy": one.case.policy,
                "problem": one.problem,
                "seconds": one.seconds,
                "ratio": ratio(one, bare_of(one, results)),
                "instructions": one.stats.get("instructions"),
                "blocks_translated": one.stats.get("exits", {}).get("blocks_translated"),
                "translation_fills": one.stats.get("exits", {}).get("translation_fills"),
                "virtualization": one.virtualization,
            }
            for one in results
        ],
    }
