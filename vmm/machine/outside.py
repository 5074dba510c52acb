# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's side of a machine: descriptors that it listens at, and real time.

A guest that sleeps skips time: virtual time jumps to the next event.  Two
things make a sleep last: a source that *expects* something from outside (an
open connection), for then the guest's time-outs must not pass before the
outside had its chance; and *pace*, with which virtual time never runs ahead of
the clock on the wall.  A sleep that ends early, because something has come,
has lasted as long as it really did.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Sequence
from typing import Protocol

NS = 1_000_000_000
ALWAYS = select.POLLERR | select.POLLHUP | select.POLLNVAL  # what poll(2) reports unasked
LONGEST = 0.05  # seconds that one wait lasts at most: somebody may want to stop the run


class Source(Protocol):
    """Something of the host's that may have input for the guest."""

    def descriptors(self) -> Sequence[tuple[int, int]]:
        """What to wait for: file descriptors with `select.poll` masks."""

    def take(self, found: Sequence[int]) -> None:
        """Take what has come: the masks found, in the order of `descriptors`."""

    @property
    def expects(self) -> bool:
        """Whether the guest, asleep, should wait for it in real time."""


class Outside:
    """All sources of one machine."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.paced = False
        self.recorded = False  # what comes from outside is a recording's: nobody is asked
        self._wall: int | None = None  # the real time at which virtual time was 0, if paced

    def set_pace(self, now: int) -> None:
        """From now on (virtual ns) virtual time is never ahead of real time."""
        self.paced = True
        self._wall = time.monotonic_ns() - now

    @property
    def holds(self) -> bool:
        """Whether a sleep of the guest takes real time."""
        return self.paced or any(source.expects for source in self.sources)

    def _poll(self, seconds: float) -> list[tuple[Source, list[int]]]:
        """Wait until something comes, at most so long: each source's masks found, if it waits."""
        waiting = [(source, source.descriptors()) for source in self.sources]
        poll = select.poll()
        masks: dict[int, int] = {}
        for _, wanted in waiting:
            for descriptor, mask in wanted:
                masks[descriptor] = masks.get(descriptor, 0) | mask
        for descriptor, mask in masks.items():
            poll.register(descriptor, mask)
        came = dict(poll.poll(math.ceil(seconds * 1000)))
        return [
            (source, [came.get(fd, 0) & (mask | ALWAYS) for fd, mask in wanted])
            for source, wanted in waiting if wanted
        ]

    def wait(self, seconds: float) -> None:
        """Wait until something comes, at most so long."""
        self._poll(seconds)

    def look(self) -> None:
        """Take what has come."""
        if self.sources:
            for source, found in self._poll(0):
                source.take(found)

    def sleep(self, now: int, until: int) -> int:
        """Let a sleeping guest's time pass from ``now`` to ``until`` (virtual ns), or less.

        Returns the nanoseconds that have gone by.  Nothing has been taken yet: it enters
        once they are on the guest's clock.
        """
        started = time.monotonic_ns()
        wanted = until - now if self._wall is None else self._wall + until - started
        if wanted > 0:
            self._poll(min(wanted / NS, LONGEST))
        gone = time.monotonic_ns() - started
        return until - now if gone >= wanted else min(gone, until - now)

    def slow_down(self, now: int) -> None:
        """Have real time catch up with a busy guest (virtual ns), a part of it at most."""
        if self._wall is not None:
            ahead = self._wall + now - time.monotonic_ns()
            if ahead > 0:
                self._poll(min(ahead / NS, LONGEST))
