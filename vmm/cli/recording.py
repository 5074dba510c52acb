# SPDX-License-Identifier: GPL-2.0-or-later
"""What `vmm run` writes down: the trap ledger, statistics, and `-d` reports."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from vmm.cli import topics
from vmm.cli.report import Failure, show
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome


def create(path: Path, stack: ExitStack) -> TextIO:
    """A new text file that is closed with the run; Failure names it."""
    try:
        return stack.enter_context(path.open("w", encoding="utf-8"))
    except OSError as error:
        raise Failure(f"{path}: {(error.strerror or str(error)).lower()}") from error


@dataclass(slots=True)
class Recording:
    """The files of one run."""

    machine: Machine
    stats: TextIO | None = None

    def finish(self, outcome: Outcome) -> None:
        """Write what is written at the end."""
        if self.stats is None:
            return
        report = {
            "ending": outcome.ending.value,
            "status": outcome.status,
            "text": outcome.text,
            **self.machine.statistics(),
        }
        json.dump(report, self.stats, indent=2)
        self.stats.write("\n")


def attach(machine: Machine, o: argparse.Namespace, stack: ExitStack) -> Recording:
    """Open the files that the options ask for and have the machine fill them."""
    wanted = topics.parse(o.topics)
    log = create(o.log, stack) if o.log else None

    def line(text: str) -> None:
        if log is not None:
            log.write(text + "\n")
        else:
            show(text)

    recording = Recording(machine, create(o.stats, stack) if o.stats else None)
    ledger = create(o.ledger, stack) if o.ledger else None
    topics.listen(machine, wanted, line)
    if ledger is None and "int" not in wanted:
        return recording

    def traps(records: list[topics.TrapRecord]) -> None:
        lines = [topics.trap_line(machine, record) for record in records]
        if ledger is not None:
            ledger.writelines(f"{text}\n" for text in lines)
        if "int" in wanted:
            for text in lines:
                line(f"int: {text}")

    machine.record_ledger(traps)
    return recording
