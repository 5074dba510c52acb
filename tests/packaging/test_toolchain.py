# SPDX-License-Identifier: GPL-2.0-or-later
"""toolchain/install.sh where nothing can be installed: it names what is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
BASICS = ("sh", "dirname", "grep", "id")


@pytest.fixture
def bare(tmp_path: Path):
    """Run the script on a path with almost nothing: no apt-get, no sudo, no compilers."""
    for name in BASICS:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)

    def run(*groups: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TOP / "toolchain" / "install.sh", *groups], env={"PATH": str(tmp_path)},
            capture_output=True, text=True, check=False, timeout=60,
        )

    return run


def test_missing_tools_that_are_needed_are_an_error(bare) -> None:
    done = bare("host", "cross")
    assert done.returncode == 1
    assert "error: needed and not installed: gcc-sparc64-linux-gnu" in done.stderr
    assert "apt-get install" in done.stderr
    assert "not needed now: qemu-system-sparc" in done.stderr


def test_missing_tools_that_are_not_needed_are_none(bare) -> None:
    done = bare()
    assert done.returncode == 0
    assert "not needed now: gcc-sparc64-linux-gnu" in done.stderr
    assert "error" not in done.stderr


def test_all_there_says_nothing() -> None:
    done = subprocess.run([TOP / "toolchain" / "install.sh", "host", "cross", "qemu", "firmware"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
