# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux beside QEMU as a table for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from vmm.bench.linux import OURS, QEMU, Result

NOTHING = "-"


def _number(value: float | None, digits: int = 2) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def table(results: Sequence[Result]) -> Table:
    """A line for each row."""
    shown = Table(title="processor seconds; ratio: QEMU's divided by ours", title_justify="left")
    shown.add_column("row", no_wrap=True)
    for heading in ("s", "QEMU s", "ratio", "range", "MiB/s", "QEMU MiB/s"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for one in results:
        ours, theirs, ratio = one.figure(OURS), one.figure(QEMU), one.ratio()
        shown.add_row(
            one.name, _number(None if ours is None else ours.median),
            _number(None if theirs is None else theirs.median),
            _number(None if ratio is None else ratio.value),
            NOTHING if ratio is None else f"{ratio.low:.2f}-{ratio.high:.2f}",
            _number(one.throughput(OURS), 1), _number(one.throughput(QEMU), 1))
    return shown


def problems(results: Sequence[Result]) -> list[str]:
    """A line for each row that failed."""
    return [f"{one.name}: {one.problem}" for one in results if one.problem]


def as_json(results: Sequence[Result], repeat: int) -> dict[str, Any]:
    """All that was measured."""
    rows = []
    for one in results:
        ratio = one.ratio()
        rows.append({
            "row": one.name, "seconds": one.seconds, "boot": one.boot, "problem": one.problem,
            "ratio": None if ratio is None else ratio.value,
            "throughput": {side: one.throughput(side) for side in one.seconds},
        })
    return {"repeat": repeat, "rows": rows}
