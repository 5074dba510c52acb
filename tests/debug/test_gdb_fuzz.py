# SPDX-License-Identifier: GPL-2.0-or-later
"""The gdb server under malformed packets.  The full run: see `gdb_fuzz.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).with_name("gdb_fuzz.py")


def test_the_server_survives_and_answers_truly() -> None:
    done = subprocess.run(
        [sys.executable, FUZZ, "--packets", "2000", "--seed", "7"],
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["leon3", "virt", "pc"]
