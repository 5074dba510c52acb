# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers on the command line, each with its range."""

from __future__ import annotations

import argparse
from collections.abc import Callable


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
