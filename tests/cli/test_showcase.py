# SPDX-License-Identifier: GPL-2.0-or-later
"""What the table of `make run` says of each run."""

from __future__ import annotations

import pytest

from vmm.cli.showcase import Boot, Result, summary

ITSELF = "the guest ended itself"
STATS = {"instructions": 3_000_000, "traps": {"svc": 2, "irq": 5}, "host_seconds": 0.5}


@pytest.mark.parametrize(
    ("board", "status", "text", "shown"),
    [
        ("virt", 0, f"{ITSELF} (semihosting) with status 0", ("passed", "semihosting")),
        ("pc", 1, f"{ITSELF} (port 0xf4) with status 1", ("passed", "port 0xf4")),
        ("virt", 1, f"{ITSELF} (semihosting) with status 1", ("FAILED", "semihosting")),
        ("leon3", 120, "error mode: trap 0x02", ("FAILED", "error mode: trap 0x02")),
    ],
)
def test_a_row_says_how_a_run_ended(capsys, board, status, text, shown) -> None:
    summary([Result(Boot("hello", board, ()), status, text, STATS)])
    row = next(line for line in capsys.readouterr().out.splitlines() if "hello" in line)
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    verdict, ending = shown
    assert cells == ["hello", board, verdict, str(status), "3,000,000", "7", "0.000", "0.500",
                     "6.0", ending]


def test_what_is_over_at_once_has_no_speed() -> None:
    assert Result(Boot("hello", "virt", ()), 0, "", {**STATS, "host_seconds": 0.01}).mips == ""
