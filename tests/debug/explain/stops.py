# SPDX-License-Identifier: GPL-2.0-or-later
"""Stopping at every trap of a guest, with the registers of just before its delivery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome

TOP = Path(__file__).resolve().parents[3]
GUESTS = TOP / "build" / "guests"


@dataclass(frozen=True, slots=True)
class Stopped:
    """A trap as the explainers take it."""

    kind: int
    name: str
    count: int
    pc: int
    status: int
    info: int
    before: dict[str, int]


def boot(board: str, guest: str, cpu: str | None = None, **properties: str) -> Machine:
    """A machine with a built guest."""
    return create(Options(board, cpu=cpu, properties=properties, kernel=GUESTS / f"{guest}.elf"))


def traps(machine: Machine) -> Iterator[Stopped]:
    """Every trap, right after its delivery: the machine stands at the handler.

    Where a delivery failed, its trap comes first, and the machine stands at the handler of
    the last.
    """
    pending: list[Stopped] = []

    def on_trap(kind: int) -> None:
        if kind in machine.traps.services:
            return  # the board may answer it, and end the run
        registers = machine.processor.registers.snapshot()
        count, _, pc, status, info = machine.engine.recent_traps()[-1]
        name = machine.processor.trap_name(kind)
        pending.append(Stopped(kind, name, count, pc, status, info, registers))
        machine.stop(Outcome.stopped("trap"))

    machine.traps.on_trap = on_trap
    machine.traps.intercept(range(768))
    while True:
        outcome = machine.run()
        yield from pending
        pending.clear()
        if outcome.text != "trap":
            return
