# SPDX-License-Identifier: GPL-2.0-or-later
"""Until when a machine runs: the conditions that `Machine.run` takes.

Counts and times are moments since reset, so that "until two million
instructions" means the same wherever a run begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instructions:
    """Exactly ``count`` instructions have begun since reset."""

    count: int


@dataclass(frozen=True, slots=True)
class Seconds:
    """So much virtual time has gone by since reset: the first instruction boundary from then."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Text:
    """The guest has printed ``text`` (behind what an earlier `Text` matched)."""

    text: str | bytes

    @property
    def data(self) -> bytes:
        """The bytes to look for."""
        return self.text.encode() if isinstance(self.text, str) else self.text


@dataclass(frozen=True, slots=True)
class Line:
    """The guest has printed a whole line in which ``pattern`` is found.

    Only whole lines count, so that ``\\d+`` matches all digits of a number, not the first.
    """

    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class At:
    """The instruction at ``place``, a symbol or an address, is about to begin."""

    place: str | int


Condition = Instructions | Seconds | Text | Line | At
Until = Condition | str | re.Pattern[str]  # a plain string is a Text, a pattern a Line


def conditions(until: Until | list[Until] | tuple[Until, ...] | None) -> list[Condition]:
    """What a user gave, as a list of conditions; TypeError for anything else."""
    given = [] if until is None else list(until) if isinstance(until, (list, tuple)) else [until]
    found: list[Condition] = []
    for one in given:
        condition = (
            Text(one) if isinstance(one, str) else Line(one) if isinstance(one, re.Pattern) else one
        )
        if not isinstance(condition, Condition):
            raise TypeError(
                f"until={one!r}: wants a text, a pattern, Instructions(n), Seconds(s)"
                " or At(symbol or address)"
            )
        if isinstance(condition, Text) and not condition.data:
            raise ValueError("until: an empty text is always there")
        found.append(condition)
    return found
