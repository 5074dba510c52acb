# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts: what passes, what fails and what its report says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vmm.machine.console import parse_script
from vmm.machine.outcome import Ending
from vmm.testing import collect, console, report, run
from vmm.testing.case import Case, Limits, Pattern
from vmm.testing.result import Verdict


@pytest.fixture
def hello(guest) -> Case:
    return collect.guest(guest("arm/hello"))


@pytest.fixture
def spin(guest) -> Case:
    return collect.guest(guest("hostile/arm/spin"))


def test_a_run_as_wanted_passes_and_is_counted(hello) -> None:
    case = replace(hello, expect=(Pattern("Hello"), Pattern(r"memory: \d+ MiB", True)),
                   forbid=(Pattern("panic"),))
    result = run.run(case)
    assert (result.verdict, result.problems, result.diagnosis) == (Verdict.PASSED, (), ())
    assert result.instructions > 1000 and result.virtual > 0
    assert b"memory" in result.console


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"statuses": frozenset({7})}, ["expected: exit status 7", "     got: the guest ended"]),
        ({"ending": Ending.CRASH}, ["expected: that the guest crashes"]),
        ({"forbid": (Pattern("memory"),)}, ["forbidden: 'memory'", "     got: 'memory: 128 MiB"]),
        ({"expect": (Pattern("memory"), Pattern("Hello"))},
         ["expected: 'Hello' (2 of 2)", "   after: 'memory: 128 MiB", "     got: nothing more",
          "          (it was printed, but before that)"]),
        ({"expect": (Pattern("goodbye"),)}, ["expected: 'goodbye'", "     got: 'Hello"]),
        ({"until": "=> "}, ["expected: that the guest prints '=> '", "     got: the guest ended"]),
        ({"script": tuple(parse_script('expect "=> "', ""))}, ["the script still waits, line 1"]),
        ({"limits": Limits(instructions=1000)}, ["     got: limit of 1000 instructions reached"]),
        ({"limits": Limits(virtual=1e-6)}, ["     got: virtual time limit of 1e-06 s reached"]),
    ],
)
def test_what_is_not_as_wanted_is_said(hello, changes, lines) -> None:
    result = run.run(replace(hello, **changes))
    assert result.verdict is Verdict.FAILED
    text = report.failure(result)
    for line in lines:
        assert any(one.startswith(line) for one in text), text
    assert any(line.startswith("cpsr") for line in text)
    assert any(line.startswith("=>") for line in text)


def test_until_ends_the_test(hello) -> None:
    result = run.run(replace(hello, until="Hello", ending=Ending.STOPPED, statuses=None))
    assert (result.verdict, result.console) == (Verdict.PASSED, b"Hello")


def test_a_script_is_played(guest) -> None:
    script = tuple(parse_script('expect "memory"', ""))
    result = run.run(replace(collect.guest(guest("sparc/hello")), script=script))
    assert result.verdict is Verdict.PASSED
    assert result.console.endswith(b"memory")


def test_limits_may_be_what_is_wanted(spin) -> None:
    case = replace(spin, ending=Ending.TIME, statuses=None, limits=Limits(instructions=5000))
    assert (run.run(case).verdict, run.run(case).instructions) == (Verdict.PASSED, 5000)


def test_a_flood_is_cut(guest, monkeypatch) -> None:
    monkeypatch.setattr(run, "OUTPUT_LIMIT", 1000)
    result = run.run(collect.guest(guest("hostile/arm/flood")))
    assert result.verdict is Verdict.FAILED
    assert len(result.console) == 1001
    assert "has printed more than" in result.summary


def test_known_failures(spin, hello) -> None:
    short = Limits(instructions=5000)
    assert run.run(replace(spin, xfail="it spins", limits=short)).verdict is Verdict.XFAILED
    passed = run.run(replace(hello, xfail="it spins"))
    assert passed.verdict is Verdict.XPASSED
    assert passed.problems == ("expected: that it fails (it spins)\n     got: it passes",)


def test_what_cannot_be_booted_is_an_error_not_a_failure(hello) -> None:
    result = run.run(replace(hello, cpu="z80", xfail="it spins"))
    assert result.verdict is Verdict.ERROR
    assert "z80" in result.summary


def test_repeated_runs_are_compared_trap_by_trap(guest, monkeypatch) -> None:
    case = collect.guest(guest("arm/traps"))
    result = run.run(case, repeat=2)
    assert result.verdict is Verdict.PASSED
    assert result.traps > 100 and len(result.ledger) == 64

    boot, number = run.boot, 0

    def disturbed(case: Case):
        """The second machine has other memory, which no line of the console shows."""
        nonlocal number
        number += 1
        machine = boot(case)
        if number == 2:
            machine.run("=", timeout=1)
            machine.machine.processor.registers["r4"] ^= 1
        return machine

    monkeypatch.setattr(run, "boot", disturbed)
    result = run.run(case, repeat=2)
    assert result.verdict is Verdict.FAILED
    assert result.problems[0].startswith("run 2 is not the same run\nexpected: ")


def test_whole_consoles_are_compared(hello, tmp_path: Path) -> None:
    printed = run.run(hello).console
    file = tmp_path / "console.txt"
    file.write_bytes(printed.replace(b"id: ", b"id: other "))
    same = replace(hello, output=file, ignore=(Pattern("^id:", True),))
    assert run.run(same).verdict is Verdict.PASSED
    file.write_bytes(printed.replace(b"128 MiB", b"64 MiB"))
    problems = run.run(same).problems
    assert len(problems) == 1
    assert "-memory: 64 MiB" in problems[0] and "+memory: 128 MiB" in problems[0]


def test_lines_of_a_console() -> None:
    assert console.lines_of(b"") == []
    assert console.lines_of(b"a\r\nb\n\nc") == ["a", "b", "", "c"]
