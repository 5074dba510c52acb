# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rows a pattern names, and that every row has its guest and its command lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.bench.rows import NULL, PLATFORMS, ROWS, WORKLOADS, BenchError, Row, select
from vmm.bench.run import ICOUNT, OURS, QEMU, command

TOP = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["arm"], {f"arm/{w}" for w in WORKLOADS}),
        (["calls"], {"sparc/calls", "arm/calls", "x86/calls"}),
        (["x86/*traps"], {"x86/traps", "x86/user_traps"}),
        (["sparc/memory", "arm/timer"], {"sparc/memory", "arm/timer"}),
        ([], {row.name for row in ROWS}),
    ],
)
def test_select(patterns: list[str], expected: set[str]) -> None:
    assert {row.name for row in select(patterns)} == expected


def test_a_pattern_that_names_nothing_is_refused_even_beside_one_that_does() -> None:
    with pytest.raises(BenchError, match=r"'colour'.*compute"):
        select(["arm", "colour"])


def test_every_workload_has_a_source_and_every_source_a_use() -> None:
    sources = {path.stem for path in (TOP / "guests/bench/workloads").glob("*.c")}
    assert sources == {*WORKLOADS, NULL, "hypercall"}


def test_every_row_is_built() -> None:
    for row in (*ROWS, *(Row(platform, NULL) for platform in PLATFORMS.values())):
        assert row.kernel.is_file(), row.name


def test_all_sides_run_the_same_file() -> None:
    for row in ROWS:
        ours, qemu, icount = (command(row, side) for side in (OURS, QEMU, ICOUNT))
        assert ours[-2:] == qemu[-2:] == icount[-2:] == ["-kernel", str(row.kernel)]
        assert set(icount) - set(qemu) == {"-icount", "shift=0,sleep=off"}
