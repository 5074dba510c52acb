# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces for the Perfetto viewer (https://ui.perfetto.dev), with things as tracks.

One process is the machine.  Its tracks: what the processor's privilege is and
when it sleeps, traps as slices from entry to return, interrupt lines as
counters of 0 and 1, accesses and console lines as instants, one track a
device.  The messages are those of protos/perfetto/trace; field numbers are
named after them.  A new kind of track is a `Perfetto.track` and its packets.

Where a trap returned is known from return instructions.  A guest may leave a
trap in other ways (a scheduler that goes on elsewhere): entering user mode
ends all slices, and so does the trap that would be nested deeper than `DEEP`.
"""

from __future__ import annotations

from vmm.debug.flow import in_user_mode
from vmm.debug.trace.feed import Access, Feed
from vmm.debug.trace.lines import NamedLine
from vmm.debug.trace.output import Output
from vmm.debug.trace.protobuf import message, number, text
from vmm.machine.clock import NS
from vmm.machine.ledger import TrapRecord
from vmm.machine.outcome import Outcome
from vmm.native.library import KIND_RETURN

PACKET = 1
TIMESTAMP, SEQUENCE, TRACK_EVENT, INTERNED, FLAGS, TRACK_DESCRIPTOR = 8, 10, 11, 12, 13, 60
TYPE, NAME_IID, TRACK_UUID, NAME, COUNTER_VALUE, ANNOTATION = 9, 10, 11, 23, 30, 4
SLICE_BEGIN, SLICE_END, INSTANT, COUNTER = 1, 2, 3, 4
UUID, DESCRIPTOR_NAME, PROCESS, PARENT, DESCRIPTOR_COUNTER = 1, 2, 3, 5, 8
ORDERING, RANK, EXPLICIT = 11, 12, 3
PID, PROCESS_NAME = 1, 6
EVENT_NAMES, IID, EVENT_NAME = 2, 1, 2
ANNOTATION_NAME, ANNOTATION_UINT, ANNOTATION_POINTER, ANNOTATION_STRING = 10, 3, 7, 6
CLEARED, NEEDS = 1, 2  # sequence_flags: interned names start, names are used

MACHINE = 1  # the uuid of the process, and its pid
DEEP = 32  # traps inside traps
USER, SUPERVISOR = "user", "supervisor"


class Perfetto:
    """Writes a feed to a binary file; `finish` ends the open slices."""

    def __init__(self, feed: Feed, file: Output[bytes]) -> None:
        self._feed = feed
        self._machine = machine = feed.machine
        self._write = file.write
        self._hz = machine.clock.hz
        self._tracks = MACHINE
        self._names: dict[str, bytes] = {}
        self._open: list[int] = []  # kinds of the traps that have not returned
        self._lines: dict[int, bytes] = {}
        self._devices: dict[str, bytes] = {}
        self._latest = machine.engine.cycles
        self._put(
            number(FLAGS, CLEARED),
            message(TRACK_DESCRIPTOR, number(UUID, MACHINE), number(ORDERING, EXPLICIT),
                    message(PROCESS, number(PID, MACHINE), text(PROCESS_NAME, machine.name))),
        )
        cpu = machine.processor.model
        self._privilege_track = self.track(f"{cpu} privilege")
        self._trap_track = self.track(f"{cpu} traps")
        self._console_track = self.track("console")
        self._level = ""
        self._set_level(self._latest, USER if in_user_mode(machine) else SUPERVISOR)
        feed.on_returns(self._traps)
        feed.on_sleeps(self._sleep)
        feed.on_texts(self._text)
        feed.on_lines(self._line)
        feed.on_accesses(self._access)
        feed.on_stops(self._stop)
        for named in feed.lines:
            self._lines[id(named)] = self.track(f"{named.device} {named.name}", counter=True)
            self._count(self._latest, self._lines[id(named)], named.line.level)

    # -- packets --------------------------------------------------------------------

    def track(self, name: str, counter: bool = False) -> bytes:
        """A new track below the machine, as the field that puts an event on it."""
        self._tracks += 1
        self._put(message(
            TRACK_DESCRIPTOR, number(UUID, self._tracks), number(PARENT, MACHINE),
            text(DESCRIPTOR_NAME, name), number(RANK, self._tracks),
            message(DESCRIPTOR_COUNTER) if counter else b"",
        ))
        return number(TRACK_UUID, self._tracks)

    def _put(self, *fields: bytes) -> None:
        self._write(message(PACKET, number(SEQUENCE, 1), *fields))

    def _name(self, name: str) -> bytes:
        """The field for an event's name, which is told once."""
        field = self._names.get(name)
        if field is None:
            iid = len(self._names) + 1
            self._put(number(FLAGS, NEEDS), message(
                INTERNED, message(EVENT_NAMES, number(IID, iid), text(EVENT_NAME, name))))
            field = self._names[name] = number(NAME_IID, iid)
        return field

    def _event(self, cycle: int, kind: int, track: bytes, *fields: bytes) -> None:
        self._latest = max(self._latest, cycle)
        self._put(
            number(FLAGS, NEEDS), number(TIMESTAMP, cycle * NS // self._hz),
            message(TRACK_EVENT, number(TYPE, kind), track, *fields),
        )

    def _count(self, cycle: int, track: bytes, value: int) -> None:
        self._event(cycle, COUNTER, track, number(COUNTER_VALUE, int(value)))

    # -- the processor --------------------------------------------------------------

    def _set_level(self, cycle: int, level: str) -> None:
        if level != self._level:
            if self._level:
                self._event(cycle, SLICE_END, self._privilege_track)
            self._level = level
            self._event(cycle, SLICE_BEGIN, self._privilege_track, self._name(level))

    def _traps(self, records: list[TrapRecord], idle: int) -> None:
        for count, kind, pc, status, info in records:
            cycle = count + idle
            if kind != KIND_RETURN:
                self._trap(cycle, kind, pc, status, info)
                continue
            if info and self._open:
                self._leave(cycle)
            if not status:
                self._leave_all(cycle)
            self._set_level(cycle, SUPERVISOR if status else USER)

    def _trap(self, cycle: int, kind: int, pc: int, status: int, info: int) -> None:
        if kind in self._machine.traps.services:  # the board's firmware answers: nothing is entered
            entry = INSTANT
        else:
            entry = SLICE_BEGIN
            if len(self._open) == DEEP:
                self._leave_all(cycle)
            self._open.append(kind)
        self._event(
            cycle, entry, self._trap_track, self._name(self._machine.processor.trap_name(kind)),
            _pointer("pc", pc), _pointer("status", status), _pointer("info", info),
            self._symbol(pc),
        )
        if entry == SLICE_BEGIN:
            self._set_level(cycle, SUPERVISOR)

    def _symbol(self, pc: int) -> bytes:
        name = self._machine.symbols.name(pc)
        return _annotation("symbol", text(ANNOTATION_STRING, name)) if name else b""

    def _leave(self, cycle: int) -> None:
        self._open.pop()
        self._event(cycle, SLICE_END, self._trap_track)

    def _leave_all(self, cycle: int) -> None:
        while self._open:
            self._leave(cycle)

    def _sleep(self, start: int, end: int) -> None:
        self._event(start, SLICE_BEGIN, self._privilege_track, self._name("asleep"))
        self._event(end, SLICE_END, self._privilege_track)

    # -- lines, devices, the console --------------------------------------------------

    def _line(self, cycle: int, named: NamedLine, level: bool) -> None:
        self._count(cycle, self._lines[id(named)], level)

    def _access(self, access: Access) -> None:
        device = access.device or "nobody"
        track = self._devices.get(device)
        if track is None:
            track = self._devices[device] = self.track(f"{device} accesses")
        self._event(
            access.cycle, INSTANT, track, self._name(f"{access.verb} {access.address:#x}"),
            _pointer("value", access.value),
            _annotation("size", number(ANNOTATION_UINT, access.size)),
        )

    def _text(self, cycle: int, line: str) -> None:
        self._event(cycle, INSTANT, self._console_track, text(NAME, line))

    def _stop(self, cycle: int, outcome: Outcome) -> None:
        self._event(cycle, INSTANT, self._privilege_track, text(NAME, outcome.text))

    def finish(self) -> None:
        """End what is open, at the time of the last event."""
        self._leave_all(self._latest)
        self._event(self._latest, SLICE_END, self._privilege_track)


def _annotation(name: str, value: bytes) -> bytes:
    return message(ANNOTATION, text(ANNOTATION_NAME, name), value)


def _pointer(name: str, value: int) -> bytes:
    """An annotation that is shown with hexadecimal digits."""
    return _annotation(name, number(ANNOTATION_POINTER, value))
