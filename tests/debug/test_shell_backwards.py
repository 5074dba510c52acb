# SPDX-License-Identifier: GPL-2.0-or-later
"""Motion backwards through a run by the shell's commands."""

from __future__ import annotations

import pytest
from shells import BOARDS, Talk

from vmm.debug.stops import Why

ALL = pytest.mark.parametrize("board", BOARDS)
PATTERN = {"leon3": "window_*", "virt": "svc", "pc": "#G"}  # a pattern, a name, a beginning
NAME = {"leon3": "window_", "virt": "svc", "pc": "#GP"}


def state(talk: Talk) -> tuple[object, ...]:
    """What must be the same when a point of the run is reached again."""
    return (talk.session.position(), talk.machine.processor.registers.snapshot(),
            talk.machine.clock.now(), talk.machine.console.printed)


@ALL
def test_back_is_where_it_was(board) -> None:
    talk = Talk(board, "traps")
    talk.do("trap")
    first = state(talk)
    talk.do("trap")
    second = state(talk)
    talk.do("step 5")
    talk.do("rstep 5")
    assert state(talk)[0].count == second[0].count
    talk.do("rtrap")
    assert state(talk) in (first, second)
    talk.do("goto 50")
    assert talk.session.position().count == 50
    assert talk.do("ledger") == ["no trap was taken"]
    talk.do("trap")
    assert state(talk) == first
    assert len(talk.do("ledger")) == 2
    talk.do("rrun to 40")
    assert talk.session.position().count == 40
    soon = talk.machine.clock.now() // 2
    talk.do(f"rrun to {soon}ns")
    assert soon <= talk.machine.clock.now() < soon + 1_000_000_000 // talk.machine.clock.hz
    assert talk.session.position().count < 40


@ALL
def test_rcontinue_finds_the_breakpoint_that_was_passed(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    there = state(talk)
    talk.do("step 40")
    talk.do("break main")
    talk.do("rcontinue")
    assert talk.session.last.why is Why.BREAKPOINT
    assert state(talk) == there
    talk.do("rcontinue")
    assert talk.session.last.why is Why.START




def test_a_long_run_to_a_time_and_back() -> None:
    talk = Talk("leon3", "timers")  # long enough for points of the past to be kept on the way
    talk.do("run to 10ms")
    assert talk.session.last.why is Why.TIME and talk.machine.clock.now() >= 10_000_000
    count = talk.machine.engine.count
    talk.do("rstep")
    assert talk.machine.engine.count == count - 1
    talk.do("run to 10ms")
    assert talk.machine.engine.count == count
