# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that the tests of traces run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vmm import boards
from vmm.boards.options import Options
from vmm.machine.machine import Machine

BOARD = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
ARCHITECTURES = tuple(BOARD)

Guest = Callable[[str], Path]


def boot(guest: Guest, architecture: str, name: str) -> Machine:
    """The machine of a built guest, ready to run."""
    return boards.create(Options(BOARD[architecture], kernel=guest(f"{architecture}/{name}")))
