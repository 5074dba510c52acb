# SPDX-License-Identifier: GPL-2.0-or-later
"""What `virtualize` refuses, and what counters and profiles keep."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.monitor import Monitor, MonitorError, virtualize
from vmm.monitor.counters import Profile
from vmm.monitor.memory.base import MemoryCounters
from vmm.monitor.trap_and_emulate import Technique
from vmm.native import library as native


def leon3() -> Machine:
    return create(Options(board="leon3", bare=True))


@pytest.mark.parametrize(
    ("technique", "policy", "text"),
    [("magic", None, "unknown technique 'magic'; known: assist, trap_and_emulate"),
     ("trap_and_emulate", "eager", "unknown memory policy 'eager'; known: strict, lazy")],
)
def test_unknown_names_are_refused_with_the_known_ones(
    technique: str, policy: str | None, text: str
) -> None:
    with pytest.raises(MonitorError, match=text):
        virtualize(leon3(), technique, policy)


def test_a_machine_that_has_run_is_refused() -> None:
    machine = leon3()
    machine.engine.set_count(1)
    with pytest.raises(MonitorError, match="only before it has run"):
        virtualize(machine, "trap_and_emulate")


class Told:
    """A mechanism that keeps what it is told."""

    def __init__(self, answer: int) -> None:
        self.answer = answer
        self.traps: list[tuple[int, int, int, int]] = []

    def reflect(self, kind: int, pc: int, status: int, info: int) -> int:
        self.traps.append((kind, pc, status, info))
        return self.answer

    def end(self, reason: int, trap: int = 0) -> None:
        pass


class NoMemory:
    """A policy that is never asked."""

    name = "none"

    def __init__(self) -> None:
        self.counters = MemoryCounters()

    def attach(self, monitor: Monitor) -> None: ...

    def context_changed(self) -> None: ...

    def flush(self, address: int | None) -> None: ...

    def fill(self, address: int, access: int) -> int:
        return 0

    def stored(self) -> None: ...

    def update(self, entries: Sequence[tuple[int, int]]) -> None: ...


def monitor(told: Told) -> Monitor:
    return Monitor(leon3(), told, Technique(), NoMemory())


def test_a_reflected_trap_is_entered_unless_somebody_has_answered_it() -> None:
    for answer, entered in ((native.NATIVE, True), (native.HANDLED, False)):
        told = Told(answer)
        guest = monitor(told)
        kinds: list[int] = []
        guest.machine.processor.deliver = kinds.append  # type: ignore[method-assign]
        assert guest.reflect(5, 0x100, 0, 4) == native.HANDLED
        assert told.traps == [(5, 0x100, 0, 4)]
        assert kinds == ([5] if entered else [])
        assert guest.counters.reflected == {5: 1}


def test_exits_are_counted_by_kind_and_profiled_by_pc() -> None:
    guest = monitor(Told(native.NATIVE))
    guest.handlers[3] = lambda kind: native.HANDLED
    guest.machine.processor.set_pc(0x400)
    guest.exit(3)
    assert guest.profile is None
    guest.profile = Profile()
    guest.exit(3)
    assert guest.counters.exits == {3: 2} and guest.counters.total == 2
    [(pc, site)] = guest.profile.hottest()
    assert (pc, site.exits) == (0x400, 1) and site.nanoseconds == guest.profile.nanoseconds > 0


def test_the_hottest_sites_come_first_and_equal_ones_by_address() -> None:
    profile = Profile()
    for pc in (8, 4, 12, 12):
        profile.note(pc, 3, False, 10)
    assert [pc for pc, _ in profile.hottest()] == [12, 4, 8]
    assert [pc for pc, _ in profile.hottest(1)] == [12]
