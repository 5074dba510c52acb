# SPDX-License-Identifier: GPL-2.0-or-later
"""The feedback loop of pre-virtualization, measured: `vmm bench techniques --feedback`.

The fork storm runs pre-virtualized under strict shadowing with a trap profile;
the afterburner annotates the stores that the profile has often, the kernel is
built anew, and it runs again (LeVasseur and others, Pre-virtualization: Soft
Layering for Virtual Machines, 2005, section 3.3).  What counts is how many of
the traps that the first round had left are gone.

The build is `make`'s, so this needs the source tree and its cross compilers.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from vmm.bench.process import measure
from vmm.bench.rows import PLATFORMS, BenchError, Platform
from vmm.bench.techniques import CHECKSUM, LIMIT

TOP = Path(__file__).resolve().parents[2]
GUESTS = TOP / "guests"
WORKLOAD = "forks"
FIRST, SECOND = "-previrt", "-hot"  # the rounds, in the names of files
STORE = "store to a page table"  # vmm/monitor/hot.py


@dataclass(frozen=True, slots=True)
class Round:
    """Traps of one run, by what they were; the guest's checksums."""

    traps: dict[str, int]
    checksums: dict[bytes, bytes]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.traps.values())

    @property
    def stores(self) -> int:
        """Those that were stores to page tables."""
        return self.traps.get(STORE, 0)


@dataclass(frozen=True, slots=True)
class Loop:
    """One architecture's rounds."""

    architecture: str
    before: Round
    after: Round

    @property
    def removed(self) -> float:
        """The share of the first round's traps that the second does not have: 0 to 1."""
        return 1 - self.after.total / self.before.total if self.before.total else 0.0


def kernel(architecture: str, name: str) -> Path:
    """Where the build puts a round's kernel."""
    return TOP / "build" / "guests" / architecture / f"nucleus{name}-{WORKLOAD}.elf"


def select(patterns: Sequence[str]) -> list[Platform]:
    """The platforms that the patterns name, all if there is none; BenchError."""
    for pattern in patterns:
        if pattern not in PLATFORMS:
            raise BenchError(f"--feedback measures {', '.join(PLATFORMS)}, not {pattern!r}")
    return [PLATFORMS[name] for name in PLATFORMS if not patterns or name in patterns]


def profiled(platform: Platform, guest: Path, profile: Path) -> Round:
    """Run a round with its trap profile written; BenchError if it does not end well."""
    sample = measure([
        sys.executable, "-m", "vmm", "run", "-M", platform.board, "-kernel", str(guest),
        "--technique", "previrt", "--shadow", "strict", "--profile", str(profile),
    ], LIMIT)
    checksums = {match[1]: match[2] for match in CHECKSUM.finditer(sample.output)}
    if sample.timed_out or sample.status != platform.status or not checksums:
        said = (sample.errors or sample.output).decode(errors="replace").strip().splitlines()
        raise BenchError(f"{guest}: exit status {sample.status}: {(said or ['no output'])[0]}")
    traps: Counter[str] = Counter()
    for site in json.loads(profile.read_text())["sites"]:
        traps[site["exit"]] += site["count"]
    return Round(dict(traps), checksums)


def make(architecture: str, name: str, *variables: str) -> Path:
    """Have `make` build a round's kernel; BenchError with its last line if it cannot."""
    target = kernel(architecture, name)
    command = ["make", "-s", "-C", str(GUESTS), f"PREVIRT_NAME={name}", *variables, str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        said = (result.stderr or result.stdout).strip().splitlines()
        raise BenchError(f"make {target.name}: {(said or ['failed'])[-1]}")
    return target


def rebuild(architecture: str, profile: Path, program: Path) -> Path:
    """Annotate what is hot, and build the kernel of the second round from nothing."""
    shutil.rmtree(TOP / "build" / "guests" / f"nucleus{SECOND}" / architecture, ignore_errors=True)
    kernel(architecture, SECOND).unlink(missing_ok=True)
    hot = f"PREVIRT_HOT_{architecture}=--hot {profile} --program {program}"
    return make(architecture, SECOND, hot)


def loop(platform: Platform, say: Callable[[str], None]) -> Loop:
    """Both rounds of an architecture; BenchError also if the second prints something else."""
    architecture = platform.architecture
    if not (GUESTS / "Makefile").is_file():
        raise BenchError("--feedback builds guests: it needs the source tree, not a package")
    with tempfile.TemporaryDirectory(prefix="vmm-feedback-") as folder:
        profile = Path(folder) / "profile.json"
        say(f"{architecture}: the first round")
        first = make(architecture, FIRST)
        before = profiled(platform, first, profile)
        say(f"{architecture}: building the second round")
        second = rebuild(architecture, profile, first)
        say(f"{architecture}: the second round")
        after = profiled(platform, second, Path(folder) / "second.json")
    if after.checksums != before.checksums:
        raise BenchError(f"{second}: checksums differ from those of {first}")
    return Loop(architecture, before, after)


def table(loops: Sequence[Loop]) -> Table:
    """A line for each architecture."""
    shown = Table(title="traps of the fork storm, previrt and strict: with the build's own "
                  "annotations, and with those of its profile", title_justify="left")
    shown.add_column("guest", no_wrap=True)
    for heading in ("traps", "stores to tables", "traps after", "stores after", "removed"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for one in loops:
        shown.add_row(f"{one.architecture}/{WORKLOAD}", f"{one.before.total}",
                      f"{one.before.stores}", f"{one.after.total}", f"{one.after.stores}",
                      f"{one.removed:.1%}")
    return shown


def as_json(loops: Sequence[Loop]) -> dict[str, Any]:
    """The same for programs, with the traps of both rounds by what they were."""
    return {"feedback": [
        {"architecture": one.architecture, "workload": WORKLOAD, "before": one.before.traps,
         "after": one.after.traps, "removed": one.removed}
        for one in loops
    ]}
