# SPDX-License-Identifier: GPL-2.0-or-later
"""Going back arrives at exactly the state that the forward run was in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.debug.session import Session
from vmm.debug.stops import Why

sys.path.insert(0, str(Path(__file__).resolve().parent))
from reverse_points import MACHINES, compare, digest

BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}


@pytest.fixture(params=BOARDS)
def session(request) -> Session:
    return Session(MACHINES[request.param]())


@pytest.mark.parametrize("name", BOARDS)
def test_random_points_are_the_forward_runs(name: str) -> None:
    different, _ = compare(name, 4)
    assert different == 0


def test_traps_backwards_are_those_forwards(session: Session) -> None:
    forwards = []
    for _ in range(12):
        stop = session.trap()
        forwards.append((stop.position, stop.trap, digest(session.machine)))
    for expected in reversed(forwards[:-1]):
        stop = session.back_trap()
        assert stop.why is Why.TRAP
        assert (stop.position, stop.trap, digest(session.machine)) == expected
    assert session.back_trap().why is Why.START


def test_steps_backwards_are_those_forwards(session: Session) -> None:
    session.trap()
    session.run(to_count=session.machine.engine.count - 1 + 5)
    states = []
    for _ in range(8):
        states.append((session.position(), digest(session.machine)))
        session.step()
    for expected in reversed(states):
        assert session.back_step().why is Why.STEP
        assert (session.position(), digest(session.machine)) == expected
    session.step(8)
    session.back_step(8)
    assert (session.position(), digest(session.machine)) == states[0]


def test_breakpoint_hits_backwards_are_those_forwards(session: Session) -> None:
    machine = session.machine
    putch = machine.symbols.find("putch")
    one = session.breakpoints.add(putch.address)
    hits = []
    for _ in range(6):
        assert session.run().breakpoint is one
        hits.append((session.position(), digest(machine)))
    for expected in reversed(hits[:-1]):
        stop = session.back_run()
        assert (stop.why, stop.breakpoint) == (Why.BREAKPOINT, one)
        assert (session.position(), digest(machine)) == expected
    assert session.back_run().why is Why.START
    assert session.run().breakpoint is one
    assert session.position() == hits[0][0]


def test_a_trap_stop_is_a_position_of_its_own(session: Session) -> None:
    session.trap()
    there = session.trap().position
    state = digest(session.machine)
    session.step(100)
    session.to_position(there)
    assert (session.position(), digest(session.machine)) == (there, state)
    session.to_count(10)
    session.to_position(there)
    assert (session.position(), digest(session.machine)) == (there, state)


def test_an_ended_run_goes_back_and_ends_again(session: Session) -> None:
    end = session.run()
    printed = session.machine.console.printed
    assert session.back_step().why is Why.STEP
    assert session.to_count(20).position.count == 20
    again = session.run()
    assert (again.why, again.position, again.outcome) == (Why.ENDED, end.position, end.outcome)
    assert session.machine.console.printed == printed


def test_output_is_told_once_while_a_run_is_repeated(session: Session) -> None:
    heard = bytearray()
    session.machine.console.sinks.append(heard.extend)
    session.run()
    whole = bytes(heard)
    session.back_step(1000)
    assert bytes(heard) == whole


def test_a_change_by_hand_begins_another_future(guest) -> None:
    session = Session(create(Options("leon3", kernel=guest("sparc/hello"))))
    registers = session.machine.processor.registers
    session.step(50)
    session.to_count(30)
    registers["l7"] = 0x1234
    session.step(2)
    session.back_step(1)
    assert registers["l7"] == 0x1234
    session.back_step(5)
    assert registers["l7"] != 0x1234


def test_named_snapshots_are_returned_to(session: Session) -> None:
    session.run(to_count=5000)
    session.snapshot("here")
    state = digest(session.machine)
    session.run()
    session.restore("here")
    assert digest(session.machine) == state
    session.back_step(10)
    assert session.position().count == 4990


def test_history_stays_within_its_memory(guest) -> None:
    session = Session(create(Options("pc", kernel=guest("x86/traps"))), keep=3 << 20)
    session.run()
    assert session.history.bytes <= 3 << 20
    assert len(session.history.entries) >= 2
    assert session.to_count(1_000_000).position.count == 1_000_000


def test_what_lies_ahead_is_skipped_as_far_as_it_is_kept(session: Session) -> None:
    heard = bytearray()
    session.run()
    count = session.history.entries[-1].moment.count - 10
    session.to_count(count)
    state = digest(session.machine)
    session.to_count(100)
    session.machine.console.sinks.append(heard.extend)
    session.to_count(count)
    assert (session.position().count, digest(session.machine)) == (count, state)
    assert not heard
