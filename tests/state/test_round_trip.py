# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that goes on from a restored snapshot repeats the run it was taken from."""

from __future__ import annotations

import random

import pytest

from vmm.boards import Options, create
from vmm.state.memory import all_frames
from vmm.state.snapshot import restore, take

BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}


@pytest.mark.parametrize("architecture", BOARDS)
def test_a_restored_machine_repeats_itself(guest, architecture: str) -> None:
    machine = create(Options(BOARDS[architecture], kernel=guest(f"{architecture}/traps")))
    ledger: list[tuple[int, int, int, int, int]] = []
    machine.ledger.record(ledger.extend)
    choose = random.Random(architecture)
    start = take(machine)
    machine.run()
    whole = list(ledger), machine.engine.count, bytes(machine.console.tail), machine.outcome
    for _ in range(1 if architecture == "x86" else 2):
        restore(machine, start)
        ledger.clear()
        machine.run(until=choose.randrange(whole[1]))
        middle, memory = take(machine), [bytes(frames.view) for frames in all_frames(machine)]
        before = list(ledger)
        for _ in range(2):
            restore(machine, middle)
            assert [bytes(frames.view) for frames in all_frames(machine)] == memory
            ledger[:] = before
            machine.run()
            assert machine.outcome == whole[3]
            assert (ledger, machine.engine.count, bytes(machine.console.tail)) == whole[:3]
