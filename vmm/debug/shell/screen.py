# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a command's answers go: lines and tables, plain here; a terminal adds colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

GAP = "  "


class Screen(Protocol):
    """What commands write on.  ``style`` names a meaning, not a colour."""

    def line(self, text: str, style: str = "") -> None:
        """One line: style "", "stop", "current", "heading" or "warning"."""
        ...

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows of cells under headings; nothing if there are no rows."""
        ...


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines of text, columns as wide as their widest cell."""
    lines = [list(headings), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


class PlainScreen:
    """Stable plain text, a line at a time."""

    def __init__(self, put: Callable[[str], None]) -> None:
        self._put = put

    def line(self, text: str, style: str = "") -> None:
        self._put(text)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        for line in aligned(headings, rows) if rows else ():
            self._put(line)
