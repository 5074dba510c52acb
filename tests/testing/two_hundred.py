# SPDX-License-Identifier: GPL-2.0-or-later
"""What `vmm test` costs: 200 small guests on two processes, in seconds of processor time.

    python tests/testing/two_hundred.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
GUESTS = TOP / "build" / "guests"
HELLOS = [GUESTS / architecture / "hello.elf" for architecture in ("sparc", "arm", "x86")]
TESTS = 200


def measure() -> str:
    """The last line that `vmm test` prints; CalledProcessError if a test fails."""
    with tempfile.TemporaryDirectory() as folder:
        guests = []
        for number in range(TESTS):
            source = HELLOS[number % len(HELLOS)]
            guests.append(shutil.copy(source, Path(folder) / f"{source.parent.name}{number}.elf"))
        done = subprocess.run(
            [sys.executable, "-m", "vmm", "test", "-j", "2", *guests], cwd=TOP, text=True,
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=600, check=True,
        )
    return done.stdout.splitlines()[-1]


if __name__ == "__main__":
    print(measure())
