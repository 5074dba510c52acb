# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests print on our boards what they print on QEMU's, however their traps are delivered."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import CASES, Case, comparable

EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@EVERY
def test_native_delivery_prints_what_qemu_prints(run_case, case: Case) -> None:
    run = run_case(case)
    assert comparable(run.console) == comparable(case.recorded.read_bytes())
    assert run.outcome.status == case.status, run.outcome


@EVERY
def test_python_delivery_is_the_same_trap_by_trap(run_case, case: Case) -> None:
    native = run_case(case)
    python = run_case(case, delivery="python")
    assert python.console == native.console
    for ours, theirs in zip(python.ledger.records(), native.ledger.records(), strict=False):
        assert ours == theirs
    assert len(python.ledger) == len(native.ledger)
    assert python.instructions == native.instructions


@EVERY
def test_intercepts_do_not_change_what_the_guest_sees(run_case, case: Case) -> None:
    plain = run_case(case)
    watched = run_case(case, intercept_all=True)
    assert watched.console == plain.console
    assert watched.ledger.hash() == plain.ledger.hash()
    assert watched.instructions == plain.instructions


@EVERY
def test_registers_answered_natively_read_as_the_device_does(run_case, case: Case) -> None:
    natively = run_case(case)
    asked = run_case(case, hot_reads=False)
    assert asked.guest.machine.engine.native.hot_reads == 0
    assert asked.console == natively.console
    assert asked.ledger.hash() == natively.ledger.hash()
    assert asked.instructions == natively.instructions


def test_at_least_150_distinct_trap_situations_are_covered() -> None:
    distinct = set()
    for case in CASES:
        if not case.name.endswith("-traps"):
            continue
        for line in case.recorded.read_text(errors="replace").splitlines():
            # A situation is a named line; numbers in it are its results.
            name = re.split(r"[:#=]|\btt=", line)[0].strip(" 0123456789")
            if name and not line.startswith(("==", "--", "id:")):
                distinct.add((case.name, name))
    assert len(distinct) >= 150
