# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm bench linux`: which rows, what is run, what the figures mean."""

from __future__ import annotations

from pathlib import Path
from urllib.request import urlopen

import pytest

from vmm.bench import linux, linux_report
from vmm.bench.linux import OURS, QEMU
from vmm.bench.rows import BenchError


def test_patterns_name_boards_works_and_rows() -> None:
    assert [row.name for row in linux.select(["boot"])] == ["arm/boot", "i386/boot"]
    assert [row.name for row in linux.select(["arm/net", "arm"])] == [
        "arm/boot", "arm/disk", "arm/net"]
    assert len(linux.select([])) == 6
    with pytest.raises(BenchError, match="sparc: no such row; there are arm/boot, "):
        linux.select(["sparc"])


def test_both_sides_get_the_same_images_and_command_line() -> None:
    for row in linux.select([]):
        ours, theirs = (linux.command(row, side, Path("/disk"), 4711) for side in (OURS, QEMU))
        for option in ("-kernel", "-initrd", "-append"):
            assert ours[ours.index(option) + 1] == theirs[theirs.index(option) + 1]
        assert "256M" in ours and "256M" in theirs
        assert ("-drive" in ours) == ("-drive" in theirs) == (row.work.name == "disk")
        text = ours[ours.index("-append") + 1]
        assert ("http://10.0.2.2:4711/" in text) == (row.work.name == "net")


def test_what_booting_costs_is_taken_off_before_anything_is_divided() -> None:
    (row,) = linux.select(["arm/disk"])
    row.boot = {OURS: [3.0, 3.0], QEMU: [2.0, 2.0]}
    row.seconds = {OURS: [4.0, 4.0], QEMU: [4.0, 4.0]}
    ratio = row.ratio()
    assert ratio is not None and ratio.value == pytest.approx(2.0)
    assert row.throughput(OURS) == pytest.approx(64.0)
    assert row.throughput(QEMU) == pytest.approx(32.0)
    row.problem = "vmm: status 120: it crashed"
    assert row.ratio() is None and row.throughput(OURS) is None
    assert linux_report.problems([row]) == ["arm/disk: vmm: status 120: it crashed"]
    assert linux_report.as_json([row], 2)["rows"][0]["problem"] == row.problem


def test_the_guest_is_given_the_very_bytes_that_the_host_serves() -> None:
    with linux._server(b"content") as port, urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.read() == b"content"


def test_without_images_one_line_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux, "IMAGES", tmp_path)
    with pytest.raises(BenchError, match="run `make linux`"):
        linux.run(linux.select(["arm/boot"]), (OURS,), 1, lambda name, side, repetition: None)
