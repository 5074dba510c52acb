# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole explanations as users see them; `VMM_GOLDEN=write` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from stops import TOP, Stopped, boot, traps

from vmm.debug.explain import explain

GOLDEN = Path(__file__).parent / "golden"


def _is(name: str, number: int = 1, **registers: int) -> Callable[[Stopped], bool]:
    """The ``number``-th trap of that name whose registers before have these values."""
    seen = 0

    def wanted(trap: Stopped) -> bool:
        nonlocal seen
        if trap.name == name and all(trap.before[r] == v for r, v in registers.items()):
            seen += 1
        return seen == number

    return wanted


CASES = (
    ("sparc-window-overflow", "leon3", "sparc/traps", _is("window_overflow")),
    ("sparc-page-fault", "leon3", "sparc/traps", _is("data_access_exception", 2)),
    ("arm-data-abort", "virt", "arm/traps", _is("data_abort", 12)),
    ("x86-general-protection", "pc", "x86/traps", _is("#GP", 1, cs=0x1B, eip=0x10047A)),
    ("x86-page-fault", "pc", "x86/traps", _is("#PF", 4)),
)


@pytest.mark.parametrize(("name", "board", "guest", "wanted"), CASES, ids=[c[0] for c in CASES])
def test_explanation_reads_as_ever(
    name: str, board: str, guest: str, wanted: Callable[[Stopped], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(TOP)  # source files are shown relative to it
    machine = boot(board, guest)
    found = next(trap for trap in traps(machine) if wanted(trap))
    text = "\n".join(explain(machine, found).lines()) + "\n"
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("VMM_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text()
