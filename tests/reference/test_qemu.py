# SPDX-License-Identifier: GPL-2.0-or-later
"""The recordings are what the installed QEMU prints today."""

from __future__ import annotations

import shutil

import pytest
from cases import CASES, Case, comparable, run_qemu


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_recording_is_what_qemu_prints(case: Case) -> None:
    assert shutil.which(case.qemu[0]), f"{case.qemu[0]} is not installed: make test installs it"
    assert comparable(run_qemu(case)) == comparable(case.recorded.read_bytes())
