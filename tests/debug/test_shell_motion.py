# SPDX-License-Identifier: GPL-2.0-or-later
"""Motion forwards through a run by the shell's commands."""

from __future__ import annotations

import re

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
def test_trap_goes_from_trap_to_trap_as_the_ledger_has_them(board) -> None:
    talk = Talk(board, "traps")
    for _ in range(3):
        talk.do("trap")
        stop = talk.session.last
        assert stop.why is Why.TRAP and stop.trap is not None
        last = talk.do("ledger last 1")[-1]
        assert last.split()[:2] == [str(stop.trap.count), f"{stop.trap.name}({stop.trap.kind:#x})"]
    assert len(talk.do("ledger")) == 4
    talk.do(f"trap {PATTERN[board]}")
    assert talk.session.last.trap.name.startswith(NAME[board])
    assert "ambiguous" in talk.error("trap interrupt" if board == "leon3" else "trap irq_"
                                     ) or board == "virt"
    assert "lunch" in talk.error("trap lunch")
    assert "at wants" in talk.error("trap at")
    assert "no addresses" in talk.error("trap at 8..4")


@ALL
def test_filters_by_privilege_and_address(board) -> None:
    talk = Talk(board, "traps")
    talk.do("trap user")
    trap = talk.session.last.trap
    registers = {"leon3": lambda b: not b["psr"] & 0x80, "virt": lambda b: b["cpsr"] & 31 == 16,
                 "pc": lambda b: b["cs"] & 3 == 3}
    assert registers[board](trap.before)
    talk.do("trap supervisor")
    assert not registers[board](talk.session.last.trap.before)
    where = talk.session.last.trap.pc
    fresh = Talk(board, "traps")
    fresh.do(f"trap at {where:#x}")
    assert fresh.session.last.trap.pc == where


@ALL
def test_trap_return_comes_back_to_where_the_trap_was(board) -> None:
    talk = Talk(board, "traps")
    talk.do("trap " + {"leon3": "window_*", "virt": "svc", "pc": "#DB"}[board])
    handler = talk.machine.linear_pc
    talk.do("trap return")
    assert talk.machine.linear_pc != handler
    assert talk.session.last.why is Why.STEP


@ALL
def test_steps_counts_and_times(board) -> None:
    talk = Talk(board)
    machine = talk.machine
    talk.do("step")
    assert machine.engine.count == 1
    talk.do("step 2 * 3")
    assert machine.engine.count == 7
    talk.do("")  # an empty line repeats
    assert machine.engine.count == 13
    talk.do("run to 100")
    assert machine.engine.count == 100
    soon = {"leon3": 20_000, "virt": 1_000, "pc": 1_000}[board]
    talk.do(f"run to {soon}ns")
    assert machine.clock.now() >= soon
    assert "past" in talk.error("run to 5")
    assert "past" in talk.error("run to 1ns")
    assert "0 or more" in talk.error("goto -5")


@ALL
def test_calls_and_returns(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    stack = {"leon3": "o6", "virt": "r13", "pc": "esp"}[board]
    main = talk.machine.symbols.find("main")
    seen = 0
    for _ in range(60):
        before, count = talk.machine.linear_pc, talk.machine.engine.count
        talk.do("next")
        at = talk.machine.linear_pc
        assert main.address <= at < main.address + main.size
        if talk.machine.engine.count - count > 3:
            seen += 1
            assert at > before
            break
    assert seen, "main calls nothing"
    talk.do("step")
    assert re.match(r"=> ", talk.shell.here())
    assert stack in talk.machine.processor.registers.table


@ALL
def test_watchpoints_on_memory_and_device_registers(board) -> None:
    talk = Talk(board)
    talk.do("until main")
    register = {"leon3": "apbuart.DATA", "virt": "pl011.UARTDR", "pc": "uart16550.THR"}[board]
    printed = talk.machine.console.printed
    names = [one.name for one in _registers(talk, register.split(".")[0])]
    register = f"{register.split('.')[0]}.{names[0]}"
    assert "watchpoint 1 on" in talk.text(f"watch {register}")
    talk.do("run")
    assert talk.session.last.why is Why.WATCHPOINT
    assert talk.machine.console.printed == printed + 1
    talk.do("delete 1")
    stack = {"leon3": "$sp", "virt": "$sp", "pc": "$esp"}[board]
    talk.do(f"watch {stack} - 256 256")
    talk.do("run")
    assert talk.session.last.why in (Why.WATCHPOINT, Why.ENDED)
    assert "1 to" in talk.error(f"watch {stack} 0")
    assert "no register 'LUNCH'" in talk.error(f"watch {register.split('.')[0]}.LUNCH")


def _registers(talk: Talk, device: str):
    from vmm.debug.shell import devices

    return devices.find(talk.machine, device).placed.device.registers


def test_a_whole_device_is_watched_by_its_state() -> None:
    talk = Talk("leon3", "timers")
    talk.do("until main")
    assert "after every instruction" in talk.text("watch gptimer")
    assert re.match(r"gptimer \(v1\): .* -> .*, by the instruction at", talk.do("run")[0])
    talk.do("disable v1")
    talk.do("run to $count + 100")
    assert talk.session.last.why is Why.COUNT


@ALL
def test_snapshots(board) -> None:
    talk = Talk(board, "traps")
    assert talk.do("snapshot list") == ["no snapshots"]
    talk.do("trap")
    here = state(talk)
    talk.do("snapshot take here")
    talk.do("trap")
    talk.do("step 10")
    talk.do("snapshot restore here")
    assert state(talk) == here
    assert talk.do("snapshot list")[1].split() == ["here", str(here[0].count)]
    talk.do("snapshot delete here")
    assert "here" in talk.error("snapshot restore here")
    assert "snapshot take" in talk.error("snapshot")
    assert "snapshot take" in talk.error("snapshot frobnicate x")
