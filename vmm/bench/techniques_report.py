# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparison of techniques as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rich.table import Table

from vmm.bench.techniques import BARE, Measured, bare_of, ratio

COLUMNS = (
    "M insns", "exits", "emul.", "refl.", "fills", "updates", "blocks", "s", "x bare",
)


def _row(one: Measured, results: Sequence[Measured]) -> list[str]:
    if one.problem is not None:
        return ["-"] * len(COLUMNS)
    counted = one.virtualization
    times = ratio(one, bare_of(one, results))
    bare = one.case.technique == BARE
    return [
        f"{one.stats['instructions'] / 1e6:.2f}",
        "-" if bare else f"{one.exits}",
        "-" if bare else f"{sum(counted.get('emulated', {}).values())}",
        "-" if bare else f"{sum(counted.get('reflected', {}).values())}",
        "-" if bare else f"{one.memory('hidden_faults')}",
        "-" if bare else f"{one.memory('updates')}",
        f"{one.stats['exits']['blocks_translated']}",
        f"{median(one.seconds):.3f}",
        "-" if times is None else f"{times:.2f}",
    ]


def table(results: Sequence[Measured]) -> Table:
    """A line for each case, those of one workload together."""
    shown = Table(title="processor seconds while the guest runs; x bare: 1 is no cost",
                  title_justify="left")
    for heading in ("guest", "technique", "policy"):
        shown.add_column(heading, no_wrap=True)
    for heading in COLUMNS:
        shown.add_column(heading, justify="right", no_wrap=True)
    before = ""
    for one in results:
        guest = f"{one.case.platform.architecture}/{one.case.workload}"
        if before and guest != before:
            shown.add_section()
        before = guest
        shown.add_row(guest, one.case.technique, one.case.policy or "", *_row(one, results))
    return shown


def problems(results: Sequence[Measured]) -> list[str]:
    """A line for each case that failed."""
    return [f"{one.case.name}: {one.problem}" for one in results if one.problem]
