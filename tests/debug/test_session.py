# SPDX-License-Identifier: GPL-2.0-or-later
"""Motion through a run: every stop is where it says, and leaves no trace in the run."""

from __future__ import annotations

import pytest

from vmm.boards import Options, create
from vmm.debug.session import Session
from vmm.debug.stops import Position, TrapFilter, Why

BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}


@pytest.fixture(params=BOARDS)
def session(request, guest) -> Session:
    name = request.param
    return Session(create(Options(BOARDS[name], kernel=guest(f"{name}/traps"))))


def test_a_step_is_one_instruction(session: Session) -> None:
    for count in range(1, 20):
        stop = session.step()
        assert stop.why is Why.STEP
        assert stop.position == session.position() == Position(count, stop.position.traps)


def test_a_breakpoint_is_met_before_its_instruction_and_each_time(session: Session) -> None:
    main = session.machine.symbols.find("main")
    one = session.breakpoints.add(main.address)
    stop = session.run()
    assert (stop.why, stop.breakpoint) == (Why.BREAKPOINT, one)
    assert session.machine.linear_pc == main.address
    assert one.hits == 1
    session.breakpoints.remove(one.number)
    assert session.run().why is Why.ENDED


def test_a_condition_decides_at_the_breakpoint(session: Session) -> None:
    main = session.machine.symbols.find("main")
    one = session.breakpoints.add(main.address, condition=lambda machine: False)
    assert session.run().why is Why.ENDED
    assert one.hits == 0


def test_a_trap_stop_is_at_the_first_instruction_of_the_handler(session: Session) -> None:
    stop = session.trap()
    assert stop.why is Why.TRAP and stop.trap is not None
    assert stop.position == Position(stop.trap.count, 1)
    name = {"sparc": "pc", "arm": "pc", "x86": "eip"}[session.machine.processor.architecture]
    assert stop.trap.before[name] == stop.trap.pc != session.machine.processor.pc


def test_a_filter_chooses_the_trap(session: Session) -> None:
    stop = session.trap(TrapFilter(privilege="user"))
    assert stop.trap is not None and stop.position.traps > 1
    again = session.trap(TrapFilter(kinds=frozenset({stop.trap.kind})))
    assert again.trap is not None and again.trap.kind == stop.trap.kind


def test_stops_leave_no_trace(session: Session, guest) -> None:
    machine = session.machine
    for _ in range(20):
        session.trap()
        session.next()
        session.step(3)
    session.run(to_time=machine.clock.now() + 1000)
    end = session.run()
    assert end.why is Why.ENDED
    again = create(machine.options)
    again.run()
    assert again.engine.count == machine.engine.count
    assert again.console.tail == machine.console.tail


def test_an_ended_run_stays_ended(session: Session) -> None:
    end = session.run()
    assert session.step() == session.run() == end
