# SPDX-License-Identifier: GPL-2.0-or-later
"""One test of a guest: what is booted, what is typed, what must come of it, and the limits.

A case is a plain value that can be sent to another process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from vmm import boards
from vmm.machine.console import ScriptLine
from vmm.machine.outcome import Ending

WALL_SECONDS = 60.0  # of real time, unless a test says otherwise


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a console line must (or must not) contain: a literal text, or a regular expression."""

    text: str
    regex: bool = False

    def matches(self, line: str) -> bool:
        """Whether it is anywhere in the line."""
        if self.regex:
            return re.search(self.text, line) is not None
        return self.text in line

    def __str__(self) -> str:
        return f"/{self.text}/" if self.regex else repr(self.text)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a test is given up; None: no such limit."""

    virtual: float | None = None  # seconds of virtual time
    instructions: int | None = None  # begun since reset
    wall: float = WALL_SECONDS  # seconds of real time


@dataclass(frozen=True, slots=True)
class Case:
    """One test.  ``source`` is the file that describes it: a description, or the guest itself."""

    name: str
    source: Path
    board: str
    kernel: Path | None = None
    bios: Path | None = None
    initrd: Path | None = None
    cpu: str | None = None
    ram: int | None = None  # bytes
    processors: int = 1
    append: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    typed: bytes = b""  # waits on the console from the start
    script: tuple[ScriptLine, ...] = ()
    until: str | None = None  # the test ends, and passes, once the guest has printed this
    ending: Ending = Ending.EXIT
    statuses: frozenset[int] | None = None  # None: any
    expect: tuple[Pattern, ...] = ()  # lines, in this order
    forbid: tuple[Pattern, ...] = ()
    output: Path | None = None  # the whole console, but for lines that `ignore` names
    ignore: tuple[Pattern, ...] = ()
    limits: Limits = Limits()
    description: str = ""
    tags: frozenset[str] = frozenset()
    xfail: str | None = None  # why it is known to fail


def success(board: str) -> frozenset[int]:
    """The exit statuses by which a guest of this board says that all went well.

    On an x86 board a guest that writes 0 to the debug exit port ends with status 1
    (docs/exit-status.md), and one that turns the machine off with 0.
    """
    return frozenset({0, 1} if boards.find(board).architecture == "x86" else {0})
