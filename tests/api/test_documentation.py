# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of the library's pages run and print what the page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from documented import Example, examples

TOP = Path(__file__).resolve().parents[2]
EXAMPLES = [e for page in ("library.md", "traces.md") for e in examples(TOP / "docs" / page)]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example(example: Example) -> None:
    assert len(example.code.splitlines()) < 20
    done = subprocess.run([sys.executable, "-c", example.code], capture_output=True, text=True,
                          cwd=TOP, stdin=subprocess.DEVNULL, timeout=120, check=False)
    assert done.stderr == ""
    assert done.stdout == example.output
