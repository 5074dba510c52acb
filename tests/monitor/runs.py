# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest run bare and virtualized: everything that must be the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.monitor import Monitor, virtualize

GUESTS = Path(__file__).parents[2] / "build" / "guests"


@dataclass(frozen=True)
class Seen:
    """What a guest showed: equal for equal runs."""

    outcome: Outcome
    instructions: int
    cycles: int
    console: bytes
    traps: int
    ledger: str  # of every trap: count, kind, pc, status, info


def watch(machine: Machine, seconds: float | None = None) -> Seen:
    """Run a machine to its end, or for so much virtual time."""
    console, digest, traps = bytearray(), hashlib.sha256(), 0

    def ledger(records: list[tuple[int, int, int, int, int]]) -> None:
        nonlocal traps
        traps += len(records)
        for record in records:
            digest.update(repr(record).encode())

    machine.console.sinks.append(console.extend)
    machine.ledger.record(ledger)
    machine.limit_time(seconds, 120)
    outcome = machine.run()
    return Seen(outcome, machine.engine.count, machine.engine.cycles, bytes(console), traps,
                digest.hexdigest())


def machine(board: str, guest: str) -> Machine:
    """A machine with a guest of the build tree, such as ``sparc/traps``."""
    return create(Options(board=board, kernel=GUESTS / f"{guest}.elf"))


@cache
def bare(board: str, guest: str, seconds: float | None = None) -> Seen:
    """The guest on the bare machine."""
    return watch(machine(board, guest), seconds)


def virtual(
    board: str, guest: str, technique: str, policy: str | None = None,
    seconds: float | None = None, **options: object,
) -> tuple[Seen, Monitor]:
    """The guest virtualized, and the monitor that it had."""
    guest_machine = machine(board, guest)
    monitor = virtualize(guest_machine, technique, policy, **options)
    return watch(guest_machine, seconds), monitor
