# SPDX-License-Identifier: GPL-2.0-or-later
"""Assisted guests whose frames the second stage has moved: they run there, and snapshots know."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import bare, machine, watch

from vmm.machine.machine import Machine
from vmm.monitor import virtualize
from vmm.monitor.memory import nested
from vmm.state import snapshot

BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
MOVED = 16 << 20  # bytes of the kernel's
START = {"sparc": 0x40000000, "arm": 0x40000000, "x86": 0x100000}


def moved_away(architecture: str) -> tuple[Machine, nested.Policy]:
    """nucleus-quick, assisted, its frames elsewhere; where it believes to be is nothing of its."""
    board, name = BOARDS[architecture], f"{architecture}/nucleus-quick"
    guest = machine(board, name)
    monitor = virtualize(guest, "assist")
    assert isinstance(monitor.memory, nested.Policy)
    start = START[architecture]
    content = guest.bus.read_memory(start, MOVED) or b""
    guest.bus.write_memory(start, b"\xa5" * MOVED)
    move(guest, monitor.memory, start, start + MOVED, content)
    return guest, monitor.memory


def move(guest: Machine, policy: nested.Policy, start: int, place: int, content: bytes) -> None:
    policy.move(start, MOVED, place)
    guest.bus.write_memory(start, content)


@pytest.mark.parametrize("architecture", BOARDS)
def test_a_kernel_runs_on_frames_that_the_second_stage_has_moved(architecture: str) -> None:
    """Its tables, its code and what the board reads of it are elsewhere."""
    guest, _ = moved_away(architecture)
    assert watch(guest) == bare(BOARDS[architecture], f"{architecture}/nucleus-quick")
    guest.bus.moved = None
    assert guest.bus.read_memory(START[architecture], MOVED) == b"\xa5" * MOVED


@pytest.mark.parametrize("architecture", BOARDS)
def test_a_snapshot_knows_where_frames_have_been_moved(architecture: str, tmp_path: Path) -> None:
    whole = bare(BOARDS[architecture], f"{architecture}/nucleus-quick")
    guest, policy = moved_away(architecture)
    start = START[architecture]
    guest.run(until=whole.instructions // 2)
    here = snapshot.take(guest)
    content = guest.bus.read_memory(start, MOVED) or b""
    guest.bus.write_memory(start, b"\x5a" * MOVED)
    move(guest, policy, start, start + 2 * MOVED, content)
    guest.run(until=whole.instructions * 3 // 4)
    snapshot.restore(guest, here)
    assert guest.bus.read_memory(start, MOVED) == content
    assert guest.run() == whole.outcome and guest.engine.count == whole.instructions

    snapshot.save(here, tmp_path / "here")
    other = machine(BOARDS[architecture], f"{architecture}/nucleus-quick")
    virtualize(other, "assist")
    first = snapshot.take(other)
    snapshot.restore(other, snapshot.load(tmp_path / "here"))
    assert other.bus.read_memory(start, MOVED) == content
    assert other.run() == whole.outcome and other.engine.count == whole.instructions
    snapshot.restore(other, first)
    assert other.bus.moved is None
    assert other.run() == whole.outcome and other.engine.count == whole.instructions
