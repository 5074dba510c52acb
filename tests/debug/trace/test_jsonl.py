# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON lines: every event, in order, and no change to the run."""

from __future__ import annotations

import io
import json

import pytest
from traced import ARCHITECTURES, boot

from vmm.debug.trace.feed import Feed
from vmm.debug.trace.jsonl import EVENTS, JsonLines
from vmm.machine.machine import Machine

STEPS = 400_000  # instructions: enough for each kind of event on each board


def trace(machine: Machine, events: tuple[str, ...] = EVENTS, steps: int = STEPS) -> list[dict]:
    file = io.StringIO()
    feed = Feed(machine)
    JsonLines(feed, file, events)
    machine.run(until=steps)
    feed.close()
    return [json.loads(line) for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_events_are_complete_ordered_and_change_nothing(guest, architecture) -> None:
    plain = boot(guest, architecture, "traps")
    ledger: list[tuple[int, ...]] = []
    plain.ledger.record(ledger.extend)
    plain.run(until=STEPS)

    machine = boot(guest, architecture, "traps")
    events = trace(machine)
    traps = [e for e in events if e["event"] == "trap"]
    told = [(e["count"], e["kind"], int(e["pc"], 0), int(e["status"], 0), int(e["info"], 0))
            for e in traps]
    assert told == ledger and ledger
    assert machine.engine.cycles == plain.engine.cycles
    assert machine.console.tail == plain.console.tail

    assert [e["t"] for e in events] == sorted(e["t"] for e in events)
    assert events[0]["event"] == "start" and events[0]["schema"] == 1
    stop = next(e for e in events if e["event"] == "stop")
    assert stop["count"] == STEPS and stop["ending"] == "stopped"
    printed = "\n".join(e["text"] for e in events if e["event"] == "console")
    assert printed.splitlines() == plain.console.tail.decode().replace("\r", "").splitlines()


def test_time_passes_while_the_processor_sleeps(guest) -> None:
    events = trace(boot(guest, "sparc", "timers"), steps=1_600_000)
    sleeps = [e for e in events if e["event"] == "sleep"]
    assert sleeps and all(e["t"] > e["since"] for e in sleeps)
    # What woke the processor was at the end of its sleep: a line, then the interrupt.
    at = events.index(sleeps[0])
    assert [e["event"] for e in events[at - 1 : at + 2]] == ["line", "sleep", "trap"]
    assert {e["t"] for e in events[at - 1 : at + 2]} == {sleeps[0]["t"]}


def test_a_line_change_belongs_to_its_device(guest) -> None:
    events = trace(boot(guest, "sparc", "timers"), ("lines",), steps=1_600_000)
    lines = {(e["device"], e["line"]) for e in events if e["event"] == "line"}
    assert ("gptimer", "irqmp.6") in lines
    assert not [e for e in events if e["event"] in ("trap", "read", "write", "console")]


def test_closed_traces_are_told_no_more(guest) -> None:
    machine = boot(guest, "sparc", "timers")
    events = trace(machine, steps=1000)
    machine.run(until=STEPS)
    assert events[-1]["count"] == 1000
    assert machine.engine.native.ledger_on == 0
    assert machine.bus.hot_reads and not machine.on_stopped


def test_an_address_that_nobody_answers_is_named(guest) -> None:
    machine = boot(guest, "x86", "../hostile/x86/unmapped")
    events = trace(machine, ("accesses",))
    assert any(e["event"] == "read" and e["device"] == "" for e in events)
