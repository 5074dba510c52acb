# SPDX-License-Identifier: GPL-2.0-or-later
"""From samples to figures.

A row's time is the median over its repetitions, less the median of the `null`
guest on the same side.  A ratio is QEMU's time divided by ours: above 1 we
are ahead.  Its range pairs the runs that were made one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

SMALLEST = 0.02  # seconds: less than this cannot be told from the noise of starting


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds of processor time with the cost of starting taken off."""

    median: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Distance of the extremes, as a part of the median."""
        return (self.high - self.low) / self.median if self.median > 0 else 0.0

    @property
    def sure(self) -> bool:
        """Whether there was enough to measure."""
        return self.median >= SMALLEST


@dataclass(frozen=True, slots=True)
class Ratio:
    """Their time divided by ours, from medians; the extremes from pairs of runs."""

    value: float
    low: float
    high: float


def figure(seconds: Sequence[float], null: Sequence[float]) -> Figure:
    """The net time of a row; both sequences have at least one element."""
    start = median(null)
    return Figure(median(seconds) - start, min(seconds) - start, max(seconds) - start)


def ratio(
    ours: Sequence[float], our_null: Sequence[float],
    theirs: Sequence[float], their_null: Sequence[float],
) -> Ratio | None:
    """How much longer they take; None if either is too short to say."""
    our_figure, their_figure = figure(ours, our_null), figure(theirs, their_null)
    if not our_figure.sure or not their_figure.sure:
        return None
    our_start, their_start = median(our_null), median(their_null)
    pairs = [
        (their - their_start) / (our - our_start)
        for our, their in zip(ours, theirs, strict=True)
        if our > our_start
    ]
    value = their_figure.median / our_figure.median
    return Ratio(value, min([*pairs, value]), max([*pairs, value]))
