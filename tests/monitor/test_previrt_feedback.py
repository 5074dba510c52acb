# SPDX-License-Identifier: GPL-2.0-or-later
"""The feedback loop: run with a trap profile, annotate the hot stores, rebuild, and fewer traps."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from runs import GUESTS, Seen, watch

from vmm.boards import Options, create
from vmm.monitor import hot, virtualize
from vmm.monitor.counters import Profile
from vmm.native import library as native

TOP = Path(__file__).parents[2]
BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}


def profiled(architecture: str, kernel: Path, profile: Path) -> tuple[Seen, dict[str, int]]:
    """A run under strict shadows, its profile written, and exits by what they were."""
    machine = create(Options(board=BOARDS[architecture], kernel=kernel))
    monitor = virtualize(machine, "previrt", "strict")
    monitor.profile = Profile()
    seen = watch(machine)
    profile.write_text(json.dumps(hot.as_json(monitor)))
    exits: dict[str, int] = {}
    for row in hot.rows(monitor):
        exits[row.exit] = exits.get(row.exit, 0) + row.count
    return seen, exits


def rebuilt(architecture: str, folder: Path, profile: Path, program: Path) -> Path:
    """The same kernel, with the profile's stores annotated."""
    target = folder / "guests" / architecture / "nucleus-hot-forks.elf"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(
        ["make", "-s", "-C", TOP / "guests", f"BUILD={folder}", "PREVIRT_NAME=-hot",
         f"PREVIRT_HOT_{architecture}=--hot {profile} --program {program}", target],
        check=True, env=environment, timeout=120)
    return target


@pytest.mark.parametrize("architecture", BOARDS)
def test_another_round_removes_the_stores_to_page_tables(tmp_path, architecture) -> None:
    first = GUESTS / architecture / "nucleus-previrt-forks.elf"
    before, exits = profiled(architecture, first, tmp_path / "first.json")
    second = rebuilt(architecture, tmp_path, tmp_path / "first.json", first)
    after, remaining = profiled(architecture, second, tmp_path / "second.json")
    stores = hot.EXITS[native.KIND_TABLE_STORE]
    assert (after.console, after.outcome) == (before.console, before.outcome)
    assert exits[stores] > 5000
    assert remaining.get(stores, 0) <= exits[stores] / 100
    if architecture == "x86":  # where flushing one page needs no exit after that, either
        assert sum(remaining.values()) <= sum(exits.values()) / 10
