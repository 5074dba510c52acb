# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces as JSON lines: one object for each event, in order (schema: docs/traces.md).

Times and counts are decimal numbers; addresses and register values are
strings with hexadecimal digits, because people read them.  Lines of traps
are put together from pieces that are kept: there may be millions of them.
"""

from __future__ import annotations

import json

from vmm.debug.trace.feed import Access, Feed
from vmm.debug.trace.lines import NamedLine
from vmm.debug.trace.output import Output
from vmm.machine.clock import NS
from vmm.machine.ledger import TrapRecord
from vmm.machine.outcome import Outcome

SCHEMA = 1
EVENTS = ("traps", "lines", "accesses", "console", "sleeps")  # stops are always written
KEPT = 1 << 16  # addresses whose text is kept


class JsonLines:
    """Writes the chosen kinds of ``events`` of a feed to a text file."""

    def __init__(self, feed: Feed, file: Output[str], events: tuple[str, ...] = EVENTS) -> None:
        self._feed = feed
        self._write = file.write
        self._hz = feed.machine.clock.hz
        self._kinds: dict[int, str] = {}
        self._places: dict[int, str] = {}
        if "traps" in events:
            feed.on_traps(self._traps)
        if "lines" in events:
            feed.on_lines(self._line)
        if "accesses" in events:
            feed.on_accesses(self._access)
        if "console" in events:
            feed.on_texts(self._text)
        if "sleeps" in events:
            feed.on_sleeps(self._sleep)
        feed.on_stops(self._stop)
        machine = feed.machine
        self._event(machine.engine.cycles, "start", {
            "schema": SCHEMA, "count": machine.engine.count, "machine": machine.name,
            "cpu": machine.processor.model, "hz": machine.clock.hz,
        })

    def _event(self, cycle: int, event: str, fields: dict[str, object]) -> None:
        line = {"t": cycle * NS // self._hz, "event": event, **fields}
        self._write(json.dumps(line, separators=(",", ":")) + "\n")

    def _kind(self, kind: int) -> str:
        name = self._feed.machine.processor.trap_name(kind)
        text = self._kinds[kind] = f'"kind":{kind},"name":{json.dumps(name)}'
        return text

    def _place(self, pc: int) -> str:
        if len(self._places) == KEPT:
            self._places.clear()
        text = f'"pc":"{pc:#010x}"'
        symbol = self._feed.machine.symbols.name(pc)
        if symbol:
            text += f',"symbol":{json.dumps(symbol)}'
        self._places[pc] = text
        return text

    def _traps(self, records: list[TrapRecord], idle: int) -> None:
        kinds, places, hz = self._kinds, self._places, self._hz
        self._write("".join([
            f'{{"t":{(count + idle) * NS // hz},"event":"trap","count":{count},'
            f"{kinds.get(kind) or self._kind(kind)},{places.get(pc) or self._place(pc)},"
            f'"status":"{status:#010x}","info":"{info:#x}"}}\n'
            for count, kind, pc, status, info in records
        ]))

    def _line(self, cycle: int, named: NamedLine, level: bool) -> None:
        self._event(cycle, "line", {
            "device": named.device, "line": named.name, "level": int(level),
        })

    def _access(self, access: Access) -> None:
        self._event(access.cycle, access.verb, {
            "device": access.device, "address": f"{access.address:#x}", "size": access.size,
            "value": f"{access.value:#x}",
        })

    def _text(self, cycle: int, text: str) -> None:
        self._event(cycle, "console", {"text": text})

    def _sleep(self, start: int, end: int) -> None:
        self._event(end, "sleep", {"since": self._feed.nanoseconds(start)})

    def _stop(self, cycle: int, outcome: Outcome) -> None:
        self._event(cycle, "stop", {
            "count": self._feed.machine.engine.count, "ending": outcome.ending.value,
            "status": outcome.status, "text": outcome.text,
        })
