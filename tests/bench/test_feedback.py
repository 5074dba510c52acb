# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm bench techniques --feedback`: what is counted, and what is refused."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from vmm.bench import feedback
from vmm.bench.feedback import Loop, Round
from vmm.bench.rows import PLATFORMS, BenchError
from vmm.cli.main import main

SUMS = {b"forks": b"0badcafe"}
BEFORE = Round({feedback.STORE: 900, "privileged_instruction": 100}, SUMS)
AFTER = Round({"privileged_instruction": 50}, SUMS)


def test_what_is_removed_is_a_share_of_all_traps() -> None:
    one = Loop("sparc", BEFORE, AFTER)
    assert one.removed == 0.95
    assert Loop("sparc", AFTER, AFTER).removed == 0
    assert Loop("sparc", Round({}, SUMS), Round({}, SUMS)).removed == 0
    text = io.StringIO()
    Console(file=text, width=120).print(feedback.table([one]))
    assert "sparc/forks" in text.getvalue() and "95.0%" in text.getvalue()
    (shown,) = feedback.as_json([one])["feedback"]
    assert (shown["removed"], shown["after"]) == (0.95, AFTER.traps)


def test_rows_name_processors() -> None:
    assert [p.architecture for p in feedback.select([])] == list(PLATFORMS)
    assert feedback.select(["arm"]) == [PLATFORMS["arm"]]
    with pytest.raises(BenchError, match="not 'forks'"):
        feedback.select(["forks"])


def runs(monkeypatch, *rounds: Round) -> list[str]:
    """The rounds' runs replaced; what was built."""
    built: list[str] = []
    left = list(rounds)
    monkeypatch.setattr(feedback, "make", lambda arch, name, *v: built.append(name) or name)
    monkeypatch.setattr(feedback, "profiled", lambda platform, guest, profile: left.pop(0))
    monkeypatch.setattr(
        feedback, "rebuild", lambda arch, profile, program: feedback.make(arch, feedback.SECOND))
    return built


def test_both_rounds_are_built_and_run(monkeypatch, tmp_path) -> None:
    built = runs(monkeypatch, BEFORE, AFTER)
    file = tmp_path / "out.json"
    assert main(["bench", "techniques", "--feedback", "--rows", "sparc", "--json", str(file)]) == 0
    assert built == ["-previrt", "-hot"]
    assert json.loads(file.read_text())["feedback"][0]["removed"] == 0.95


def test_a_second_round_that_prints_something_else_is_a_failure(monkeypatch, capsys) -> None:
    runs(monkeypatch, BEFORE, Round(AFTER.traps, {b"forks": b"00000000"}))
    assert main(["bench", "techniques", "--feedback", "--rows", "x86"]) == 125
    assert "checksums differ" in capsys.readouterr().err


@pytest.mark.parametrize("words", [
    ["guests", "--feedback"], ["techniques", "--feedback", "--micro"],
    ["techniques", "--feedback", "--rows", "forks"],
])
def test_what_it_cannot_measure_is_a_mistake_in_the_command(words, capsys) -> None:
    assert main(["bench", *words]) == 2
    assert capsys.readouterr().err.startswith("vmm: ")


def test_a_guest_that_does_not_end_well_is_named(tmp_path) -> None:
    nothing = tmp_path / "nothing.elf"
    with pytest.raises(BenchError, match=r"nothing\.elf: exit status 125"):
        feedback.profiled(PLATFORMS["arm"], nothing, tmp_path / "profile.json")
