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
from typing import Generic, TypeVar

from vmm.cpu.execution import record_returns
from vmm.debug.trace.lines import NamedLine, find_lines
from vmm.machine.clock import NS
from vmm.machine.ledger import TrapRecord
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.native.library import KIND_RETURN


@dataclass(frozen=True, slots=True)
class Access:
    """A device access of the processor, after it was made."""

    device: str  # the device's name; "" if nothing answered
    address: int  # physical, or the port's number
    size: int  # bytes
    value: int
    write: bool
    port: bool  # x86 IN or OUT
    cycle: int  # when: instructions begun plus cycles slept

    @property
    def verb(self) -> str:
        """read, write, in or out."""
        if self.port:
            return "out" if self.write else "in"
        return "write" if self.write else "read"


T = TypeVar("T")
Traps = Callable[[list[TrapRecord], int], None]  # records, and what to add to a count for its cycle
Accesses = Callable[[Access], None]
Lines = Callable[[int, NamedLine, bool], None]  # cycle, line, its new level
Texts = Callable[[int, str], None]  # cycle, a line of the console without its end
Sleeps = Callable[[int, int], None]  # cycles from and to
Stops = Callable[[int, Outcome], None]


class Channel(Generic[T]):
    """Those who want one kind of event; it is watched for while there are any.

    ``watch`` begins to watch, and returns what ends that.
    """

    def __init__(self, watch: Callable[[], Callable[[], None]]) -> None:
        self.told: list[T] = []
        self._watch = watch
        self._end: Callable[[], None] = lambda: None

    def add(self, told: T) -> None:
        """One more."""
        if not self.told:
            self._end = self._watch()
        self.told.append(told)

    def remove(self, told: T) -> None:
        """One less."""
        self.told.remove(told)
        if not self.told:
            self._end()


class Feed:
    """The events of one machine.  There should be one feed for a machine, for all who listen."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.lines: list[NamedLine] = []
        self._traps = Channel[Traps](self._watch_traps)
        self._returns = Channel[Traps](self._watch_returns)
        self._accesses = Channel[Accesses](self._watch_accesses)
        self._changes = Channel[Lines](self._watch_lines)
        self._texts = Channel[Texts](self._watch_console)
        self._sleeps = Channel[Sleeps](self._watch_halts)
        self._stops = Channel[Stops](self._watch_stops)
        self._text = bytearray()
        self._reaching = 0  # who wants every access to reach its device
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

    def mark(self) -> int:
        """A place among the subscriptions, for `take`."""
        return len(self._undo)

    def take(self, mark: int) -> list[Callable[[], None]]:
        """What ends the subscriptions since ``mark``; `close` leaves them then."""
        taken, self._undo = self._undo[mark:], self._undo[:mark]
        return taken

    # -- subscribing ----------------------------------------------------------------

    def when_closed(self, call: Callable[[], None]) -> None:
        """Have something that was arranged undone when the feed is closed."""
        self._undo.append(call)

    def _add(self, channel: Channel[T], told: T) -> None:
        channel.add(told)
        self._undo.append(lambda: channel.remove(told))

    def on_traps(self, told: Traps) -> None:
        """Tell of traps and interrupts, in batches."""
        self._add(self._traps, told)

    def on_returns(self, told: Traps) -> None:
        """Tell of traps and of returns from them (see `record_returns`), in one order."""
        self._add(self._returns, told)

    def on_accesses(self, told: Accesses) -> None:
        """Tell of each device access of the processor, after it was made."""
        self._add(self._accesses, told)

    def on_lines(self, told: Lines) -> None:
        """Tell of each change of an interrupt line; `lines` are all there are."""
        self._add(self._changes, told)

    def on_texts(self, told: Texts) -> None:
        """Tell of each line that the guest prints on its console."""
        self._add(self._texts, told)

    def on_sleeps(self, told: Sleeps) -> None:
        """Tell of each stretch of time in which the processor slept, when it is over."""
        self._add(self._sleeps, told)

    def on_stops(self, told: Stops) -> None:
        """Tell how each run of the machine ended."""
        self._add(self._stops, told)

    # -- watching -------------------------------------------------------------------

    def _watch_traps(self) -> Callable[[], None]:
        self.machine.ledger.record(self._recorded)
        return lambda: self.machine.ledger.forget(self._recorded)

    def _recorded(self, records: list[TrapRecord]) -> None:
        idle = int(self.machine.engine.native.idle)
        for told in self._traps.told:
            told(records, idle)

    def _watch_returns(self) -> Callable[[], None]:
        engine = self.machine.engine
        handlers, ledger = engine.handlers, engine.handlers.ledger

        def both(records: list[TrapRecord]) -> None:
            idle = int(engine.native.idle)
            for told in self._returns.told:
                told(records, idle)
            ledger([record for record in records if record[1] != KIND_RETURN])

        def keep(records: list[TrapRecord], idle: int) -> None:
            """The ledger is kept while somebody listens."""

        def end() -> None:
            self.flush()
            handlers.ledger = ledger
            record_returns(engine, False)
            self._traps.remove(keep)

        self._traps.add(keep)
        handlers.ledger = both
        record_returns(engine, True)
        return end

    def _reach_devices(self) -> None:
        """Have every access reach its device in Python, and so be seen."""
        self._reaching += 1
        self.machine.bus.hot_reads = False

    def _reach_no_more(self) -> None:
        self._reaching -= 1
        self.machine.bus.hot_reads = self._reaching == 0

    def _watch_accesses(self) -> Callable[[], None]:
        handlers = self.machine.engine.handlers
        was = handlers.read, handlers.write, handlers.port_in, handlers.port_out

        def end() -> None:
            handlers.read, handlers.write, handlers.port_in, handlers.port_out = was
            self._reach_no_more()

        self._reach_devices()
        handlers.read = self._reader(handlers.read, port=False)
        handlers.write = self._writer(handlers.write, port=False)
        handlers.port_in = self._reader(handlers.port_in, port=True)
        handlers.port_out = self._writer(handlers.port_out, port=True)
        return end

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
        access = Access(name, address, size, value, write, port, machine.engine.cycles)
        for told in self._accesses.told:
            told(access)

    def _watch_lines(self) -> Callable[[], None]:
        self._reach_devices()
        self.lines = find_lines(self.machine)
        for named in self.lines:
            named.line.watcher = self._changed(named)

        def end() -> None:
            for named in self.lines:
                named.line.watcher = None
            self._reach_no_more()

        return end

    def _changed(self, named: NamedLine) -> Callable[[bool], None]:
        def changed(level: bool) -> None:
            self.flush()
            cycle = self.machine.engine.cycles
            for told in self._changes.told:
                told(cycle, named, level)

        return changed

    def _watch_console(self) -> Callable[[], None]:
        sinks = self.machine.console.sinks
        sinks.append(self._printed)
        return lambda: sinks.remove(self._printed)

    def _printed(self, data: bytes) -> None:
        self._text += data
        while (end := self._text.find(b"\n")) >= 0:
            text = self._text[:end].removesuffix(b"\r").decode(errors="replace")
            del self._text[: end + 1]
            self.flush()
            cycle = self.machine.engine.cycles
            for told in self._texts.told:
                told(cycle, text)

    def _end_line(self) -> None:
        if self._text:
            self._printed(b"\n")

    def _watch_halts(self) -> Callable[[], None]:
        engine = self.machine.engine
        halt = engine.handlers.halt

        def watched() -> bool:
            self.flush()
            start = engine.cycles
            stop = halt()
            for told in self._sleeps.told:
                told(start, engine.cycles)
            return stop

        return engine.watch_halts(watched)

    def _watch_stops(self) -> Callable[[], None]:
        stopped = self.machine.on_stopped
        stopped.append(self._stopped)
        return lambda: stopped.remove(self._stopped)

    def _stopped(self, outcome: Outcome) -> None:
        self.flush()
        if outcome.ending is not Ending.STOPPED:
            self._end_line()
        for told in self._stops.told:
            told(self.machine.engine.cycles, outcome)
