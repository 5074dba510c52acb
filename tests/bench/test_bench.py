# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm bench` from end to end, and what it does about runs that go wrong.  Never how fast."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vmm.bench import micro, run
from vmm.bench.process import Sample
from vmm.bench.rows import NULL, PLATFORMS, BenchError, Row
from vmm.bench.run import ICOUNT, OURS, QEMU, Result, run_row

SIDES = (OURS, QEMU, ICOUNT)
GOOD = b"compute: 5 rounds, checksum 01234567\n"


def quiet(row: Row, side: str, repetition: int) -> None:
    pass


def faked(monkeypatch: pytest.MonkeyPatch, **samples: Sample) -> Result:
    """The result of a row whose runs give these samples, by side."""

    def measure(command: list[str], timeout: float) -> Sample:
        if "--stats" in command:
            Path(command[-1]).write_text('{"instructions": 1234}')
            return samples.get(OURS, sample())
        return samples.get(ICOUNT if "-icount" in command else QEMU, sample())

    monkeypatch.setattr(run, "measure", measure)
    return run_row(Row(PLATFORMS["arm"], "compute"), SIDES, 2, quiet)


def sample(output: bytes = GOOD, status: int = 0, timed_out: bool = False) -> Sample:
    return Sample(output, b"", status, 0.5, 0.6, 0.1, 50_000_000, timed_out)


def test_equal_runs_are_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    result = faked(monkeypatch)
    assert result.problem is None
    assert result.seconds == {side: [0.5, 0.5] for side in SIDES}
    assert (result.rounds, result.instructions) == (5, 1234)


@pytest.mark.parametrize(
    ("side", "bad", "said"),
    [
        (QEMU, sample(GOOD.replace(b"567", b"568")), "01234568"),
        (ICOUNT, sample(b"nothing of the kind\n"), "no checksum"),
        (OURS, sample(status=120), "exit status 120"),
        (QEMU, sample(b"", status=-11), "exit status -11"),
        (ICOUNT, sample(timed_out=True), "no end within"),
    ],
)
def test_a_side_that_differs_makes_the_row_worthless(
    monkeypatch: pytest.MonkeyPatch, side: str, bad: Sample, said: str
) -> None:
    result = faked(monkeypatch, **{side: bad})
    assert result.problem is not None
    assert side in result.problem
    assert said in result.problem
    assert result.figure(OURS) is None
    assert result.ratio(QEMU) is None


def test_missing_qemu_is_said_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.shutil, "which", lambda program: None)
    row = Row(PLATFORMS["x86"], "compute")
    with pytest.raises(BenchError, match="qemu-system-i386 is not installed"):
        run.check_tools([row], SIDES)
    run.check_tools([row], (OURS,))


def test_two_rows_side_by_side_and_their_files(vmm_command, tmp_path: Path) -> None:
    report, past = tmp_path / "bench.json", tmp_path / "history.jsonl"
    arguments = ("bench", "--rows", "sparc/page_tables,x86/timer", "--repeat", "1",
                 "--json", report, "--history", past)
    done = vmm_command(*arguments)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert done.stderr == b""
    found = json.loads(report.read_text())
    names = [row["name"] for row in found["rows"]]
    assert names == ["sparc/null", "sparc/page_tables", "x86/null", "x86/timer"]
    for row in found["rows"]:
        assert row["problem"] is None, row  # every side printed the same and ended well
        assert set(row["cpu_seconds"]) == set(SIDES)
        assert row["rounds"] > 0
        assert row["instructions"] > row["rounds"]
    assert found["micro"] == []
    assert b"drift" not in done.stdout
    (entry,) = map(json.loads, past.read_text().splitlines())
    assert set(entry["rows"]) == set(names)


def test_alone_needs_no_qemu_and_the_second_entry_shows_drift(vmm_command, tmp_path: Path) -> None:
    past = tmp_path / "history.jsonl"
    arguments = ("bench", "--rows", "arm/page_tables", "--repeat", "1", "--alone",
                 "--history", past)
    environment = {"PATH": str(tmp_path)}
    first = vmm_command(*arguments, environment=environment)
    assert first.returncode == 0, first.stderr.decode()
    assert b"drift" not in first.stdout
    second = vmm_command(*arguments, environment=environment)
    assert b"drift" in second.stdout
    assert len(past.read_text().splitlines()) == 2


@pytest.mark.parametrize("architecture", PLATFORMS)
@pytest.mark.parametrize("probe", [probe.name for probe in micro.PROBES])
def test_every_probe_makes_its_calls_and_gets_its_answers(architecture: str, probe: str) -> None:
    own = probe == "hypercall" and architecture != "sparc"
    kernel = Row(PLATFORMS[architecture], "hypercall" if own else "traps").kernel
    found = micro.run_probe(architecture, probe, kernel, 2)
    assert len(found) == 2
    assert min(found) > 0


def test_a_guest_that_makes_no_calls_is_an_error() -> None:
    kernel = Row(PLATFORMS["arm"], NULL).kernel
    with pytest.raises(BenchError, match="no calls"):
        micro.run_probe("arm", "native", kernel, 1)


def test_wrong_rows_are_wrong_usage(vmm_command) -> None:
    done = vmm_command("bench", "--rows", "colour")
    assert done.returncode == 2
    assert b"'colour'" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_history_that_is_something_else_is_refused_before_measuring(
    vmm_command, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n")
    done = vmm_command("bench", "--rows", "arm/compute", "--history", path)
    assert done.returncode == 125
    assert b"notes.txt:1: " in done.stderr
    assert path.read_text() == "buy milk\n"
