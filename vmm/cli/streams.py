# SPDX-License-Identifier: GPL-2.0-or-later
"""The three standard streams: that they are there, and whether what was printed has arrived."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# What a closed one becomes: reading gives nothing, what is printed fails, what is said is lost.
CLOSED = ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY))
STDOUT = 1


class _StandardOutput(io.TextIOWrapper):
    """Standard output, with a name for errors.

    Below it all is the interpreter's own: were bytes written in Python, Ctrl-C just after that
    would have them written once more.
    """

    def write(self, text: str, /) -> int:
        with _named():
            return super().write(text)

    def flush(self) -> None:
        with _named():
            super().flush()


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def complete() -> None:
    """Open those that are closed, so that no other file takes their numbers."""
    for descriptor, mode in CLOSED:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free: this one
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        file = io.BufferedWriter(io.FileIO(STDOUT, "w", closefd=False))
        errors = "strict" if sys.stdout is None else sys.stdout.errors
        sys.stdout = _StandardOutput(file, errors=errors, line_buffering=os.isatty(STDOUT))


def lost() -> OSError | None:
    """What keeps standard output from taking all that was printed; then it takes no more."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more at exit, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None
