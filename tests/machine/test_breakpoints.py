# SPDX-License-Identifier: GPL-2.0-or-later
"""Breakpoints: every arrival is announced once, before the instruction; all else is as without."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending

BOARDS = [("leon3", "sparc"), ("virt", "arm"), ("pc", "x86")]
STEPS = 8000
each_board = pytest.mark.parametrize(("board", "architecture"), BOARDS)


def machine_for(board: str, kernel: Path) -> Machine:
    return create(Options(board, kernel=kernel))


def visits(machine: Machine, steps: int) -> list[tuple[int, int]]:
    """(count, pc) before each instruction, by single steps."""
    seen = []
    for _ in range(steps):
        seen.append((machine.engine.count, machine.linear_pc))
        if machine.step().ending is not Ending.STOPPED:
            break
    return seen


@each_board
@pytest.mark.parametrize("name", ["hello", "traps"])
def test_stops_are_the_arrivals_that_stepping_sees(guest, board, architecture, name) -> None:
    kernel = guest(f"{architecture}/{name}")
    seen = visits(machine_for(board, kernel), STEPS)
    places = sorted({pc for _, pc in seen})
    chosen = {pc for index, pc in enumerate(places) if index % 3 == 0}
    expected = [(count, pc) for count, pc in seen[1:] if pc in chosen]
    assert len(expected) > 100

    machine = machine_for(board, kernel)
    machine.set_breakpoints(chosen)
    stops = []
    while len(stops) < len(expected):
        outcome = machine.run()
        assert outcome.ending is Ending.STOPPED, outcome
        stops.append((machine.engine.count, machine.linear_pc))
    assert stops == expected


@each_board
def test_a_run_with_stops_is_the_same_run(guest, board, architecture) -> None:
    kernel = guest(f"{architecture}/traps")
    plain = machine_for(board, kernel)
    end = plain.run()
    stopped = machine_for(board, kernel)
    functions = {s.address for name in ("main", "print_string", "print_hex", "console_put")
                 if (s := stopped.symbols.find(name)) is not None}
    stopped.set_breakpoints(functions)
    stops = 0
    while (outcome := stopped.run()).ending is Ending.STOPPED:
        stops += 1
    assert stops > 0
    assert outcome == end
    assert stopped.engine.count == plain.engine.count
    assert stopped.console.tail == plain.console.tail
    assert stopped.engine.recent_traps() == plain.engine.recent_traps()


def test_removed_breakpoints_do_not_stop(guest) -> None:
    machine = machine_for("leon3", guest("sparc/hello"))
    main = machine.symbols.find("main")
    assert main is not None
    machine.set_breakpoints([main.address])
    assert machine.run().text == f"breakpoint at {main.address:#010x}"
    machine.set_breakpoints([])
    assert machine.run().ending is Ending.EXIT


def test_an_instruction_limit_at_a_breakpoint_comes_first(guest) -> None:
    machine = machine_for("virt", guest("arm/hello"))
    main = machine.symbols.find("main")
    assert main is not None
    machine.set_breakpoints([main.address])
    machine.run()
    at = machine.engine.count
    again = machine_for("virt", guest("arm/hello"))
    again.set_breakpoints([main.address])
    again.run(until=at)
    assert (again.engine.count, again.linear_pc) == (at, main.address)
    assert again.step().ending is Ending.STOPPED  # a run from a breakpoint passes it
    assert again.engine.count == at + 1


def test_an_instruction_that_jumps_to_itself_stops_each_time(tmp_path, guest) -> None:
    machine = machine_for("virt", guest("hostile/arm/spin"))
    spin = machine.symbols.find("start")
    assert spin is not None
    machine.set_breakpoints(range(spin.address, spin.address + 16, 4))
    machine.run()
    counts = [machine.engine.count]
    for _ in range(3):
        machine.run()
        counts.append(machine.engine.count)
    assert counts == [counts[0] + n for n in range(4)]


def test_breakpoints_change_between_runs_only(guest) -> None:
    machine = machine_for("leon3", guest("sparc/hello"))
    machine.clock.at_cycle(100, lambda: machine.set_breakpoints([0]))
    with pytest.raises(RuntimeError, match="while the machine is stopped"):
        machine.run()
