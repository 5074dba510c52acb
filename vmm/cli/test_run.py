# SPDX-License-Identifier: GPL-2.0-or-later
"""What `vmm test` does once its options are read."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from contextlib import closing
from pathlib import Path

from vmm.cli.arguments import writable
from vmm.cli.report import Failure, UsageError, say
from vmm.cli.test_progress import Progress, RichProgress
from vmm.machine.system_error import reason
from vmm.testing import collect, junit, reopen, report, runner
from vmm.testing.case import Case
from vmm.testing.result import Result, Verdict

INTERRUPTED = 130


def chosen(o: argparse.Namespace) -> list[Case]:
    """The tests that are to run."""
    try:
        wanted = collect.selection(o.select) if o.select else None
    except ValueError as error:
        raise UsageError(str(error)) from error
    try:
        cases = collect.collect(o.paths, o.machine)
    except ValueError as error:
        raise Failure(str(error)) from error
    if wanted is not None:
        cases = [case for case in cases if wanted(case)]
        if not cases:
            raise UsageError(f"-k {o.select!r} selects no test")
    return [collect.limited(case, o.timeout, o.wall_timeout) for case in cases]


def cpu_seconds() -> float:
    """Processor time of this process and of the workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def save(folder: Path, result: Result) -> None:
    """Keep a test's console."""
    name = reopen.file_name(result.case.name)
    (folder / f"{name}.console").write_bytes(result.console)


def run(o: argparse.Namespace) -> int:
    """`vmm test`."""
    cases = chosen(o)
    if o.list:
        for case in cases:
            print(case.name)
        return 0
    if o.save is not None:
        try:
            o.save.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"{o.save}: {reason(error)}") from error
    writable(o.junit)
    started, clock = time.time(), time.monotonic()
    progress = RichProgress(len(cases)) if sys.stdout.isatty() else Progress(len(cases))
    results: list[Result] = []
    interrupted = False
    with progress, closing(runner.run_all(cases, o.jobs or 0, o.repeat, o.save)) as running:
        try:
            for result in running:
                results.append(result)
                progress.finished(result)
                if o.save is not None:
                    save(o.save, result)
                if o.fail_fast and not result.good:
                    break
        except KeyboardInterrupt:
            interrupted = True
    took = time.monotonic() - clock
    for result in results:
        if not result.good:
            print(f"\n--- {result.case.name}: {result.verdict.value}")
            print("\n".join(report.failure(result)))
    if o.junit is not None:
        order = {case.name: number for number, case in enumerate(cases)}
        junit.write(o.junit, sorted(results, key=lambda r: order[r.case.name]), started, took)
    print(summary(results, len(cases), took))
    if interrupted:
        say("interrupted")
        return INTERRUPTED
    return 0 if all(result.good for result in results) else 1


def summary(results: list[Result], wanted: int, took: float) -> str:
    """The last line."""
    counts = [f"{number} {verdict.value}" for verdict in Verdict
              if (number := sum(result.verdict is verdict for result in results))]
    if len(results) < wanted:
        counts.append(f"{wanted - len(results)} not run")
    instructions = sum(result.instructions for result in results)
    return (f"{', '.join(counts)}; {instructions:,} instructions in {took:.1f} s,"
            f" {cpu_seconds():.1f} s of processor time")
