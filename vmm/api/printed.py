# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest has printed and nobody has matched yet."""

from __future__ import annotations

import re

from vmm.api.until import Line, Text
from vmm.machine.outcome import Outcome

KEEP = 1 << 16  # bytes of unmatched output that may still match


class Unexpected(AssertionError):
    """A guest did not print what it should have printed: one line."""


def unexpected(wanted: str | re.Pattern[str], outcome: Outcome, output: str) -> Unexpected:
    """What to raise: what was wanted, how the run ended, and the last line printed."""
    pattern = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
    after = output.replace("\r", "").rstrip("\n").rpartition("\n")[2]
    return Unexpected(f"expected {pattern!r}; got: {outcome.text}, after {after!r}")


class Printed:
    """Looks for texts and lines as bytes come in; what comes before a match is used up with it."""

    def __init__(self) -> None:
        self.reached: Text | Line | None = None
        self.match: re.Match[str] | None = None  # of a Line
        self._unmatched = bytearray()
        self._wanted: list[Text | Line] = []
        self._line = 0  # where the first line begins that has not been looked at

    @property
    def unmatched(self) -> bytes:
        """What may still match."""
        return bytes(self._unmatched)

    @unmatched.setter
    def unmatched(self, data: bytes) -> None:
        self._unmatched = bytearray(data)
        self._line = 0

    def look_for(self, wanted: list[Text | Line]) -> None:
        """Look for these from now on, first in what is there already."""
        self.reached = self.match = None
        self._wanted = wanted
        self._line = 0
        if wanted:
            self._look(len(self._unmatched))

    def stop_looking(self) -> None:
        """Only gather what is printed; what was found stays known."""
        self._wanted = []

    @property
    def text(self) -> str:
        """One line on what was found."""
        if isinstance(self.reached, Line):
            return f"the guest has printed a line with {self.reached.pattern.pattern!r}"
        return "" if self.reached is None else f"the guest has printed {self.reached.text!r}"

    def add(self, data: bytes) -> None:
        """More output."""
        self._unmatched += data
        if self._wanted and self.reached is None:
            self._look(len(data))
        if len(self._unmatched) > 2 * KEEP:
            cut = len(self._unmatched) - KEEP
            del self._unmatched[:cut]
            self._line = max(0, self._line - cut)

    def _look(self, new: int) -> None:
        """Look at the last ``new`` bytes; what ends first is reached, and all up to it used up."""
        ends: list[tuple[int, Text | Line, re.Match[str] | None]] = []
        for one in self._wanted:
            if isinstance(one, Text):
                start = max(0, len(self._unmatched) - new - len(one.data) + 1)
                at = self._unmatched.find(one.data, start)
                if at >= 0:
                    ends.append((at + len(one.data), one, None))
        lines = [one for one in self._wanted if isinstance(one, Line)]
        found = False
        while not found and (end := self._unmatched.find(b"\n", self._line)) >= 0:
            line = self._unmatched[self._line:end].removesuffix(b"\r").decode(errors="replace")
            for one in lines:
                if match := one.pattern.search(line):
                    found = True
                    ends.append((end + 1, one, match))
            self._line = end + 1
        if ends:
            end, self.reached, self.match = min(ends, key=lambda found: found[0])
            del self._unmatched[:end]
            self._line = 0
