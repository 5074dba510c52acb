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

from vmm.machine.clock import NS
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.state.snapshot import build, load, restore, save, take

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "debug"))
from reverse_points import MACHINES

Ledger = list[tuple[int, int, int, int, int]]


def to_end(machine: Machine, name: str) -> None:
    """Run to the guest's end, or to the limit of one that waits for ever."""
    machine.rewind()
    if name == "seabios" and not machine.clock.host_events():
        machine.clock.at(2 * NS, lambda: machine.stop(Outcome.time("the end")), host=True)
    machine.run()


def ending(machine: Machine, ledger: Ledger) -> tuple[str, int, bytes]:
    """What a whole run is known by."""
    sha = hashlib.sha256(repr(ledger).encode()).hexdigest()
    return sha, machine.engine.count, bytes(machine.console.tail)


def compare(name: str, points: int, folder: Path, seed: int = 1) -> tuple[int, int]:
    """How many of the runs that went on from a snapshot differed, and how many there were."""
    choose = random.Random(seed)
    machine = MACHINES[name]()
    ledger: Ledger = []
    machine.ledger.record(ledger.extend)
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
        to_end(machine, name)
        different += ending(machine, ledger) != whole
        runs += 1
        if index % 10 == 0:
            save(here, folder / "snapshot")
            again = build(load(folder / "snapshot"))
            repeated = list(until_here)
            again.ledger.record(repeated.extend)
            to_end(again, name)
            different += ending(again, repeated) != whole
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
