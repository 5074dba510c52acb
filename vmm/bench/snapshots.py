# SPDX-License-Identifier: GPL-2.0-or-later
"""What snapshots and going back cost: `python -m vmm.bench.snapshots`.

Three figures on each processor, on the bench guests (docs/snapshots.md):
taking and putting back a snapshot of a guest with 64 MiB of which few pages
changed; the speed of a run before and after a first snapshot; and a step back
at a billion instructions, in a run whose guest writes memory all the time.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

from vmm.bench.rows import PLATFORMS
from vmm.boards import Options, create
from vmm.debug.session import Session
from vmm.machine import artifacts
from vmm.machine.machine import Machine
from vmm.state.snapshot import restore, take

RAM = 64 << 20
WARM = 2_000_000  # instructions
FEW = 20_000  # instructions between taking and putting back
REPEATED = 50
STRETCH = 100_000_000  # instructions of a run that is timed
OLD = 1_000_000_000
STEPS = 5
ROUNDS = (1 << 32) - 1  # of the guest's work


def guest(board: str, architecture: str) -> Machine:
    """The bench guest that copies, sums and scatters over 256 KiB, without an end."""
    path = artifacts.find(f"guests/bench/{architecture}/memory.elf")
    if path is None:
        raise FileNotFoundError("the bench guests are not built: run `make guests`")
    machine = create(Options(board, kernel=Path(path), ram=RAM))
    workload = machine.symbols.find("workload")
    assert workload is not None
    machine.set_breakpoints([workload.address])
    machine.run()
    machine.set_breakpoints([])
    registers = machine.processor.registers
    if architecture == "x86":
        machine.load_bytes(registers["esp"] + 4, ROUNDS.to_bytes(4, "little"), "rounds")
    else:
        registers["o0" if architecture == "sparc" else "r0"] = ROUNDS
    return machine


def round_trip(machine: Machine) -> tuple[float, float, int]:
    """Milliseconds to take and to put back a snapshot, and the pages that had changed."""
    machine.run(until=WARM)
    taking, putting, pages = [], [], 0
    for _ in range(REPEATED):
        started = time.process_time()
        snapshot = take(machine)
        taking.append(time.process_time() - started)
        machine.run(until=machine.engine.count + FEW)
        pages = int(machine.engine.native.dirty_count)
        started = time.process_time()
        restore(machine, snapshot)
        putting.append(time.process_time() - started)
    return median(taking) * 1000, median(putting) * 1000, pages


def speeds(machine: Machine) -> tuple[float, float]:
    """Million instructions a second without and with a snapshot, in turns."""
    machine.run(until=WARM)
    rates: tuple[list[float], list[float]] = ([], [])
    for rate in rates:
        for _ in range(3):
            from_count, started = machine.engine.count, time.process_time()
            machine.run(until=from_count + STRETCH)
            rate.append((machine.engine.count - from_count) / (time.process_time() - started) / 1e6)
        take(machine)
    return median(rates[0]), median(rates[1])


def step_back(machine: Machine) -> tuple[float, float, int, int]:
    """Seconds of the first and of the slowest other step back; snapshots kept, and their MiB."""
    session = Session(machine)
    session.run(to_count=OLD)
    spent = []
    for _ in range(STEPS):
        started = time.perf_counter()
        session.back_step()
        spent.append(time.perf_counter() - started)
    history = session.history
    return spent[0], max(spent[1:]), len(history.entries), history.bytes >> 20


def main() -> int:
    """Print a line for each figure."""
    for platform in PLATFORMS.values():
        board, architecture = platform.board, platform.architecture
        took, put, pages = round_trip(guest(board, architecture))
        print(f"{architecture}: take {took:.2f} ms, restore {put:.2f} ms ({pages} pages changed)")
        before, after = speeds(guest(board, architecture))
        print(f"{architecture}: {before:.0f} MIPS without a snapshot, {after:.0f} with one")
        first, others, kept, mib = step_back(guest(board, architecture))
        print(f"{architecture}: a step back at {OLD:,} instructions takes {first:.2f} s, the next "
              f"at most {others:.2f} s; {kept} snapshots of {mib} MiB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
