# SPDX-License-Identifier: GPL-2.0-or-later
"""Run random instruction streams in two ways, which must do the same: one plainly on the
bare machine, the other as `--way` says.

    python tests/fuzz/ways.py [--arch A] [--mode M] [--way WAY] [--streams N] [--first SEED]
    python tests/fuzz/ways.py --arch A --mode M --way WAY --replay SEED:INDEX

A way is some of `stepped`, `sliced`, `restored` (from a snapshot now and then), `watched`
(breakpoints and watchpoints), `intercepted` (Python sees all traps), `counted` (instructions),
`python` (trap delivery), `TECHNIQUE/POLICY` and `readable` (the policy that is written in
Python), joined by `+`.  Prints a line for each difference and one for each row.  The exit status
is 1 if there were differences.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pair import Pair, Way
from stream_machine import BATCH, BOARDS, MODES, setting

COMMON = ["stepped", "sliced", "python", "assist", "translate/lazy", "translate/strict",
          "translate/exposed", "translate/nested"]
WAYS = {"sparc": [*COMMON, "trap_and_emulate/lazy"], "arm": COMMON, "x86": COMMON}


def possible(arch: str, way: Way, seed: int) -> bool:
    """A virtual kernel is ARMv7, and has no Hyp and no Monitor mode."""
    chosen = setting(arch, seed)
    return not way.virtual or (not chosen.properties and chosen.cpu != "arm926")


def row(arch: str, mode: str, name: str, first: int, streams: int, stop_after: int) -> int:
    """Run ``streams`` streams from seed ``first``; how many were different."""
    way = Way.named(name)
    different = done = 0
    seed, started = first, time.process_time()
    while done < streams and different < stop_after:
        if not possible(arch, way, seed):
            seed += 1
            continue
        pair = Pair(arch, mode, way, seed)
        for index in range(min(BATCH, streams - done)):
            done += 1
            lines = pair.compare(index)[1]
            if lines:
                different += 1
                print(f"{arch} {mode} {name} {seed}:{index}: {'; '.join(lines)}", flush=True)
                if different >= stop_after:
                    break
            if pair.spoilt:
                pair = Pair(arch, mode, way, seed)
        seed += 1
    print(f"{arch} {mode} {name}: {done} streams (seeds {first} to {seed - 1}), "
          f"{different} different, {time.process_time() - started:.0f} s", flush=True)
    return different


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="random streams, run in two ways")
    parser.add_argument("--arch", choices=[*BOARDS, "all"], default="all")
    parser.add_argument("--mode", choices=[*MODES, "all"], default="all")
    parser.add_argument("--way", action="append", help="may be given more than once")
    parser.add_argument("--streams", type=int, default=900, help="per architecture, mode and way")
    parser.add_argument("--first", type=int, default=1, help="the first batch seed")
    parser.add_argument("--stop-after", type=int, default=20, help="differences per row")
    parser.add_argument("--replay", metavar="SEED:INDEX", help="only this stream")
    chosen = parser.parse_args(arguments)
    different = 0
    for arch in BOARDS if chosen.arch == "all" else [chosen.arch]:
        for mode in MODES if chosen.mode == "all" else [chosen.mode]:
            for name in chosen.way or WAYS[arch]:
                if chosen.replay:
                    seed, index = map(int, chosen.replay.split(":"))
                    found, lines = Pair(arch, mode, Way.named(name), seed).compare(index, True)
                    print(*lines or [f"{arch} {mode} {name}: the same: {found.text}"], sep="\n")
                    different += bool(lines)
                else:
                    different += row(arch, mode, name, chosen.first, chosen.streams,
                                     chosen.stop_after)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
