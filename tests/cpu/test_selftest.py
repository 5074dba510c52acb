# SPDX-License-Identifier: GPL-2.0-or-later
"""The self-tests of the native layer: they pass, and they can fail."""

from __future__ import annotations

import pytest

from vmm.cpu import selftest
from vmm.cpu.selftest import counting


@pytest.mark.parametrize("test", selftest.TESTS, ids=lambda test: test.name)
def test_mechanism(test) -> None:
    assert test.run()


def test_a_wrong_expectation_is_noticed(monkeypatch) -> None:
    # If the load and the store were one instruction apart from where they are, it must show.
    monkeypatch.setattr(counting, "ARM_INC", 0xE2800002)
    with pytest.raises(selftest.Mismatch):
        counting.budget_is_exact()


def test_doctor_reports_every_self_test(vmm_command) -> None:
    done = vmm_command("doctor")
    assert done.returncode == 0, done.stdout
    text = done.stdout.decode()
    for test in selftest.TESTS:
        assert f"self-test: {test.name}" in text
    assert "build id" in text and "offsets table" in text
    assert "failed" not in text
