# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians, spreads and ratios: what is subtracted, what is paired, what is too little to tell."""

from __future__ import annotations

import pytest

from vmm.bench.figures import SMALLEST, figure, ratio


def test_net_time_is_the_median_less_the_median_start() -> None:
    found = figure([1.2, 9.0, 1.3], [0.1, 0.3, 0.2])
    assert found.median == pytest.approx(1.1)
    assert (found.low, found.high) == (pytest.approx(1.0), pytest.approx(8.8))


def test_spread_is_relative_to_the_net_median() -> None:
    assert figure([1.0, 1.1, 1.3], [0.1]).spread == pytest.approx(0.3)
    assert figure([0.1, 0.1], [0.1]).spread == 0.0


def test_ratio_above_one_means_they_take_longer() -> None:
    found = ratio([0.5, 0.5], [0.1, 0.1], [1.0, 1.0], [0.2, 0.2])
    assert found is not None
    assert found.value == pytest.approx(2.0)
    assert (found.low, found.high) == (pytest.approx(2.0), pytest.approx(2.0))


def test_ratio_range_pairs_runs_that_were_neighbours() -> None:
    # A host twice as slow during the second pair changes no ratio.
    found = ratio([1.0, 2.0, 1.0], [0.0], [3.0, 6.0, 3.0], [0.0])
    assert found is not None
    assert (found.low, found.value, found.high) == (3.0, 3.0, 3.0)


def test_ratio_of_the_medians_lies_in_the_range() -> None:
    found = ratio([1.0, 1.0, 9.0], [0.0], [4.0, 8.0, 8.0], [0.0])
    assert found is not None
    assert found.low <= found.value <= found.high
    assert found.value == 8.0


@pytest.mark.parametrize(("ours", "theirs"), [(SMALLEST / 2, 1.0), (1.0, SMALLEST / 2), (-1, 1)])
def test_no_ratio_of_what_is_lost_in_starting(ours: float, theirs: float) -> None:
    assert ratio([1 + ours], [1.0], [1 + theirs], [1.0]) is None
