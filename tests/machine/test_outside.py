# SPDX-License-Identifier: GPL-2.0-or-later
"""Real time: who waits, for how long, and what has gone by."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence

import pytest

from vmm.machine import outside as module
from vmm.machine.outside import Outside

MS = 1_000_000


class Pipe:
    """A source that reads a pipe."""

    def __init__(self, expects: bool) -> None:
        self.read, self.write = os.pipe()
        self.expects = expects
        self.taken: list[bytes] = []

    def descriptors(self) -> Sequence[tuple[int, int]]:
        return [(self.read, select.POLLIN)]

    def take(self, found: Sequence[int]) -> None:
        if found[0] & select.POLLIN:
            self.taken.append(os.read(self.read, 100))


class Wall:
    """The clock on the wall, and poll(2), which moves it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 10**15
        self.waits: list[int] = []  # ms
        self.comes_after: int | None = None  # ms
        patch.setattr(module.time, "monotonic_ns", lambda: self.now)
        patch.setattr(module.select, "poll", lambda: self)

    def register(self, descriptor: int, mask: int) -> None:
        self.descriptor = descriptor

    def poll(self, ms: int) -> list[tuple[int, int]]:
        self.waits.append(ms)
        came = self.comes_after is not None and self.comes_after <= ms
        self.now += (self.comes_after if came and self.comes_after is not None else ms) * MS
        return [(self.descriptor, select.POLLIN)] if came else []


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


def test_nobody_expected_nobody_waits() -> None:
    outside = Outside()
    assert not outside.holds
    outside.sources.append(Pipe(expects=False))
    assert not outside.holds
    outside.sources.append(Pipe(expects=True))
    assert outside.holds


def test_a_sleep_lasts_as_long_as_it_did(wall: Wall) -> None:
    outside = Outside()
    outside.sources.append(Pipe(expects=True))
    assert outside.sleep(5, 5 + 20 * MS) == 20 * MS
    assert outside.sleep(0, 200 * MS) == 50 * MS  # one wait at most
    wall.comes_after = 7
    assert outside.sleep(0, 20 * MS) == 7 * MS
    assert wall.waits == [20, 50, 20]


def test_with_pace_virtual_time_keeps_to_the_wall(wall: Wall) -> None:
    outside = Outside()
    outside.set_pace(1000 * MS)
    assert outside.holds
    wall.now += 30 * MS
    # 30 ms behind: a sleep of 10 ms is over already, one of 50 ms takes 20.
    assert outside.sleep(1000 * MS, 1010 * MS) == 10 * MS and wall.waits == []
    assert outside.sleep(1010 * MS, 1050 * MS) == 40 * MS and wall.waits == [20]
    outside.slow_down(1050 * MS)
    assert wall.waits == [20]
    outside.slow_down(1065 * MS)
    assert wall.waits == [20, 15]


def test_what_came_is_taken_when_looked_for() -> None:
    outside = Outside()
    pipe = Pipe(expects=False)
    outside.sources.append(pipe)
    outside.look()
    assert pipe.taken == []
    os.write(pipe.write, b"x")
    outside.look()
    assert pipe.taken == [b"x"]
