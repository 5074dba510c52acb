# SPDX-License-Identifier: GPL-2.0-or-later
"""An engine that is not the one we know is refused in one line, and nothing runs."""

from __future__ import annotations

import subprocess
import sys

LOAD = """
import sys
{before}
from vmm.native import library
{patch}
try:
    library.library()
except library.NativeError as error:
    print(error)
    sys.exit(3)
"""


def refusal(before: str = "", patch: str = "") -> str:
    code = LOAD.format(before=before, patch=patch)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stdout.count("\n") == 1
    return done.stdout


def test_engine_of_another_build() -> None:
    text = refusal(patch="library.build_id = lambda path: 'ab' * 20")
    assert "abab" in text and "2.1.4" in text


def test_engine_imported_before_us() -> None:
    assert "before vmm" in refusal(before="import unicorn")


def test_library_not_built() -> None:
    assert "not built" in refusal(
        patch="library.library = lambda: library.Library(library.HERE / 'no.so')"
    )


def test_library_of_another_layout() -> None:
    patch = "library.TRAP_KINDS\nlibrary.C.sizeof = lambda what: 1"
    assert "another version" in refusal(patch=patch)
