# SPDX-License-Identifier: GPL-2.0-or-later
"""The history file: what is kept, what is compared with what, and files that are none of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from results import ARM, result

from vmm.bench import history
from vmm.bench.figures import figure
from vmm.bench.micro import PROBES, Measured
from vmm.bench.rows import NULL, BenchError
from vmm.bench.run import ICOUNT, OURS, QEMU


def test_an_entry_holds_net_seconds_and_ratios() -> None:
    made = history.entry([result()], [Measured(PROBES[0], ARM, (0.3, 0.1, 0.2))])
    assert made["rows"] == {"arm/compute": {OURS: 0.5, QEMU: 1.0, ICOUNT: 2.0,
                                            "ratio": 2.0, "icount_ratio": 4.0}}
    assert made["micro"] == {"arm/native": 0.2}


def test_starting_has_no_ratio_and_a_failed_row_no_entry() -> None:
    failed = result("memory")
    failed.problem = "qemu: no end"
    made = history.entry([result(NULL), failed], [])
    assert list(made["rows"]) == ["arm/null"]
    assert "ratio" not in made["rows"]["arm/null"]


def test_entries_come_back_as_they_were_appended(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert history.read(path) == []
    entries = [history.entry([result(ours=seconds)], []) for seconds in (0.5, 0.4)]
    for entry in entries:
        history.append(path, entry)
    assert history.read(path) == entries
    assert len(path.read_text().splitlines()) == 2


def test_the_commit_is_gits_and_so_is_the_date() -> None:
    name, date = history.commit()
    assert name == "unknown" or len(name.removesuffix("-dirty")) >= 7
    assert date == "unknown" or date[4] == "-"


def test_a_row_is_compared_with_the_newest_entry_that_has_it() -> None:
    entries = [{"commit": str(i), "rows": rows} for i, rows in enumerate(
        [{"arm/compute": {}}, {"arm/compute": {}, "arm/calls": {}}, {"arm/calls": {}}])]
    found = history.last_of(entries, "arm/compute")
    assert found is not None
    assert found["commit"] == "1"
    assert history.last_of(entries, "arm/timer") is None


def test_drift_compares_ratios_and_a_slower_host_does_not_count() -> None:
    before = {OURS: 0.5, QEMU: 1.0, "ratio": 2.0}
    assert history.drift(before, {OURS: 1.0, QEMU: 2.0, "ratio": 2.0}) == 0
    assert history.drift(before, {OURS: 0.4, QEMU: 1.0, "ratio": 2.5}) == pytest.approx(0.25)
    assert history.drift(before, {OURS: 1.0, QEMU: 1.0, "ratio": 1.0}) == pytest.approx(-0.5)


def test_drift_without_qemu_compares_seconds_but_never_mixes() -> None:
    assert history.drift({OURS: 0.5}, {OURS: 0.4}) == pytest.approx(0.25)
    assert history.drift({OURS: 0.5, "ratio": 2.0}, {OURS: 0.4}) is None
    assert history.drift({OURS: 0.5}, {OURS: 0.4, "ratio": 2.0}) is None


@pytest.mark.parametrize("line", ["not JSON", "[]", '{"rows": 3, "commit": "x"}', '{"rows": {}}'])
def test_a_file_of_something_else_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text('{"rows": {}, "commit": "x"}\n' + line + "\n")
    with pytest.raises(BenchError, match=r"notes\.txt:2"):
        history.read(path)


def test_figure_of_a_result_is_net_of_its_own_side() -> None:
    one = result()
    assert one.figure(QEMU) == figure([1.1, 1.1], [0.1, 0.1])
    assert one.mips == pytest.approx(2.0)
