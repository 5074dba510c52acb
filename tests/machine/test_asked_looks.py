# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks that the host's clock asks for, some times a second, leave no trace in what is counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.statistics import statistics
from vmm.monitor import virtualize
from vmm.state.snapshot import take

CACHES = ("translation_fills", "blocks_translated")  # a look leaves code that is linked together


def run(machine: Machine, until: int, chance: float, seed: int = 0) -> tuple[int, object]:
    """How many looks were asked for, and what there is to know of the run but times of the host."""
    dice, bus = random.Random(seed), machine.bus
    handlers, event = machine.engine.handlers, machine.engine.handlers.event
    ledger: list[tuple[int, int, int, int, int]] = []
    asked = looked = 0

    def ask() -> None:
        nonlocal asked
        if dice.random() < chance:
            asked += 1
            machine.engine.ask_look()

    def asking(access: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: int) -> Any:
            value = access(*arguments)
            ask()
            return value
        return watched

    def counted() -> bool:
        nonlocal looked
        looked += machine.engine.native.only_asked
        stop = event()
        if dice.random() < 0.5:  # else they would never end
            ask()
        return stop

    bus.hot_reads = False  # all accesses come here
    handlers.read, handlers.write = asking(bus.read), asking(bus.write)
    handlers.port_in, handlers.port_out = asking(bus.port_in), asking(bus.port_out)
    handlers.event = counted
    machine.ledger.record(ledger.extend)
    outcome = machine.run(until=until)
    held = statistics(machine)
    exits = {name: one for name, one in held["exits"].items() if name not in CACHES}  # type: ignore[attr-defined]
    assert looked > asked // 2 or not asked
    return asked, (
        outcome, machine.engine.cycles, exits, ledger, machine.console.tail,
        take(machine).processors,
    )


@pytest.mark.parametrize(("board", "kernel", "technique", "until"), [
    ("leon3", "sparc/traps", None, 400_000), ("leon3", "sparc/timers", None, 150_000),
    ("virt", "arm/timers", None, 150_000), ("pc", "x86/timers", None, 100_000),
    ("leon3", "sparc/nucleus-quick", "translate", 4_000_000),
    ("virt", "arm/nucleus-quick", "translate", 4_000_000),
    ("pc", "x86/nucleus-quick", "translate", 4_000_000),
])
def test_a_run_is_the_same_whenever_the_host_looks(guest, board, kernel, technique, until) -> None:
    def made() -> Machine:
        machine = create(Options(board, kernel=guest(kernel)))
        if technique is not None:
            virtualize(machine, technique)
        return machine

    never = run(made(), until, 0.0)
    assert never[0] == 0
    for seed, chance in enumerate((0.05, 0.9)):
        asked, found = run(made(), until, chance, seed)
        assert asked > 0
        assert found == never[1]
