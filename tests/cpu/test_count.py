# SPDX-License-Identifier: GPL-2.0-or-later
"""The instruction count is right also if a signal handler runs while it is read."""

from __future__ import annotations

import pytest

from vmm.cpu.engine import Engine


class Interrupted:
    """The native words `limit` and `left`, kicked (run.c, vmm_kick) before the nth read of one."""

    idle = 7

    def __init__(self, limit: int, left: int, read: int) -> None:
        self._limit, self._left, self._reads = limit, left, read

    def _kick_when_due(self) -> None:
        self._reads -= 1
        if self._reads == 0:
            self._limit -= self._left + 1
            self._left = -1

    @property
    def limit(self) -> int:
        self._kick_when_due()
        return self._limit

    @property
    def value(self) -> int:
        self._kick_when_due()
        return self._left


@pytest.mark.parametrize("read", [1, 2, 3, 4, 99])
@pytest.mark.parametrize(("limit", "left"), [(1000, 400), (600, -1), (600, 0), (1 << 62, 1 << 61)])
def test_an_event_asked_for_in_the_middle_changes_nothing(limit: int, left: int, read: int) -> None:
    engine = Engine.__new__(Engine)
    engine.native = engine._left = Interrupted(limit, left, read)  # type: ignore[assignment]
    assert engine.count == limit - left
    engine.native = engine._left = Interrupted(limit, left, read)  # type: ignore[assignment]
    assert engine.cycles == limit - left + 7
