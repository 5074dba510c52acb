# SPDX-License-Identifier: GPL-2.0-or-later
"""Halts that the native layer answers: the run is the one in which Python answers them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from vmm import boards
from vmm.boards.options import Options
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.machine.statistics import statistics
from vmm.state.snapshot import Snapshot, restore, take

GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
RUN = 30_000  # instructions: hundreds of halts
IRQMP_MASK, TIMER, RAM = 0x80000240, 0x80000300, 0x40000000
MS = 1_000_000

Ledger = list[tuple[int, int, int, int, int]]


def machine(architecture: str) -> Machine:
    """The bench's guest that sleeps, and wakes by a timer, over and over: in its first sleeps."""
    kernel = GUESTS / "bench" / architecture / "sleep.elf"
    m = boards.create(Options(BOARDS[architecture], {}, None, None, kernel, None, ""))
    while not m.engine.native.halts:
        m.run(until=m.engine.count + 5000)
    return m


class Halts:
    """Counts the halts that reach Python, without asking for any."""

    def __init__(self, m: Machine) -> None:
        self.count = 0
        self._halt = m.engine.handlers.halt
        m.engine.handlers.halt = self.halt

    def halt(self) -> bool:
        self.count += 1
        return self._halt()


def ended(m: Machine) -> dict[str, object]:
    """All that a run can be told by, but how long it took."""
    found = statistics(m)
    for name in ("host_seconds", "processor_seconds"):
        del found[name]
    return found


def told_of_each(m: Machine) -> None:
    m.engine.watch_halts(m.engine.handlers.halt)


def as_it_is(m: Machine) -> None:
    """Nobody asks for halts."""


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_a_run_is_the_same_either_way(architecture: str) -> None:
    runs: list[tuple[Ledger, dict[str, object]]] = []
    for prepare in (as_it_is, told_of_each):
        m = machine(architecture)
        prepare(m)
        ledger: Ledger = []
        m.ledger.record(ledger.extend)
        halts = Halts(m)
        before = int(m.engine.native.halts)
        m.run(until=m.engine.count + RUN)
        made = int(m.engine.native.halts) - before
        assert made > 300
        assert halts.count <= 1 + made // 1024 if prepare is as_it_is else halts.count == made
        runs.append((ledger, ended(m)))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_slices_and_single_steps_find_the_same_times(architecture: str) -> None:
    """Wherever a run stops, it stops after the same sleep."""
    whole, pieces, asked = machine(architecture), machine(architecture), machine(architecture)
    told_of_each(asked)
    rng = random.Random(7)
    until = whole.engine.count
    end = until + RUN
    while until < end:
        until += rng.choice((1, 1, 2, rng.randrange(1, 300)))
        for m in (pieces, asked):
            m.run(until=until)
        assert pieces.engine.count == asked.engine.count
        assert pieces.engine.cycles == asked.engine.cycles, until
    whole.run(until=until)
    assert whole.engine.cycles == pieces.engine.cycles
    assert whole.processor.registers.snapshot() == pieces.processor.registers.snapshot()


class Visitor:
    """An event of Python's, over and over: when it came, and whether a timer was still to come."""

    def __init__(self, m: Machine) -> None:
        self.log: list[tuple[int, int, bool]] = []
        self._machine, self._rng = m, random.Random(5)
        self.event()

    def event(self) -> None:
        clock, now = self._machine.clock, self._machine.engine.cycles
        timers = [t.state.cycle for t in clock._timers if t.modelled and t.pending]
        self.log.append((self._machine.engine.count, now, min(timers, default=now + 1) <= now))
        cycle = now + self._rng.randrange(1, 2000)
        if timers and self._rng.random() < 0.7:
            cycle = min(timers)
        clock.at_cycle(cycle, self.event, first=self._rng.random() < 0.5)


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_events_of_python_come_in_their_time_and_order(architecture: str) -> None:
    """Some in the middle of sleeps, some in the very cycle of a timer, before it or behind it."""
    logs = []
    for prepare in (as_it_is, told_of_each):
        m = machine(architecture)
        prepare(m)
        logs.append(Visitor(m).log)
        m.run(until=m.engine.count + RUN)
    assert logs[0] == logs[1]
    assert len(logs[0]) > 100
    assert {due for _, _, due in logs[0]} == {False, True}


@pytest.mark.parametrize("architecture", ["sparc", "arm", "x86"])
def test_a_run_that_ends_in_a_sleep_goes_on_from_there(architecture: str) -> None:
    """By the time limit; a snapshot taken there leads to the same end."""
    whole, m = machine(architecture), machine(architecture)
    end = whole.engine.count + RUN
    whole.run(until=end)
    asleep = 0
    snapshots: list[Snapshot] = []
    for _ in range(20):
        m.limit_time(0.000_007, None)
        assert m.run().ending is Ending.TIME
        if m.engine.asleep:
            asleep += 1
            snapshots.append(take(m))
    assert asleep > 5
    for _ in range(2):
        m.run(until=end)
        assert (m.engine.count, m.engine.cycles) == (whole.engine.count, whole.engine.cycles)
        assert m.processor.registers.snapshot() == whole.processor.registers.snapshot()
        restore(m, snapshots[3])


class Expecting:
    """A source of the outside that a sleep has to wait for."""

    expects = True

    def descriptors(self) -> Sequence[tuple[int, int]]:
        return []

    def take(self, found: Sequence[int]) -> None:
        raise AssertionError("nothing was waited for")


def test_what_is_outside_has_its_say_in_every_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the moment that it wants to, to the one when it no longer does."""
    m = machine("sparc")
    halts, waits = Halts(m), 0

    def sleep(now: int, until: int) -> int:
        nonlocal waits
        waits += 1
        return until - now

    monkeypatch.setattr(m.outside, "sleep", sleep)
    m.run(until=m.engine.count + 2000)
    assert waits == 0
    assert halts.count <= 1
    source = Expecting()
    m.clock.at(m.clock.now() + MS, lambda: m.outside.sources.append(source))
    m.clock.at(m.clock.now() + 2 * MS, m.outside.sources.clear)
    m.run(until=m.engine.count + RUN)
    assert 40 <= waits <= 60  # 20 us each


def sleeper() -> Machine:
    """A SPARC that sleeps for ever: its timer goes on, at a level that PIL keeps out."""
    m = machine("sparc")
    words = (0xA7800000, 0x10BFFFFF, 0x01000000)  # wr %g0, %asr19; ba -4; nop
    m.load_bytes(RAM, b"".join(word.to_bytes(4, "big") for word in words), "the sleeper")
    m.processor.set_pc(RAM)
    m.processor.registers["psr"] = 0xF30000A0 | 15 << 8  # S, ET, PIL 15
    for address, value in ((IRQMP_MASK, 0xFFFE), (TIMER + 4, 39), (TIMER + 0x14, 99),
                           (TIMER + 0x18, 0xF)):
        m.bus.write(address, 4, value)
    return m


def test_a_guest_that_sleeps_for_ever_can_be_stopped() -> None:
    """Somebody looks in, every so many events that do not wake it."""
    m = sleeper()
    looks, began = 0, m.engine.count

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 5:
            m.stop(Outcome.stopped("enough"))

    m.on_heartbeat.append(look)
    halts = Halts(m)
    outcome = m.run()
    assert (outcome.ending, outcome.text) == (Ending.STOPPED, "enough")
    assert m.engine.count - began < 10
    assert halts.count == 1
    assert m.engine.native.sleeps > 3000


def test_a_time_limit_ends_a_sleep_without_end() -> None:
    m = sleeper()
    m.limit_time(0.01234, None)
    started = m.clock.now()
    assert m.run().ending is Ending.TIME
    assert m.clock.now() == started + 12_340_000
