# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run writes down: traces, `-d` reports, the trap ledger and statistics."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vmm.cli.report import Failure, UsageError, show
from vmm.debug.trace import files, topics
from vmm.debug.trace.feed import Feed
from vmm.debug.trace.output import Output, text_file
from vmm.machine.ledger import TrapRecord
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.machine.statistics import statistics
from vmm.machine.system_error import reason

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor


def check(o: argparse.Namespace) -> None:
    """UsageError if the options ask for topics or traces that do not exist."""
    wanted_topics(o)
    wanted_ranges(o)
    wanted_traces(o)


def wanted_topics(o: argparse.Namespace) -> frozenset[str]:
    """The topics of ``-d``."""
    try:
        return topics.parse(o.topics)
    except topics.UnknownTopic as error:
        raise UsageError(f"-d {error}") from error


def wanted_ranges(o: argparse.Namespace) -> tuple[range, ...]:
    """The addresses of ``-dfilter``."""
    try:
        return topics.parse_filter(o.dfilter)
    except topics.UnknownTopic as error:
        raise UsageError(f"-dfilter {error}") from error


def wanted_traces(o: argparse.Namespace) -> list[files.Request]:
    """The traces of every ``--trace``."""
    try:
        return [files.parse(text) for text in o.trace or ()]
    except files.TraceError as error:
        raise UsageError(f"--trace {error}") from error


def create(path: Path, stack: ExitStack) -> Output[str]:
    """A new text file that is closed with the run; Failure names it."""
    try:
        return text_file(path, stack)
    except OSError as error:
        raise Failure(f"{path}: {reason(error)}") from error


@dataclass(slots=True)
class Recording:
    """The files of one run."""

    machine: Machine
    stats: Output[str] | None = None

    def finish(self, outcome: Outcome, monitor: Monitor | None = None) -> None:
        """Write what is written at the end, with what ``monitor`` counted."""
        if self.stats is None:
            return
        report = {
            "ending": outcome.ending.value,
            "status": outcome.status,
            "text": outcome.text,
            **statistics(self.machine),
        }
        if monitor is not None:
            from vmm.monitor import hot

            report["virtualization"] = hot.summary(monitor)
        self.stats.write(json.dumps(report, indent=2) + "\n")


def attach(machine: Machine, o: argparse.Namespace, stack: ExitStack) -> Recording:
    """Open the files that the options ask for and have the machine fill them."""
    recording = Recording(machine, create(o.stats, stack) if o.stats else None)
    log = create(o.log, stack) if o.log else None

    def line(text: str) -> None:
        if log is not None:
            log.write(text + "\n")
        else:
            show(text)

    ledger = create(o.ledger, stack) if o.ledger else None
    if ledger is not None:

        def traps(records: list[TrapRecord]) -> None:
            ledger.writelines(f"{topics.trap_line(machine, record)}\n" for record in records)

        machine.ledger.record(traps)
    feed = Feed(machine)
    try:
        for request in wanted_traces(o):
            files.start(feed, request, stack)
    except files.TraceFileError as error:
        raise Failure(f"--trace {error}") from error
    except files.TraceError as error:
        raise UsageError(f"--trace {error}") from error
    topics.listen(feed, wanted_topics(o), line, wanted_ranges(o))
    stack.callback(feed.close)
    return recording
