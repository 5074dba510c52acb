# SPDX-License-Identifier: GPL-2.0-or-later
"""A paravirtual kernel prints what the bare one prints, and asks instead of trapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.monitor import virtualize

TOP = Path(__file__).resolve().parents[2]
BOARDS = {"arm": "virt", "sparc": "leon3"}
POLICIES = ("strict", "lazy")
EVERY = pytest.mark.parametrize("architecture", BOARDS)


def kernel(architecture: str, name: str) -> Path:
    return TOP / "build" / "guests" / architecture / f"{name}.elf"


@EVERY
@pytest.mark.parametrize("policy", POLICIES)
def test_the_console_is_that_of_the_bare_kernel(boot, architecture: str, policy: str) -> None:
    guest = boot(BOARDS[architecture], kernel=kernel(architecture, "nucleus-para-quick"))
    virtualize(guest.machine, "para", policy)
    guest.run()
    recorded = TOP / "tests" / "reference" / architecture / "nucleus-quick.txt"
    assert guest.output == recorded.read_text()
