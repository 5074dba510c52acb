# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzz the processors with random instruction streams: `make fuzz`, or

    python tests/fuzz/streams.py [--arch A] [--mode M] [--streams N] [--first SEED]
    python tests/fuzz/streams.py --arch A --mode M --replay SEED:INDEX [--alone]

Prints a line for each finding (how to replay it, and what happened) and a
table.  The exit status is 1 if there were findings.  docs/robustness.md says
what has been run.
"""

from __future__ import annotations

import argparse
import collections
import gc
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from stream_machine import BATCH, BOARDS, MODES, Finding, StreamMachine, generator
from stream_watch import Report, run_batch

from vmm.machine import diagnosis
from vmm.native.library import library


def campaign(
    arch: str, mode: str, streams: int, first: int, stop_after: int, seconds: float
) -> tuple[int, float, list[Report], collections.Counter[str]]:
    """Run batches from seed ``first`` until ``streams`` have run (or a limit is met)."""
    import_module_once(arch)
    endings: collections.Counter[str] = collections.Counter()
    findings: list[Report] = []
    done, seed, started = 0, first, time.monotonic()
    while done < streams and len(findings) < stop_after and time.monotonic() - started < seconds:
        report = run_batch(arch, mode, seed)
        at = 0
        while report.problem:
            findings.append(report)
            print(report, flush=True)
            done += report.streams - at + 1
            endings.update(report.endings)
            at = report.streams + 1
            if at >= BATCH or len(findings) >= stop_after:
                break
            report = run_batch(arch, mode, seed, at)  # what comes after the finding
        else:
            done += BATCH - at
            endings.update(report.endings)
        seed += 1
    return done, time.monotonic() - started, findings, endings


def processor_seconds() -> float:
    """What this process and its children have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def import_module_once(arch: str) -> None:
    """Load everything before the first fork, so that children only build their machine."""
    library()
    generator()
    StreamMachine(arch, "user", 0).run(0)
    gc.collect()
    gc.freeze()


def replay(arch: str, mode: str, seed: int, index: int, alone: bool) -> int:
    """Run a stream in this process, after those before it unless ``alone``."""
    machine = StreamMachine(arch, mode, seed)
    print(f"{arch} {mode} {machine.setting}", flush=True)
    for at in range(index if alone else 0, index):
        machine.run(at)
    print(f"stream {seed}:{index}", flush=True)
    try:
        machine.run(index)
    except Finding as finding:
        print(f"finding: {finding}")
    outcome = machine.machine.outcome
    print(outcome.ending.value if outcome else "no outcome", outcome.text if outcome else "")
    print("\n".join(diagnosis.report(machine.machine)))
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="random instruction streams")
    parser.add_argument("--arch", choices=[*BOARDS, "all"], default="all")
    parser.add_argument("--mode", choices=[*MODES, "all"], default="all")
    parser.add_argument("--streams", type=int, default=20_000, help="per architecture and mode")
    parser.add_argument("--first", type=int, default=1, help="the first batch seed")
    parser.add_argument("--seconds", type=float, default=1e9, help="limit per row")
    parser.add_argument("--stop-after", type=int, default=20, help="findings per row")
    parser.add_argument("--replay", metavar="SEED:INDEX", help="one stream, in this process")
    parser.add_argument("--alone", action="store_true", help="without those before it")
    chosen = parser.parse_args(arguments)
    if chosen.replay:
        seed, index = map(int, chosen.replay.split(":"))
        return replay(chosen.arch, chosen.mode, seed, index, chosen.alone)
    failed = 0
    for arch in BOARDS if chosen.arch == "all" else [chosen.arch]:
        for mode in MODES if chosen.mode == "all" else [chosen.mode]:
            before = processor_seconds()
            done, seconds, findings, endings = campaign(
                arch, mode, chosen.streams, chosen.first, chosen.stop_after, chosen.seconds
            )
            failed += len(findings)
            last = chosen.first - 1 + -(-done // BATCH)
            ends = " ".join(f"{name} {count}" for name, count in sorted(endings.items()) if count)
            print(f"{arch} {mode}: {done} streams (seeds {chosen.first} to {last}) in "
                  f"{seconds:.0f} s ({processor_seconds() - before:.0f} s of processor time), "
                  f"{done / seconds:.0f} a second, {len(findings)} findings; "
                  f"{ends}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
