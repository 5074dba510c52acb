# SPDX-License-Identifier: GPL-2.0-or-later
"""Motion backwards: put back a snapshot of the past, and run again up to the place.

The run is repeated exactly, so a place is its position.  What is looked for
(the last breakpoint, the last trap before the present) is found by running
interval after interval again, the latest first, and noting every hit.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from vmm.debug.motion import Mover, Request, quiet
from vmm.debug.stops import Position, Stop, TrapFilter, Why
from vmm.machine.ledger import TrapRecord
from vmm.state.history import Entry, Moment, now


class Reverse:
    """Takes one machine back."""

    def __init__(self, mover: Mover) -> None:
        self.mover = mover
        self.machine = mover.machine
        self.history = mover.history

    # -- to a place -------------------------------------------------------------------

    def go_to(self, wanted: Position, why: Why = Why.COUNT) -> Stop:
        """To an exact position, forwards or backwards; to the oldest kept if it is older."""
        mover = self.mover
        if wanted >= mover.position():
            with self._ahead(wanted):
                return self._run_to(wanted, why)
        entry = self.history.changed_at(wanted.count)
        if entry is None or entry.moment.traps > wanted.traps:
            entry = self.history.before(Moment(wanted.count, wanted.traps))
        self._put_back(entry)
        if wanted < mover.position():
            return mover.stop(Why.START)
        with quiet(self.machine):
            return self._run_to(wanted, why)

    def _run_to(self, wanted: Position, why: Why) -> Stop:
        """Run to a position that is not behind, past all breakpoints."""
        mover = self.mover
        stop = mover.go(Request(until=wanted.count, why=why, breakpoints=False, passing=False))
        while stop.why is why and mover.position() < wanted:
            stop = mover.go(Request(
                until=wanted.count + 1, traps=wanted.traps, breakpoints=False, passing=False
            ))
            if stop.why is Why.TRAP:
                stop = mover.stop(why, trap=stop.trap)
        return stop

    def _ahead(self, wanted: Position) -> AbstractContextManager[None]:
        """Skip what lies before ``wanted`` as far as it is kept; what is repeated is quiet."""
        entry = self.history.before(Moment(wanted.count, wanted.traps))
        if entry.moment > now(self.machine):
            self._put_back(entry)
        known = self.history.entries[-1].moment.count >= wanted.count
        return quiet(self.machine) if known else nullcontext()

    def _put_back(self, entry: Entry) -> None:
        self.history.put_back(entry)
        self.mover.ended = None

    # -- steps --------------------------------------------------------------------------

    def step(self, count: int) -> Stop:
        """``count`` steps back: a step ends where a count is reached, before interrupts."""
        mover = self.mover
        present = mover.position()
        first = self._first_of(present)
        if first < present:
            count -= 1
        if count == 0:
            return self.go_to(first, Why.STEP)
        return self._to_first_of(present.count - count, Why.STEP)

    def _first_of(self, position: Position) -> Position:
        """The position at which this one's count was reached."""
        mover = self.mover
        self._put_back(self.history.before(Moment(position.count, 0)))
        if mover.position().count < position.count:
            with quiet(self.machine):
                mover.go(Request(until=position.count, breakpoints=False, passing=False))
        return min(mover.position(), position)

    def _to_first_of(self, count: int, why: Why) -> Stop:
        """To where ``count`` instructions have begun, from later."""
        mover = self.mover
        self._put_back(self.history.changed_at(count) or self.history.before(Moment(count, 0)))
        if mover.position().count > count:
            return mover.stop(Why.START)
        with quiet(self.machine):
            return self._run_to(Position(count, 0), why)

    def to_count(self, count: int) -> Stop:
        """To where ``count`` instructions have begun."""
        if count <= self.machine.engine.count:
            return self._to_first_of(count, Why.COUNT)
        return self.go_to(Position(count, 0), Why.COUNT)

    # -- to what is looked for ------------------------------------------------------------

    def run(self) -> Stop:
        """To the latest breakpoint or watchpoint hit before the present."""
        return self._search(self._last_hit)

    def trap(self, wanted: TrapFilter) -> Stop:
        """To the latest trap before the present that matches."""
        return self._search(lambda end: self._last_trap(end, wanted))

    def _search(self, last: Callable[[Position], Stop | None]) -> Stop:
        """Interval by interval, the latest first."""
        mover = self.mover
        end = mover.position()
        while True:
            entry = self.history.before(Moment(end.count, end.traps))
            self._put_back(entry)
            start = mover.position()
            if start >= end:
                return mover.stop(Why.START)
            with quiet(self.machine):
                found = last(end)
            if mover.interrupted:
                return mover.stop(Why.INTERRUPTED)
            if found is not None:
                arrived = self.go_to(found.position, found.why)
                return found if arrived.why is found.why else arrived
            end = start

    def _last_hit(self, end: Position) -> Stop | None:
        """The last breakpoint or watchpoint that is hit from here on, before ``end``."""
        mover = self.mover
        found, passing = None, False
        while mover.position() < end:
            stop = mover.go(Request(until=end.count, passing=passing))
            if stop.why not in (Why.BREAKPOINT, Why.WATCHPOINT) or stop.position >= end:
                break
            found = stop
            passing = stop.why is Why.BREAKPOINT or self.machine.stopped_before_access
        return found

    def _last_trap(self, end: Position, wanted: TrapFilter) -> Stop | None:
        """The last trap that matches from here on, where the machine stands before ``end``.

        A trap of another's delivery follows without a boundary between: the two are one place.
        """
        mover, machine = self.mover, self.machine
        matched: list[Moment] = []  # by the number of the trap

        def note(record: TrapRecord) -> None:
            matched.append(Moment(record[0], int(machine.engine.native.recent_count)))

        look = Request(
            until=end.count, trap=wanted, on_match=note, breakpoints=False, passing=False
        )
        stop = mover.go(look)
        if stop.why is look.why and stop.position < end:
            mover.go(replace(look, until=end.count + 1, traps=end.traps))
        while matched:
            moment = matched.pop()
            if moment.traps > end.traps:
                continue
            self._put_back(self.history.before(moment))
            stop = mover.go(Request(traps=moment.traps, breakpoints=False, passing=False))
            if stop.why is Why.TRAP and stop.position < end:
                return stop
        return None

