# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm bench`: the bench guests here and on QEMU side by side, `vmm bench linux`: Debian's Linux
likewise (docs/bench.md), and `vmm bench techniques`: one kernel by each technique, and what the
feedback loop of pre-virtualization removes (docs/techniques.md).
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from typing import Any

from vmm.bench import (
    feedback,
    history,
    linux,
    linux_report,
    micro,
    report,
    techniques,
    techniques_report,
)
from vmm.bench import run as benchmark
from vmm.bench.rows import PLATFORMS, WORKLOADS, BenchError, Row, select
from vmm.bench.run import ICOUNT, OURS, QEMU, Result
from vmm.cli.arguments import count, file, writable
from vmm.cli.report import Failure, UsageError
from vmm.machine.system_error import reason

REPEAT = 5
MICRO_REPEAT = 10
WIDTH = 132  # columns, where there is no terminal to ask
EPILOG = f"""\
rows:
  guests      PROCESSOR/WORKLOAD: {', '.join(PLATFORMS)};
              {', '.join(list(WORKLOADS)[:7])},
              {', '.join(list(WORKLOADS)[7:])}
  linux       arm or i386, and boot, disk or net
  techniques  patterns such as x86, forks, translate, lazy narrow each other

examples:
  vmm bench --rows compute,memory --repeat 9
  vmm bench --json bench.json --history bench-history.jsonl
  vmm bench linux --rows arm/boot
  vmm bench techniques --rows x86,forks --repeat 1

exit status: 0, 1 if a guest failed or printed something else on one side, 2 wrong usage,
125 a guest is not built, QEMU is not there or a file cannot be used. docs/bench.md says more.
"""


def add(commands: Any) -> None:
    """Declare `vmm bench`."""
    command = commands.add_parser(
        "bench", help="measure against QEMU, side by side",
        description="Measures processor time beside QEMU: the same guest here and on qemu-system"
        " (and on qemu-system -icount), alternately, in one run. A ratio above 1: we are ahead.",
        epilog=EPILOG,
    )
    o = command.add_argument
    o("what", metavar="WHAT", nargs="?", choices=("guests", "techniques", "linux"),
      default="guests", help="guests (default): small ones, each of one kind of work; linux:"
      " Debian's Linux, booting, its disk and its network; techniques: one kernel bare and by each"
      " technique, without QEMU")
    o("--rows", metavar="PATTERN", action="append", default=[],
      help="only these rows: arm, compute, 'x86/*traps' (comma list, repeatable)")
    o("--repeat", metavar="N", type=count(1000), default=REPEAT,
      help=f"runs of each guest on each side (default {REPEAT})")
    o("--alone", action="store_true", help="without QEMU: our side only")
    o("--micro", action="store_true",
      help="the single costs too (the default when no rows are chosen)")
    o("--feedback", action="store_true",
      help="techniques: how many traps another build of previrt's kernel removes, annotated by"
      " the profile of the first (rebuilds guests; --rows names processors)")
    o("--json", metavar="FILE", type=file, help="write everything measured as JSON")
    o("--history", metavar="FILE", type=file,
      help="show the drift from this file's last entry, and append to it")
    command.set_defaults(function=run)


class Progress:
    """One line on a terminal's stderr that says what runs."""

    def __init__(self, stack: ExitStack, repeat: int) -> None:
        self._repeat = repeat
        self._status = None
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = stack.enter_context(Console(stderr=True).status("starting"))

    def say(self, text: str) -> None:
        """Replace the line."""
        if self._status is not None:
            self._status.update(text)

    def row(self, row: Row, side: str, repetition: int) -> None:
        """A run begins."""
        self.run(row.name, side, repetition)

    def run(self, name: str, side: str, repetition: int) -> None:
        """The same of what has this name."""
        self.say(f"{name} on {side}, {repetition + 1} of {self._repeat}")

    def case(self, case: techniques.Case, repetition: int) -> None:
        """A run of `vmm bench techniques` begins."""
        self.say(f"{case.name}, {repetition + 1} of {self._repeat}")


def show(results: list[Result], measured: list[micro.Measured], past: list[history.Entry],
         now: history.Entry) -> None:
    """The tables, on stdout."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(report.rows_table(results, past, now))
    for problem in report.problems(results):
        console.print(problem, style="bold red", markup=False)
    if past:
        console.print(f"drift: since {past[-1]['commit']} ({past[-1].get('date', 'unknown')}), "
                      "or the row's last entry; + is faster")
    if measured:
        console.print(report.micro_table(measured, results))


def run_techniques(o: argparse.Namespace, patterns: list[str]) -> int:
    """`vmm bench techniques`."""
    from rich.console import Console

    if o.alone or o.micro or o.history:
        raise UsageError("vmm bench techniques takes --rows, --repeat, --feedback and --json")
    if o.feedback:
        return run_feedback(o, patterns)
    try:
        cases = techniques.select(patterns)
    except BenchError as error:
        raise UsageError(f"--rows: {error}") from error
    writable(o.json, o.history)
    with ExitStack() as stack:
        progress = Progress(stack, o.repeat)
        try:
            results = techniques.run(cases, o.repeat, progress.case)
        except BenchError as error:
            raise Failure(str(error)) from error
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(techniques_report.table(results))
    for problem in techniques_report.problems(results):
        console.print(problem, style="bold red", markup=False)
    write_json(o, techniques.as_json(results, o.repeat))
    return 1 if any(one.problem for one in results) else 0


def run_linux(o: argparse.Namespace, patterns: list[str]) -> int:
    """`vmm bench linux`."""
    from rich.console import Console

    if o.micro or o.history or o.feedback:
        raise UsageError("vmm bench linux takes --rows, --repeat, --alone and --json")
    try:
        rows = linux.select(patterns)
    except BenchError as error:
        raise UsageError(f"--rows: {error}") from error
    writable(o.json, o.history)
    sides = (linux.OURS,) if o.alone else (linux.OURS, linux.QEMU)
    with ExitStack() as stack:
        progress = Progress(stack, o.repeat)
        try:
            linux.run(rows, sides, o.repeat, progress.run)
        except BenchError as error:
            raise Failure(str(error)) from error
        except OSError as error:
            raise Failure(f"bench: {reason(error)}") from error
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(linux_report.table(rows))
    for problem in linux_report.problems(rows):
        console.print(problem, style="bold red", markup=False)
    write_json(o, linux_report.as_json(rows, o.repeat))
    return 1 if any(row.problem for row in rows) else 0


def run_feedback(o: argparse.Namespace, patterns: list[str]) -> int:
    """`vmm bench techniques --feedback`."""
    from rich.console import Console

    try:
        platforms = feedback.select(patterns)
    except BenchError as error:
        raise UsageError(f"--rows: {error}") from error
    writable(o.json, o.history)
    with ExitStack() as stack:
        progress = Progress(stack, 1)
        try:
            loops = [feedback.loop(platform, progress.say) for platform in platforms]
        except BenchError as error:
            raise Failure(str(error)) from error
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(feedback.table(loops))
    write_json(o, feedback.as_json(loops))
    return 0


def write_json(o: argparse.Namespace, content: dict[str, Any]) -> None:
    """Write what was measured to `--json`'s file, if one is named."""
    if not o.json:
        return
    try:
        o.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Failure(f"{o.json}: {reason(error)}") from error


def run(o: argparse.Namespace) -> int:
    """`vmm bench`."""
    patterns = [word for text in o.rows for word in text.split(",")]
    if o.what == "techniques":
        return run_techniques(o, patterns)
    if o.what == "linux":
        return run_linux(o, patterns)
    if o.feedback:
        raise UsageError("--feedback is an option of vmm bench techniques")
    try:
        rows = select(patterns)
    except BenchError as error:
        raise UsageError(f"--rows: {error}") from error
    writable(o.json, o.history)
    sides = (OURS,) if o.alone else (OURS, QEMU, ICOUNT)
    measured: list[micro.Measured] = []
    try:
        past = history.read(o.history) if o.history else []
        with ExitStack() as stack:
            progress = Progress(stack, o.repeat)
            results = benchmark.run(rows, sides, o.repeat, progress.row)
            if o.micro or not patterns:
                platforms = list(dict.fromkeys(row.platform for row in rows))
                measured = micro.measure(platforms, MICRO_REPEAT, progress.say)
        now = history.entry(results, measured)
        show(results, measured, past, now)
        if o.json:
            text = json.dumps(report.as_json(results, measured, o.repeat), indent=1)
            o.json.write_text(text + "\n", encoding="utf-8")
        if o.history:
            history.append(o.history, now)
    except BenchError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename or 'bench'}: {reason(error)}") from error
    return 1 if any(result.problem for result in results) else 0
