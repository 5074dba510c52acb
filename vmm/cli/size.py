# SPDX-License-Identifier: GPL-2.0-or-later
"""`-m`, `--history`: an amount of memory on the command line."""

from __future__ import annotations

from vmm.boards import size
from vmm.cli.report import UsageError


def memory_size(text: str, option: str = "-m") -> int:
    """Bytes; UsageError says what is wrong with the option."""
    try:
        return size.memory_size(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from error
