# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables say what was measured, in which direction, and what could not be."""

from __future__ import annotations

import io
import json

from results import ARM, result
from rich.console import Console
from rich.table import Table

from vmm.bench import history, report
from vmm.bench.micro import PROBES, Measured
from vmm.bench.rows import NULL
from vmm.bench.run import ICOUNT, OURS, QEMU, Result


def lines(table: Table) -> dict[str, list[str]]:
    """A table's rows by their first cell."""
    text = io.StringIO()
    Console(file=text, width=200).print(table)
    rows = [line.strip("│┃ ").split() for line in text.getvalue().splitlines()
            if line and line[0] in "│┃"]
    return {row[0]: [cell for cell in row[1:] if cell not in "│┃"] for row in rows}


def table(results: list[Result], past: list[history.Entry]) -> dict[str, list[str]]:
    return lines(report.rows_table(results, past, history.entry(results, [])))


def test_a_row_has_both_sides_both_ratios_and_the_spread() -> None:
    row = table([result(ours=0.5, qemu=1.0)], [])["arm/compute"]
    assert row == ["0.500", "0%", "2", "1.000", "0%", "2.00", "2.00-2.00",
                   "2.000", "0%", "4.00", "4.00-4.00"]


def test_drift_appears_only_with_a_history() -> None:
    past = [history.entry([result(ours=0.5)], [])]
    assert table([result(ours=0.25)], past)["arm/compute"][-1] == "+100.0%"
    assert table([result(ours=1.0)], past)["arm/compute"][-1] == "-50.0%"
    assert table([result("memory")], past)["arm/memory"][-1] == "-"


def test_what_starting_costs_is_compared_with_nothing() -> None:
    row = table([result(NULL)], [])["arm/null"]
    assert row.count("-") == 5


def test_a_row_without_qemu_has_no_columns_of_qemu() -> None:
    assert table([result(qemu=None)], [])["arm/compute"] == ["0.500", "0%", "2"]


def test_a_row_that_failed_says_why_and_gives_no_figure() -> None:
    failed = result()
    failed.problem = "qemu printed 'x [y]', not what vmm printed"
    row = table([failed], [])["arm/compute"]
    assert row[0] == "failed"
    assert "0.500" not in row
    assert report.problems([failed, result("memory")]) == [f"arm/compute: {failed.problem}"]
    found = report.as_json([failed], [], 2)["rows"][0]
    assert found["figures"][OURS] is None
    assert found["problem"] == failed.problem


def test_single_costs_are_set_beside_their_aims() -> None:
    null = result(NULL)
    null.first_output, null.peak_rss = [0.3, 0.1, 0.2], 64_000_000
    measured = [Measured(probe, ARM, (1.0, 4.0, 2.0)) for probe in PROBES]
    text = io.StringIO()
    Console(file=text, width=120).print(report.micro_table(measured, [null]))
    shown = text.getvalue()
    assert shown.count("2.00") == len(PROBES)
    assert "≤ 0.6" in shown
    assert "0.20" in shown
    assert "64" in shown


def test_json_has_every_run() -> None:
    found = json.loads(json.dumps(report.as_json([result()], [], 2)))
    (row,) = found["rows"]
    assert row["cpu_seconds"] == {OURS: [0.6, 0.6], QEMU: [1.1, 1.1], ICOUNT: [2.1, 2.1]}
    assert row["ratios"][QEMU]["value"] == 2.0
    assert found["qemu"].startswith("QEMU emulator version")
    assert found["repeat"] == 2
