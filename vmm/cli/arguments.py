# SPDX-License-Identifier: GPL-2.0-or-later
"""What options take: names of files, and numbers with their ranges."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from vmm.cli.report import Failure
from vmm.machine.system_error import reason


def file(text: str) -> Path:
    """The name of a file or folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name")
    return Path(text)


def writable(*files: Path | None) -> None:
    """Failure if one of the files cannot be written: said before the work whose result it takes."""
    for path in files:
        try:
            if path is not None:
                path.open("ab").close()
        except OSError as error:
            raise Failure(f"{path}: {reason(error)}") from error


def seconds(text: str) -> float:
    """A time limit: more than nothing, at most 10**9."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1e9:  # nor NaN
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def factor(text: str) -> float:
    """How many times as much: 1 to 10**6."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to a million")
    return value


def count(most: int) -> Callable[[str], int]:
    """How many, from 1 to ``most``."""

    def read(text: str) -> int:
        value = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
        return value

    return read
