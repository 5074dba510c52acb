# SPDX-License-Identifier: GPL-2.0-or-later
"""Running one test in this process."""

from __future__ import annotations

import hashlib
import struct
import time
from dataclasses import replace
from pathlib import Path

from vmm.api import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.testing import console, origin, reopen
from vmm.testing.case import Case
from vmm.testing.result import Result, Verdict, error

OUTPUT_LIMIT = 16 << 20  # bytes a guest may print
RECORD = struct.Struct("<5Q")


def boot(case: Case) -> Machine:
    """The machine of a test; ValueError or OSError if something does not fit."""
    return Machine(
        case.board, kernel=case.kernel, bios=case.bios, initrd=case.initrd, cpu=case.cpu,
        ram=case.ram, processors=case.processors, append=case.append,
        properties=case.properties,
    )


class Trial:
    """One run of a test's guest, observed."""

    def __init__(self, case: Case, machine: Machine, keep_ledger: bool = False) -> None:
        self.case = case
        self.machine = machine
        self.printed = bytearray()
        self.hash = hashlib.sha256()
        self.traps = 0
        self.gave_up = ""  # the limit that was reached
        machine.machine.console.sinks.append(self._print)
        if keep_ledger:
            machine.machine.ledger.record(self._record)

    def _print(self, data: bytes) -> None:
        self.printed += data
        if len(self.printed) > OUTPUT_LIMIT and not self.gave_up:
            self.gave_up = f"the guest has printed more than {OUTPUT_LIMIT >> 20} MiB"
            self.machine.machine.stop(Outcome.time(self.gave_up))

    def _record(self, records: list[tuple[int, int, int, int, int]]) -> None:
        self.traps += len(records)
        for record in records:
            self.hash.update(RECORD.pack(*record))

    def begin(self, typed: bytes) -> None:
        """Type, and play the case's script."""
        case, machine = self.case, self.machine
        serial = machine.machine.console
        if typed:
            serial.type(typed)
        if case.script:
            if case.script[-1].verb == "expect":
                serial.on_script_end = lambda: machine.machine.stop(
                    Outcome.exit(0, "the script is finished")
                )
            serial.play(list(case.script))

    def run(self) -> Outcome:
        """To the end that the case says, or to a limit."""
        self.begin(self.case.typed)
        limits = self.case.limits
        return self.machine.run(
            self.case.until, timeout=limits.virtual, instructions=limits.instructions,
            wall_timeout=limits.wall,
        )

    def problems(self, outcome: Outcome) -> list[str]:
        """What is not as the case wants it."""
        found = [*self._ending(outcome), *console.problems(self.case, bytes(self.printed))]
        waiting = self.machine.machine.console.expecting
        if waiting is not None:
            found.append(f"the script still waits, line {waiting.number}: {waiting.text!r}")
        return found

    def _ending(self, outcome: Outcome) -> list[str]:
        case = self.case
        statuses = case.statuses
        if case.until is not None:
            as_wanted = self.machine.reached is not None
        else:
            as_wanted = outcome.ending is case.ending and (
                statuses is None or outcome.status in statuses
            )
        if as_wanted:
            return []
        if case.until is not None:
            wanted = f"that the guest prints {case.until!r}"
        elif case.ending is not Ending.EXIT:
            wanted = ENDINGS[case.ending]
        elif statuses is None:
            wanted = "that the guest ends itself"
        else:
            wanted = f"exit status {' or '.join(map(str, sorted(statuses)))}"
        return [f"expected: {wanted}\n     got: {outcome.text}"]


ENDINGS = {
    Ending.CRASH: "that the guest crashes",
    Ending.TIME: "that a time limit is reached",
    Ending.STOPPED: "that the run is stopped",
}


def run(case: Case, repeat: int = 1, save: Path | None = None) -> Result:
    """Run a test ``repeat`` times: it passes if every run does, and all are the same run.

    ``save`` is a folder for a snapshot of the machine where it failed.
    """
    first = _run(case, repeat > 1, save)
    for number in range(2, repeat + 1):
        if first.verdict is not Verdict.PASSED:
            break
        again = _run(case, True, save)
        if again.verdict is not Verdict.PASSED:
            first = replace(again, problems=(f"in run {number}", *again.problems))
        elif _identity(again) != _identity(first):
            text = f"run {number} is not the same run\nexpected: {_identity(first)}\n" \
                   f"     got: {_identity(again)}"
            first = replace(again, verdict=Verdict.FAILED, problems=(text,))
        first = replace(first, cpu=first.cpu + again.cpu)
    if case.xfail is None or first.verdict is Verdict.ERROR:
        return first
    if first.verdict is Verdict.FAILED:
        return replace(first, verdict=Verdict.XFAILED)
    return replace(
        first, verdict=Verdict.XPASSED,
        problems=(f"expected: that it fails ({case.xfail})\n     got: it passes",),
    )


def _identity(result: Result) -> str:
    printed = hashlib.sha256(result.console).hexdigest()
    return (f"{result.instructions} instructions, {result.traps} traps ({result.ledger[:16]}),"
            f" console {printed[:16]}")


def _run(case: Case, keep_ledger: bool, save: Path | None) -> Result:
    started = time.process_time()
    try:
        machine = boot(case)
    except (ValueError, OSError) as problem:
        return error(case, str(problem))
    with machine:
        trial = Trial(case, machine, keep_ledger)
        outcome = trial.run()
        problems = trial.problems(outcome)
        verdict = Verdict.FAILED if problems else Verdict.PASSED
        if outcome.ending is Ending.FAILURE:
            verdict = Verdict.ERROR
        diagnosis: tuple[str, ...] = ()
        reopened = ""
        if problems:
            diagnosis = (*machine.report(), *origin.source_lines(machine.machine))
        if problems and save is not None:
            reopened = reopen.keep(
                machine.machine, save / f"{reopen.file_name(case.name)}.snapshot"
            )
        return Result(
            case, verdict, tuple(problems), outcome, bytes(trial.printed), diagnosis,
            machine.count, machine.seconds, time.process_time() - started,
            trial.hash.hexdigest() if keep_ledger else "", trial.traps, reopened,
        )
