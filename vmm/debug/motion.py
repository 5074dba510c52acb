# SPDX-License-Identifier: GPL-2.0-or-later
"""One motion forwards: run until a breakpoint, a trap, a count, a time, or the end.

While it runs, the past is kept: every so often a snapshot, so that any motion
back has at most about `SLICE_SECONDS` to run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from vmm.debug.breakpoints import Breakpoint, Breakpoints
from vmm.debug.stops import Position, Stop, TrapFilter, TrapInfo, Why
from vmm.machine import diagnosis
from vmm.machine.ledger import TrapRecord
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.state.history import History

SLICE_SECONDS = 0.1  # of real time between snapshots, about
SHORTEST, LONGEST = 20_000, 100_000_000  # instructions between snapshots


@dataclass(slots=True)
class Halt:
    """An internal place to stop at: an address, if the condition holds there."""

    address: int
    condition: Callable[[], bool]


@dataclass(slots=True)
class Request:
    """What one motion looks for besides the breakpoints."""

    until: int | None = None  # instruction count
    time: int | None = None  # virtual nanoseconds
    trap: TrapFilter | None = None  # stop after a trap that matches
    traps: int | None = None  # stop after this trap, by its number
    on_match: Callable[[TrapRecord], None] | None = None  # note traps that match, do not stop
    halts: list[Halt] = field(default_factory=list)
    why: Why = Why.COUNT  # what a stop at ``until`` is called
    breakpoints: bool = True
    passing: bool = True  # a breakpoint at the first instruction is not met


class Mover:
    """Moves one machine forwards."""

    def __init__(self, machine: Machine, breakpoints: Breakpoints, history: History) -> None:
        self.machine = machine
        self.breakpoints = breakpoints
        self.history = history
        self.ended: Outcome | None = None  # the guest's end, once it is reached
        self.interrupted = False
        self._timed = False
        self._trap: TrapInfo | None = None  # the one that the present motion looked for
        self._slice = SHORTEST
        machine.on_heartbeat.append(self._look)

    def position(self) -> Position:
        """Where the machine stands."""
        engine = self.machine.engine
        return Position(engine.count, int(engine.native.recent_count))

    def go(self, request: Request) -> Stop:
        """Run until something of ``request``, a breakpoint, or the end."""
        machine = self.machine
        if self.ended is not None:
            return self.stop(Why.ENDED, outcome=self.ended)
        if request.until is not None and machine.engine.count >= request.until:
            return self.stop(request.why)
        if request.time is not None and machine.clock.now() >= request.time:
            return self.stop(Why.TIME)
        self._trap, self._timed = None, False
        self._set_stops(request)
        timer = None
        if request.time is not None:
            timer = machine.clock.at(request.time, self._time_is_up, "session", host=True)
        if request.trap is not None or request.traps is not None:
            machine.traps.watch(lambda kind: self._watch(kind, request))
        try:
            return self._run(request)
        finally:
            machine.clock.cancel(timer)
            if request.trap is not None or request.traps is not None:
                machine.traps.watch(None)

    def _run(self, request: Request) -> Stop:
        """Slice by slice, a snapshot after each."""
        machine, passing = self.machine, request.passing
        slice_end = machine.engine.count + self._slice
        while True:
            until = slice_end if request.until is None else min(slice_end, request.until)
            started, from_count = time.perf_counter(), machine.engine.count
            outcome = machine.run(until=until, passing=passing)
            stop = self._reason(request, outcome)
            if stop is not None:
                return stop
            passing = machine.stopped_at_breakpoint or machine.stopped_before_access
            if machine.engine.count >= slice_end:
                self._pace(machine.engine.count - from_count, time.perf_counter() - started)
                self.history.note()
                slice_end = machine.engine.count + self._slice

    def _pace(self, instructions: int, seconds: float) -> None:
        fitting = int(instructions * SLICE_SECONDS / max(seconds, 1e-6))
        self._slice = max(SHORTEST, min(fitting, 4 * self._slice, LONGEST))

    def _set_stops(self, request: Request) -> None:
        machine, breakpoints = self.machine, self.breakpoints
        addresses = {halt.address for halt in request.halts}
        watched: Iterable[Breakpoint] = ()
        if request.breakpoints:
            addresses |= {one.address for one in breakpoints.active("code")}
            watched = breakpoints.active("write", "read", "access")
        machine.set_breakpoints(addresses)
        machine.set_watchpoints(
            (one.address, one.size, one.kind) for one in watched if one.kind != "code"
        )

    # -- what is told while it runs ------------------------------------------------------

    def _look(self) -> None:
        if self.interrupted:
            self.machine.stop(Outcome.stopped("interrupted"))

    def _time_is_up(self) -> None:
        self._timed = True
        self.machine.stop(Outcome.stopped("the time has come"))

    def last_trap(self) -> TrapRecord | None:
        """The trap taken last, as the ledger has it."""
        recent = self.machine.engine.recent_traps()
        return recent[-1] if recent else None

    def trap_info(self, record: TrapRecord, before: Mapping[str, int]) -> TrapInfo:
        """A trap with its name and the registers before it."""
        count, kind, pc, status, info = record
        name = self.machine.processor.trap_name(kind)
        return TrapInfo(kind, name, count, pc, status, info, before)

    def _watch(self, kind: int, request: Request) -> None:
        """A trap is about to be taken."""
        machine = self.machine
        record = self.last_trap()
        if record is None or record[1] != kind:  # a semihosting call: no trap of the guest's
            return
        taken = int(machine.engine.native.recent_count)
        wanted = request.trap is not None and request.trap.matches(machine, record)
        if wanted and request.on_match is not None:
            request.on_match(record)
            wanted = False
        if wanted or (request.traps is not None and taken >= request.traps):
            self._trap = self.trap_info(record, machine.processor.registers.snapshot())
            machine.stop(Outcome.stopped(f"trap {self._trap.name}"))

    # -- what it stopped for ---------------------------------------------------------------

    def _reason(self, request: Request, outcome: Outcome) -> Stop | None:
        """What the run just made stopped for; None if it is to go on."""
        machine = self.machine
        reached = request.until is not None and machine.engine.count >= request.until
        access = machine.stopped_at_watchpoint
        if access is not None:
            for one in self.breakpoints.active("write", "read", "access"):
                if one.touched_by(access) and one.holds(machine):
                    return self.stop(Why.WATCHPOINT, breakpoint=one, access=access)
            return self.stop(request.why) if reached else None
        if machine.stopped_at_breakpoint:
            pc = machine.linear_pc
            if any(halt.address == pc and halt.condition() for halt in request.halts):
                return self.stop(request.why)
            for one in self.breakpoints.active("code") if request.breakpoints else ():
                if one.address == pc and one.holds(machine):
                    return self.stop(Why.BREAKPOINT, breakpoint=one)
            return None
        if self._trap is not None:
            return self.stop(Why.TRAP, trap=self._trap)
        if machine.stopped_at_count:
            return self.stop(request.why) if reached else None
        if self._timed:
            return self.stop(Why.TIME)
        if self.interrupted or outcome.ending is Ending.STOPPED:
            return self.stop(Why.INTERRUPTED)
        if outcome.ending is not Ending.TIME:
            self.ended = outcome
        return self.stop(Why.ENDED, outcome=outcome)

    def stop(
        self, why: Why, trap: TrapInfo | None = None, breakpoint: Breakpoint | None = None,
        access: object = None, outcome: Outcome | None = None,
    ) -> Stop:
        """A stop where the machine stands."""
        machine = self.machine
        where = f"at {diagnosis.place(machine, machine.linear_pc)}"
        text = f"{why.value}: {machine.engine.count} instructions, {where}"
        if breakpoint is not None:
            text = f"{why.value} {breakpoint.number} {where}"
        elif trap is not None:
            text = f"trap {trap.name}({trap.kind:#x}) of {trap.pc:#010x}, handler {where}"
        elif outcome is not None:
            text = f"{outcome.text}, {where}"
        elif why is Why.START:
            text = f"the oldest point that is kept, {where}"
        return Stop(why, self.position(), text, trap, breakpoint, access, outcome)  # type: ignore[arg-type]


@contextmanager
def quiet(machine: Machine) -> Iterator[None]:
    """Nobody is told of what happens again: console, networks, ledger, ends of runs."""
    consoles = (machine.console, machine.debug)
    sinks = [console.sinks for console in consoles]
    ledger, ledger_on = machine.ledger.sinks, machine.engine.native.ledger_on
    ends = machine.on_stopped
    for console in consoles:
        console.sinks = []
    for port in machine.ports:
        port.muted = True
    machine.ledger.sinks, machine.on_stopped, machine.engine.native.ledger_on = [], [], 0
    try:
        yield
    finally:
        for console, kept in zip(consoles, sinks, strict=True):
            console.sinks = kept
        for port in machine.ports:
            port.muted = False
        machine.ledger.sinks, machine.on_stopped = ledger, ends
        machine.engine.native.ledger_on = ledger_on
