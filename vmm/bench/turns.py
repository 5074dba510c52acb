# SPDX-License-Identifier: GPL-2.0-or-later
"""One workload of nucleus several ways in turns: `python -m vmm.bench.turns WORKLOAD [TURNS]`.

`vmm bench techniques` runs each case in a process of its own.  Where a case lasts some
milliseconds, what a process touches for the first time is much of it: here all run in one
process, one after the other, and the least processor time of each counts, of the guest's run
alone.  *Readable* are memory policies written in Python.
"""

from __future__ import annotations

import gc
import sys

from vmm.bench.rows import PLATFORMS, BenchError
from vmm.bench.techniques import BARE, WORKLOADS, Case
from vmm.boards import Options, create
from vmm.monitor import virtualize

TURNS = 6
WAYS = (  # technique, policy, whether it is readable
    (BARE, None, False), ("translate", "strict", True), ("translate", "strict", False),
    ("translate", "lazy", False), ("translate", "exposed", False), ("translate", "nested", False),
    ("para", "strict", False), ("para", "exposed", False), ("para", "nested", False),
)


def seconds(case: Case, readable: bool) -> float:
    """Of processor time while the guest runs."""
    machine = create(Options(case.platform.board, kernel=case.kernel))
    if case.technique != BARE:
        virtualize(machine, case.technique, case.policy, readable=readable)
    gc.collect()  # what the last one has left is not to be collected in this one's time
    outcome = machine.run()
    if outcome.status != case.platform.status:
        raise BenchError(f"{case.name}: {outcome.text}")
    return machine.counters.processor_seconds


def main(arguments: list[str]) -> None:
    """Print a table: milliseconds, and how many times the bare run's."""
    workload = arguments[0] if arguments else ""
    turns = arguments[1] if len(arguments) > 1 else str(TURNS)
    if workload not in WORKLOADS or not turns.isdecimal() or not int(turns):
        raise BenchError(f"which workload? {', '.join(WORKLOADS)}; then a number of turns")
    names = (", ".join(filter(None, (technique, policy, "readable" if readable else None)))
             for technique, policy, readable in WAYS)
    print(f"| {workload}, ms | {' | '.join(names)} |")
    print("|---" * (len(WAYS) + 1) + "|")
    for platform in PLATFORMS.values():
        least = [float("inf")] * len(WAYS)
        for _ in range(int(turns)):
            for index, (technique, policy, readable) in enumerate(WAYS):
                case = Case(platform, workload, technique, policy)
                least[index] = min(least[index], seconds(case, readable))
        cells = (f"{one * 1000:.1f} ({one / least[0]:.2f})" for one in least)
        print(f"| {platform.architecture} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BenchError as error:
        sys.exit(f"turns: {error}")
