# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of a page: each Python block with the output that is shown under it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.M | re.S)


@dataclass(frozen=True)
class Example:
    """One block; ``line`` is where its code begins."""

    page: Path
    line: int
    code: str
    output: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples(page: Path) -> list[Example]:
    """All Python blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Example(page, text[: found.start()].count("\n") + 2, found[1], found[2] or "")
        for found in BLOCK.finditer(text)
    ]
