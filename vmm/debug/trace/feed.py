# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens in a machine, told in order to whoever wants to write it down.

A writer subscribes to the kinds of events that it writes; only those are
watched, so a kind that nobody wants costs nothing.  Events come in the order
in which they happened and carry their time in *cycles* (instructions begun
plus cycles slept): `Feed.nanoseconds` makes virtual time of it.

Watching changes nothing that the guest sees.  Traps come in batches from the
native ledger; before any other event is told, the batch is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.cpu.execution import record_returns
from vmm.debug.trace.lines import NamedLine, find_lines
from vmm.machine.clock import NS
from vmm.machine.machine import Machine, TrapRecord
from vmm.machine.outcome import Ending, Outcome
from vmm.native.library import KIND_RETURN


@dataclass(frozen=True, slots=True)
class Access:
    """A device access of the processor, after it was made."""

    cycle: int
    device: str  # the device's name; "" if nothing answered
    address: int  # physical, or the port's number
    size: int  # bytes
    value: int
    write: bool
    port: bool  # x86 IN or OUT

    @property
    def verb(self) -> str:
        """read, write, in or out."""
        if self.port:
            return "out" if self.write else "in"
        return "write" if self.write else "read"


Traps = Callable[[list[TrapRecord], int], None]  # records, and what to add to a count for its cycle
Accesses = Callable[[Access], None]
Lines = Callable[[int, NamedLine, bool], None]  # cycle, line, its new level
Texts = Callable[[int, str], None]  # cycle, a line of the console without its end
Sleeps = Callable[[int, int], None]  # cycles from and to
Stops = Callable[[int, Outcome], None]


class Feed:
    """The events of one machine.  `close` ends the watching."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.lines: list[NamedLine] = []
        self._traps: list[Traps] = []
        self._accesses: list[Accesses] = []
        self._changes: list[Lines] = []
        self._texts: list[Texts] = []
        self._sleeps: list[Sleeps] = []
        self._stops: list[Stops] = []
        self._text = bytearray()
        self._undo: list[Callable[[], None]] = []

    def nanoseconds(self, cycle: int) -> int:
        """Virtual time of a cycle."""
        return cycle * NS // self.machine.clock.hz

    def flush(self) -> None:
        """Tell the traps so far."""
        self.machine.engine.drain_ledger()

    def close(self) -> None:
        """Tell what is left and watch no more."""
        self.flush()
        self._end_line()
        while self._undo:
            self._undo.pop()()

    def when_closed(self, call: Callable[[], None]) -> None:
        """Have something that was arranged undone when the feed is closed."""
        self._undo.append(call)

    # -- subscribing ----------------------------------------------------------------

    def on_traps(self, told: Traps) -> None:
        """Tell of traps and interrupts, in batches."""
        if not self._traps:
            self.machine.record_ledger(self._recorded)
            self._undo.append(lambda: self.machine.forget_ledger(self._recorded))
        self._traps.append(told)

    def on_returns(self, told: Traps) -> None:
        """Tell of traps and of returns from them (see `record_returns`), in one order."""
        engine = self.machine.engine
        handlers, ledger = engine.handlers, engine.handlers.ledger

        def both(records: list[TrapRecord]) -> None:
            told(records, int(engine.native.idle))
            ledger([record for record in records if record[1] != KIND_RETURN])

        def undo() -> None:
            self.flush()
            handlers.ledger = ledger
            record_returns(engine, False)

        self.on_traps(lambda records, idle: None)  # the ledger is kept
        handlers.ledger = both
        record_returns(engine, True)
        self._undo.append(undo)

    def on_accesses(self, told: Accesses) -> None:
        """Tell of each device access of the processor, after it was made."""
        if not self._accesses:
            self._watch_accesses()
        self._accesses.append(told)

    def on_lines(self, told: Lines) -> None:
        """Tell of each change of an interrupt line; `lines` are all there are."""
        if not self._changes:
            self._reach_devices()
            self.lines = find_lines(self.machine)
            for named in self.lines:
                self._watch_line(named)
        self._changes.append(told)

    def on_texts(self, told: Texts) -> None:
        """Tell of each line that the guest prints on its console."""
        if not self._texts:
            sinks = self.machine.console.sinks
            sinks.append(self._printed)
            self._undo.append(lambda: sinks.remove(self._printed))
        self._texts.append(told)

    def on_sleeps(self, told: Sleeps) -> None:
        """Tell of each stretch of time in which the processor slept, when it is over."""
        if not self._sleeps:
            self._watch_halts()
        self._sleeps.append(told)

    def on_stops(self, told: Stops) -> None:
        """Tell how each run of the machine ended."""
        if not self._stops:
            stopped = self.machine.on_stopped
            stopped.append(self._stopped)
            self._undo.append(lambda: stopped.remove(self._stopped))
        self._stops.append(told)

    # -- watching -------------------------------------------------------------------

    def _recorded(self, records: list[TrapRecord]) -> None:
        idle = int(self.machine.engine.native.idle)
        for told in self._traps:
            told(records, idle)

    def _watch_accesses(self) -> None:
        handlers = self.machine.engine.handlers
        was = handlers.read, handlers.write, handlers.port_in, handlers.port_out

        def undo() -> None:
            handlers.read, handlers.write, handlers.port_in, handlers.port_out = was

        self._reach_devices()
        handlers.read = self._reader(handlers.read, port=False)
        handlers.write = self._writer(handlers.write, port=False)
        handlers.port_in = self._reader(handlers.port_in, port=True)
        handlers.port_out = self._writer(handlers.port_out, port=True)
        self._undo.append(undo)

    def _reach_devices(self) -> None:
        """Have every access reach its device in Python, and so be seen."""
        bus = self.machine.bus
        was = bus.hot_reads

        def undo() -> None:
            bus.hot_reads = was

        bus.hot_reads = False
        self._undo.append(undo)

    def _reader(self, read: Callable[[int, int], int], port: bool) -> Callable[[int, int], int]:
        def watched(address: int, size: int) -> int:
            value = read(address, size)
            self._accessed(address, size, value, False, port)
            return value

        return watched

    def _writer(
        self, write: Callable[[int, int, int], None], port: bool
    ) -> Callable[[int, int, int], None]:
        def watched(address: int, size: int, value: int) -> None:
            write(address, size, value)
            self._accessed(address, size, value, True, port)

        return watched

    def _accessed(self, address: int, size: int, value: int, write: bool, port: bool) -> None:
        self.flush()
        machine = self.machine
        space = machine.bus.ports if port else machine.bus.devices
        placed = space.find(address)
        if placed is None and not port:
            address = int(machine.engine.native.last_unmapped)
        name = "" if placed is None else placed.device.name
        access = Access(machine.engine.cycles, name, address, size, value, write, port)
        for told in self._accesses:
            told(access)

    def _watch_line(self, named: NamedLine) -> None:
        line = named.line

        def changed(level: bool) -> None:
            self.flush()
            cycle = self.machine.engine.cycles
            for told in self._changes:
                told(cycle, named, level)

        def undo() -> None:
            line.watcher = None

        line.watcher = changed
        self._undo.append(undo)

    def _printed(self, data: bytes) -> None:
        self._text += data
        while (end := self._text.find(b"\n")) >= 0:
            text = self._text[:end].removesuffix(b"\r").decode(errors="replace")
            del self._text[: end + 1]
            self.flush()
            cycle = self.machine.engine.cycles
            for told in self._texts:
                told(cycle, text)

    def _end_line(self) -> None:
        if self._text:
            self._printed(b"\n")

    def _watch_halts(self) -> None:
        handlers = self.machine.engine.handlers
        engine, halt = self.machine.engine, handlers.halt

        def watched() -> bool:
            self.flush()
            start = engine.cycles
            stop = halt()
            for told in self._sleeps:
                told(start, engine.cycles)
            return stop

        def undo() -> None:
            handlers.halt = halt

        handlers.halt = watched
        self._undo.append(undo)

    def _stopped(self, outcome: Outcome) -> None:
        self.flush()
        if outcome.ending is not Ending.STOPPED:
            self._end_line()
        for told in self._stops:
            told(self.machine.engine.cycles, outcome)
