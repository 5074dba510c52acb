# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshot round trips at random points: the run goes on to the same ledger and console.

    python tests/state/round_trips.py [-n POINTS] [GUEST ...]

At each point a snapshot is taken and written to a file; the machine runs on a while, is put
back, and runs to its end, and so does a machine built from the file (every tenth point).
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
from pathlib import Path

from vmm.machine.machine import Machine
from vmm.state.snapshot import build, load, restore, save, take

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "debug"))
from reverse_points import MACHINES

Ledger = list[tuple[int, int, int, int, int]]


def ending(machine: Machine, ledger: Ledger) -> tuple[str, int, bytes, str]:
    """What a whole run is known by."""
    text = machine.outcome.text if machine.outcome else ""
    return (
        hashlib.sha256(repr(ledger).encode()).hexdigest(), machine.engine.count,
        bytes(machine.console.tail), text,
    )


def compare(name: str, points: int, folder: Path, seed: int = 1) -> tuple[int, int]:
    """How many of the runs that went on from a snapshot differed, and how many there were."""
    choose = random.Random(seed)
    machine = MACHINES[name]()
    ledger: Ledger = []
    machine.record_ledger(ledger.extend)
    start = take(machine)
    machine.run()
    whole = ending(machine, ledger)
    total = machine.engine.count
    different = runs = 0
    for index, point in enumerate(sorted(choose.sample(range(1, total), points))):
        restore(machine, start)
        ledger.clear()
        machine.run(until=point)
        here, until_here = take(machine), list(ledger)
        machine.run(until=point + choose.randrange(1, 20_000))
        restore(machine, here)
        ledger[:] = until_here
        machine.run()
        different += ending(machine, ledger) != whole
        runs += 1
        if index % 10 == 0:
            save(here, folder / "snapshot")
            again = build(load(folder / "snapshot"))
            repeated = list(until_here)
            again.record_ledger(repeated.extend)
            if name == "seabios":
                again.limit_time(2.0 - again.clock.now() / 1e9, None)
            again.run()
            # The text of a time limit says how much was left.
            different += ending(again, repeated)[:3] != whole[:3]
            runs += 1
    return different, runs


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=100, dest="points")
    parser.add_argument("guests", nargs="*", default=list(MACHINES), metavar="GUEST")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in options.guests:
            started = time.perf_counter()
            different, runs = compare(name, options.points, Path(folder))
            print(f"{name}: {options.points} points, {runs} runs, {different} differ, "
                  f"{time.perf_counter() - started:.0f} s", flush=True)
            failed += different
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
