"""Virtual time and the event queue.

Time advances only with retired guest instructions: one *cycle* is one
instruction, and a board says how many cycles make a second (``hz``).  While
all processors are halted the clock jumps to the next event.  Nothing here
reads the host clock, so two runs of the same inputs see the same times.

Devices see nanoseconds (`now`) or the ticks of their own input clock
(`ticks`), and ask to be called back with `at` or `at_tick`.  Events run at the
first instruction boundary whose time is not before the time asked for, in the
order of their times, and at equal times in the order they were asked for.
"""

from __future__ import annotations

import ctypes as C
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from vmm.native import library as native

NS = 1_000_000_000
NEVER = 1 << 62  # the cycle of a timer that is not set
FIRST = 1 << 62  # more than events are ever asked for


@dataclass(slots=True, eq=False)
class Event:
    """One pending callback; `Clock.cancel` withdraws it."""

    cycle: int
    callback: Callable[[], None]
    name: str = ""
    live: bool = field(default=True)
    host: bool = False  # asked for by the host (a time limit), no part of the machine's state


class Timer:
    """One callback of a device that is asked for again and again, at one time at most.

    Its time is in memory that the native layer may share (`share`): then that layer sets and
    watches it too, and calls back by itself or leaves it to `Clock.run_due`.
    """

    __slots__ = ("callback", "clock", "modelled", "name", "state")

    def __init__(self, clock: Clock, callback: Callable[[], None], name: str) -> None:
        self.clock = clock
        self.callback = callback
        self.name = name
        self.modelled = False
        self.state = native.Timer(cycle=NEVER)

    def share(self) -> None:
        """From now on the native layer knows it (`vmm.machine.models`); while it is not set."""
        self.modelled = True
        self.clock.modelled.append(self)

    @property
    def pending(self) -> bool:
        """Whether it is set."""
        return bool(self.state.cycle != NEVER)

    def at_cycle(self, cycle: int) -> None:
        """Call back once ``cycle`` cycles have gone by, and at no other time."""
        clock = self.clock
        clock.sequence.value += 1
        self.state.cycle, self.state.order = min(cycle, NEVER), clock.sequence.value
        if not self.modelled and self not in clock.armed:
            clock.armed.append(self)
        clock.rearm()

    def at_tick(self, frequency: int, tick: int) -> None:
        """Call back when ``ticks(frequency)`` first reaches ``tick``, and at no other time."""
        self.at_cycle(-(-tick * self.clock.hz // frequency))

    def cancel(self) -> None:
        """Do not call back."""
        self.state.cycle = NEVER
        if self in self.clock.armed:
            self.clock.armed.remove(self)


class Clock:
    """Virtual time of one machine.

    ``hz`` is the number of cycles (instructions) in a virtual second.
    ``source`` returns the cycles that have gone by; a test without a
    processor leaves it out and moves time with `advance`.  ``rearm`` is
    called whenever the earliest event changes.
    """

    def __init__(
        self,
        hz: int,
        source: Callable[[], int] | None = None,
        rearm: Callable[[], None] | None = None,
    ) -> None:
        if hz <= 0:
            raise ValueError(f"clock rate must be positive, not {hz}")
        self.hz = hz
        self._manual = 0
        self.source = source or (lambda: self._manual)
        self.rearm = rearm or (lambda: None)
        self._queue: list[tuple[int, int, Event]] = []
        self.sequence = C.c_int64(0)  # how often a time was asked for
        self._timers: list[Timer] = []
        self.modelled: list[Timer] = []  # of these, those that the native layer sets too
        self.armed: list[Timer] = []  # and of the others those that are set

    # -- reading time -------------------------------------------------------

    def cycles(self) -> int:
        """Cycles since reset."""
        return self.source()

    def now(self) -> int:
        """Virtual nanoseconds since reset, rounded down."""
        return self.source() * NS // self.hz

    def ticks(self, frequency: int) -> int:
        """Whole periods of a clock of ``frequency`` Hz since reset."""
        return self.source() * frequency // self.hz

    # -- asking for events --------------------------------------------------

    def at_cycle(
        self, cycle: int, callback: Callable[[], None], name: str = "", host: bool = False,
        first: bool = False,
    ) -> Event:
        """Call back once ``cycle`` cycles have gone by (at once if they have).

        ``first`` puts it before the others of that cycle, whenever it was asked for.
        """
        event = Event(cycle, callback, name, host=host)
        self.sequence.value += 1
        order = self.sequence.value - FIRST if first else self.sequence.value
        heapq.heappush(self._queue, (cycle, order, event))
        if self._queue[0][2] is event:
            self.rearm()
        return event

    def at(
        self, when: int, callback: Callable[[], None], name: str = "", host: bool = False
    ) -> Event:
        """Call back at ``when`` virtual nanoseconds after reset."""
        return self.at_cycle(-(-when * self.hz // NS), callback, name, host)

    def at_tick(
        self, frequency: int, tick: int, callback: Callable[[], None], name: str = ""
    ) -> Event:
        """Call back when ``ticks(frequency)`` first reaches ``tick``."""
        return self.at_cycle(-(-tick * self.hz // frequency), callback, name)

    def timer(self, callback: Callable[[], None], name: str = "") -> Timer:
        """A new timer, not set."""
        timer = Timer(self, callback, name)
        self._timers.append(timer)
        return timer

    def cancel(self, event: Event | None) -> None:
        """Withdraw an event; one that has run, or None, is no error."""
        if event is not None:
            event.live = False

    def pending(self) -> list[Event]:
        """The live events and set timers in the order in which they will run."""
        found = [entry for entry in self._queue if entry[2].live]
        for timer in self._timers:
            if timer.pending:
                cycle = int(timer.state.cycle)
                event = Event(cycle, timer.callback, timer.name)
                found.append((cycle, int(timer.state.order), event))
        return [event for _, _, event in sorted(found, key=lambda e: e[:2])]

    # -- running events (for the machine) -----------------------------------

    def _first(self) -> tuple[int, int, Event | Timer] | None:
        """Cycle and order of what is to run first, and what it is."""
        queue = self._queue
        while queue and not queue[0][2].live:
            heapq.heappop(queue)
        first: tuple[int, int, Event | Timer] | None = queue[0] if queue else None
        for timers in (self.armed, self.modelled):
            for timer in timers:
                cycle = timer.state.cycle
                if cycle != NEVER and (first is None or cycle <= first[0]):
                    order = timer.state.order
                    if first is None or (cycle, order) < first[:2]:
                        first = (cycle, order, timer)
        return first

    def next_cycle(self) -> int | None:
        """The cycle of the earliest live event or timer, or None."""
        first = self._first()
        return None if first is None else first[0]

    def next_unmodelled(self) -> int | None:
        """The same without the timers that the native layer watches."""
        queue = self._queue
        while queue and not queue[0][2].live:
            heapq.heappop(queue)
        first = queue[0][0] if queue else NEVER
        for timer in self.armed:
            first = min(first, timer.state.cycle)
        return None if first == NEVER else first

    def run_due(self) -> int:
        """Run every event and timer whose time has come; return how many ran."""
        ran = 0
        while (first := self._first()) is not None and first[0] <= self.source():
            due = first[2]
            if isinstance(due, Timer):
                due.cancel()
            else:
                heapq.heappop(self._queue)
                due.live = False
            due.callback()
            ran += 1
        return ran

    # -- for snapshots --------------------------------------------------------

    def forget_cancelled(self) -> None:
        """Drop events that were withdrawn: they are no state."""
        self._queue[:] = [entry for entry in self._queue if entry[2].live]
        heapq.heapify(self._queue)

    def host_events(self) -> list[tuple[int, int, Event]]:
        """The live events that the host has asked for."""
        return [entry for entry in self._queue if entry[2].host and entry[2].live]

    def exchange_host_events(self, present: list[tuple[int, int, Event]]) -> None:
        """Replace the host's events, after the queue has been put back, by those of now."""
        self._queue[:] = [entry for entry in self._queue if not entry[2].host] + present
        heapq.heapify(self._queue)

    # -- tests without a processor ------------------------------------------

    def advance(self, nanoseconds: int) -> None:
        """Move a clock that has no processor forward, running events on time."""
        target = self._manual + nanoseconds * self.hz // NS
        while (cycle := self.next_cycle()) is not None and cycle <= target:
            self._manual = max(self._manual, cycle)
            self.run_due()
        self._manual = target
