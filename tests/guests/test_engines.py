# SPDX-License-Identifier: GPL-2.0-or-later
"""Engines of one process do not disturb each other: in turns, on threads, one after another."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import CASES, Case

HELLOS = [case for case in CASES if case.name.endswith("-hello")]
TRAPS = [case for case in CASES if case.name in ("sparc-traps", "arm-traps")]


def machine_of(case: Case) -> tuple[Machine, bytearray]:
    machine = create(Options(case.board, kernel=case.kernel))
    console = bytearray()
    machine.console.sinks.append(console.extend)
    return machine, console


def alone(case: Case) -> tuple[bytes, int]:
    machine, console = machine_of(case)
    machine.run()
    return bytes(console), machine.engine.count


def test_three_architectures_take_turns_in_one_process() -> None:
    expected = {case.name: alone(case) for case in HELLOS}
    running = {case.name: machine_of(case) for case in HELLOS}
    finished = {}
    while running:
        for name, (machine, console) in list(running.items()):
            outcome = machine.run(until=machine.engine.count + 97)
            if outcome.ending is not Ending.STOPPED:
                finished[name] = (bytes(console), machine.engine.count)
                del running[name]
    assert finished == expected


def test_engines_on_threads_give_the_same_as_alone() -> None:
    expected = [alone(case) for case in TRAPS]
    results: dict[int, tuple[bytes, int]] = {}

    def work(index: int, case: Case) -> None:
        results[index] = alone(case)

    threads = [
        threading.Thread(target=work, args=(i, TRAPS[i % len(TRAPS)])) for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[i] for i in range(4)] == expected * 2


def test_eight_machines_of_one_kind_side_by_side() -> None:
    case = HELLOS[0]
    expected = alone(case)
    machines = [machine_of(case) for _ in range(8)]
    for machine, _ in machines:
        machine.run(until=1000)
    for machine, console in reversed(machines):
        machine.run()
        assert (bytes(console), machine.engine.count) == expected


def test_machines_that_are_dropped_give_their_memory_back() -> None:
    import gc
    import resource

    case = HELLOS[1]
    for _ in range(5):
        alone(case)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(30):
        alone(case)
        gc.collect()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 60_000, f"{grown} KiB more after 30 machines"
