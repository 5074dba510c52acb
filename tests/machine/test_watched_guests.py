# SPDX-License-Identifier: GPL-2.0-or-later
"""Watchpoints in whole guests: every change is found, and the run is as without."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine.guest_memory import peek, read_virtual
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending

BOARDS = [("leon3", "sparc"), ("virt", "arm"), ("pc", "x86")]
STEPS = 6000
each_board = pytest.mark.parametrize(("board", "architecture"), BOARDS)


def machine_for(board: str, kernel: Path) -> Machine:
    return create(Options(board, kernel=kernel))


def written(machine: Machine) -> tuple[int, int]:
    """A piece of the guest's stack, which every guest writes all the time."""
    names = {"sparc": "o6", "arm": "r13", "x86": "esp"}
    main = machine.symbols.find("main")
    assert main is not None
    machine.set_breakpoints([main.address])
    machine.run()
    machine.set_breakpoints([])
    stack = machine.processor.registers[names[machine.processor.architecture]]
    return (stack & -16) - 0x200, 0x200


@each_board
def test_changes_that_stepping_sees_are_reported(guest, board, architecture) -> None:
    kernel = guest(f"{architecture}/traps")
    stepped = machine_for(board, kernel)
    address, size = written(stepped)
    changes = []
    memory = read_virtual(stepped, address, size)
    assert memory is not None
    for _ in range(STEPS):
        pc = stepped.linear_pc
        stepped.step()
        now = read_virtual(stepped, address, size)
        if now != memory:
            changes.append((stepped.engine.count, stepped.linear_pc, pc))
            memory = now
    assert len(changes) >= 10

    machine = machine_for(board, kernel)
    assert written(machine) == (address, size)
    machine.set_watchpoints([(address, size, "write")])
    while changes:
        machine.run()
        access = machine.stopped_at_watchpoint
        assert access is not None
        assert access.after == peek(machine, access.address, access.size)
        if access.before != access.after:
            count, pc, by = changes.pop(0)
            assert (machine.engine.count, machine.linear_pc, access.pc) == (count, pc, by)


@each_board
def test_a_run_with_stops_is_the_same_run(guest, board, architecture) -> None:
    kernel = guest(f"{architecture}/traps")
    plain = machine_for(board, kernel)
    ledger: list[tuple[int, ...]] = []
    plain.ledger.record(ledger.extend)
    end = plain.run()
    watched = machine_for(board, kernel)
    watched_ledger: list[tuple[int, ...]] = []
    watched.ledger.record(watched_ledger.extend)
    address, size = written(watched)
    watched.set_watchpoints([(address, size, "access")])
    stops = 0
    while (outcome := watched.run()).ending is Ending.STOPPED:
        assert watched.stopped_at_watchpoint is not None
        stops += 1
        if stops == 1000:
            watched.set_watchpoints([])
    assert stops > 100
    assert outcome == end
    assert watched.engine.count == plain.engine.count
    assert watched.console.tail == plain.console.tail
    assert watched_ledger == ledger


def test_a_watchpoint_at_the_limit_of_a_run_is_reported(guest) -> None:
    machine = machine_for("virt", guest("arm/hello"))
    address, size = written(machine)
    machine.set_watchpoints([(address, size, "write")])
    machine.run()
    count = machine.engine.count
    again = machine_for("virt", guest("arm/hello"))
    again.set_watchpoints([(address, size, "write")])
    again.run(until=count)
    assert again.stopped_at_watchpoint is not None
    again.step()
    assert again.stopped_at_watchpoint is None


def test_watchpoints_change_between_runs_only(guest) -> None:
    machine = machine_for("leon3", guest("sparc/hello"))
    machine.clock.at_cycle(100, lambda: machine.set_watchpoints([(0x40000000, 4, "write")]))
    with pytest.raises(RuntimeError, match="while the machine is stopped"):
        machine.run()
