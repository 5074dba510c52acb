# SPDX-License-Identifier: GPL-2.0-or-later
"""How the command speaks: one line each, on stderr, never on stdout."""

from __future__ import annotations

import contextlib
import sys


class UsageError(Exception):
    """The command line asks for something that does not exist: status 2."""


class Failure(Exception):
    """The command cannot do its work, through no fault of a running guest: status 125."""


def say(text: str) -> None:
    """One line about what happened; what a file's name may have and a line may not is escaped."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    show(f"vmm: {line}")


def show(text: str) -> None:
    """Text that is a report of its own, such as a register dump."""
    with contextlib.suppress(OSError, ValueError):  # nobody listens: nothing more to say
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
