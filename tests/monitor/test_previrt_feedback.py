# SPDX-License-Identifier: GPL-2.0-or-later
"""The feedback loop: run with a trap profile, annotate the hot stores, rebuild, and fewer traps."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from runs import GUESTS, Seen, watch

from vmm.boards import Options, create
from vmm.monitor import hot, virtualize
from vmm.monitor.counters import Profile
from vmm.native import library as native

TOP = Path(__file__).parents[2]
sys.path += [str(TOP / "tests" / "toolchain"), str(TOP / "toolchain")]
from afterburner.afterburn import Afterburner  # noqa: E402
from afterburner.profile import hot_statements  # noqa: E402
from assembly import compiler  # noqa: E402

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
    """The same kernel, its assembly annotated anew with the profile's stores."""
    build = GUESTS / "nucleus-previrt" / architecture
    burner = Afterburner(architecture, hot_statements(profile, program))
    objects = []
    for text in sorted(build.rglob("*.s")):
        other_storm = text.stem.startswith("main-") and text.stem != "main-forks"
        if text.name.endswith(".annotated.s") or other_storm or text.name == "main.s":
            continue
        annotated = folder / f"{len(objects)}.s"
        annotated.write_text(burner.annotate(text.read_text(), unit(build, text))[0])
        objects.append(annotated)
    target = folder / "nucleus-hot-forks.elf"
    script = TOP / "guests" / architecture / "nucleus" / "link.ld"
    users = sorted((GUESTS / "nucleus" / architecture / "user").glob("*.o"))
    compiler(architecture, f"-Wl,-T,{script}", "-o", target, *objects, *users, "-lgcc")
    return target


def unit(build: Path, text: Path) -> str:
    """What the build called the source of an assembly file."""
    if text.stem.startswith("main-"):
        return "guests/nucleus/main.c"
    return str(Path("guests") / text.relative_to(build).with_suffix(""))


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
    assert sum(remaining.values()) <= 0.1 * sum(exits.values())  # flushes and contexts make none
