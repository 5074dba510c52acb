# SPDX-License-Identifier: GPL-2.0-or-later
"""The self-tests of the native layer: they pass, they are quick, and they can fail."""

from __future__ import annotations

import time

import pytest

from vmm.native import verify


@pytest.mark.parametrize("test", verify.TESTS, ids=lambda test: test.name)
def test_mechanism(test) -> None:
    assert test.run()


def test_all_together_take_less_than_two_seconds() -> None:
    started = time.process_time()
    for test in verify.TESTS:
        test.run()
    assert time.process_time() - started < 2


def test_a_wrong_expectation_is_noticed(monkeypatch) -> None:
    # If the load and the store were one instruction apart from where they are, it must show.
    monkeypatch.setattr(verify, "ARM_INC", 0xE2800002)
    with pytest.raises(verify.Mismatch):
        verify.budget_is_exact()


def test_doctor_reports_every_self_test(vmm_command) -> None:
    done = vmm_command("doctor")
    assert done.returncode == 0, done.stdout
    text = done.stdout.decode()
    for test in verify.TESTS:
        assert f"self-test: {test.name}" in text
    assert "build id" in text and "offsets table" in text
    assert "failed" not in text
