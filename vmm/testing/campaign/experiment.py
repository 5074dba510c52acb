# SPDX-License-Identifier: GPL-2.0-or-later
"""Making the runs of a campaign in one process.

The reference run is made first, with snapshots on its way.  Each run then
begins at the last snapshot before its flip, so it costs what lies behind it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from vmm.api.machine import Machine
from vmm.api.snapshot import Snapshot
from vmm.machine import diagnosis, loader
from vmm.machine.outcome import Ending, Outcome
from vmm.state.snapshot import SnapshotError
from vmm.testing import run
from vmm.testing.campaign.plan import Class, Flip, Plan, Row, Space, choose
from vmm.testing.console import lines_of

SNAPSHOTS = 16  # of the reference run
SLACK = 0.001  # virtual seconds that a run may take longer than the reference run, at least
RANGE = "memory:"


class CampaignError(ValueError):
    """A campaign that cannot be: one line."""


class SpaceError(CampaignError):
    """Nothing of that name can be flipped."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the reference run."""

    state: Snapshot
    count: int
    printed: int  # bytes
    kinds: Counter[int]  # traps taken until then


class Experiments:
    """A machine, its reference run, and the runs that are compared with it."""

    def __init__(self, plan: Plan) -> None:
        """Make the reference run; CampaignError if it does not end as the case wants."""
        self.plan = plan
        case = plan.case
        self.machine = self._machine()
        self.kinds: Counter[int] = Counter()
        self.trial = run.Trial(case, self.machine)
        self.machine.machine.ledger.record(self._record)
        self.registers = self.machine.registers
        self.spaces = [self._space(word) for word in plan.spaces]
        self._begin()
        self.marks = [self._mark()]
        self.outcome = self._reference()
        self.console = bytes(self.trial.printed)
        self.taken = self.kinds.copy()
        self.counts = range(self.marks[0].count, self.machine.count)
        self.seconds = self.machine.seconds
        self._take_marks()

    def close(self) -> None:
        """Give the machine's memory back."""
        self.machine.close()

    def _record(self, records: list[tuple[int, int, int, int, int]]) -> None:
        self.kinds.update(kind for _, kind, _, _, _ in records)

    # -- the reference run --------------------------------------------------------------

    def _machine(self) -> Machine:
        if self.plan.snapshot is None:
            return run.boot(self.plan.case)
        try:
            return Machine.reopen(self.plan.snapshot)
        except SnapshotError as error:
            raise CampaignError(str(error)) from error

    def _begin(self) -> None:
        """To the state that all runs begin with."""
        after = self.plan.after
        if after is None:
            return
        limits = self.plan.case.limits
        outcome = self.machine.run(after, timeout=limits.virtual, wall_timeout=limits.wall)
        if self.machine.reached is None:
            raise CampaignError(f"{self.plan.case.name}: {after!r} is not printed: {outcome.text}")

    def _reference(self) -> Outcome:
        outcome = self.trial.run()
        problems = self.trial.problems(outcome)
        if problems:
            raise CampaignError(
                f"{self.plan.case.name}: fails with nothing changed: {problems[0].splitlines()[-1]}"
            )
        return outcome

    def _take_marks(self) -> None:
        """Go through the reference run once more, with a stop for each snapshot."""
        if not self.spaces:
            return
        machine = self.machine.machine
        step = max(1, len(self.counts) // SNAPSHOTS)
        self._restore(self.marks[0])
        self.trial.begin(self.plan.case.typed)
        for count in self.counts[step::step]:
            machine.run(until=count)
            self.marks.append(self._mark())

    def _mark(self) -> Mark:
        return Mark(self.machine.snapshot(), self.machine.count, len(self.trial.printed),
                    self.kinds.copy())

    def _restore(self, mark: Mark) -> None:
        self.machine.restore(mark.state)
        self.trial.printed[:] = self.console[: mark.printed]
        self.kinds = mark.kinds.copy()

    # -- what may be flipped --------------------------------------------------------------

    def _space(self, word: str) -> Space:
        """``registers``, ``control``, a register's name, ``memory``, ``memory:START:SIZE``."""
        table = self.registers.table
        if word in ("registers", "control"):
            group = "general" if word == "registers" else word
            names = tuple(
                name for name, register in table.items()
                if register.group == group and register.write is not None
            )
            return Space(names)
        if word == "memory":
            return Space(memory=self._program())
        if word.startswith(RANGE):
            return Space(memory=self._range(word))
        try:
            register = self.registers.find(word)
        except KeyError:
            raise SpaceError(
                f"{word}: write registers, control, a register, memory or memory:START:SIZE"
            ) from None
        if register.write is None:
            raise SpaceError(f"{word}: this register is read-only")
        return Space((register.name,))

    def _range(self, word: str) -> range:
        try:
            start, size = (int(part, 0) for part in word.removeprefix(RANGE).split(":"))
        except ValueError:
            raise SpaceError(f"{word}: write memory:START:SIZE in bytes") from None
        if size < 1 or self.machine.machine.bus.memory_at(start, size) is None:
            raise SpaceError(f"{word}: this board has no memory there")
        return range(start, start + size)

    def _program(self) -> range:
        """The memory that the kernel's file fills."""
        kernel = self.plan.case.kernel
        if kernel is None:
            raise SpaceError(
                "memory: that of the kernel, and there is none: write memory:START:SIZE")
        data = loader.read(Path(kernel))
        if not loader.is_elf(data):
            raise SpaceError(
                f"memory: {kernel} does not say its addresses: write memory:START:SIZE")
        segments = loader.elf(kernel, data).segments
        return range(min(s.address for s in segments), max(s.address + s.size for s in segments))

    # -- one run --------------------------------------------------------------------------

    def run(self, number: int) -> Row:
        """Make run ``number``."""
        plan = self.plan
        typed = plan.inputs[number % len(plan.inputs)] if plan.inputs else plan.case.typed
        flip = None
        if self.spaces:
            bits = {name: register.bits for name, register in self.registers.table.items()}
            flip = choose(plan.seed, number, self.spaces, self.counts, bits)
        mark = self.marks[0]
        if flip is not None and not plan.inputs:
            at = bisect_right(self.marks, flip.count, key=lambda mark: mark.count) - 1
            mark = self.marks[at]
        self._restore(mark)
        if mark is self.marks[0]:
            self.trial.begin(typed)
        pc = ""
        if flip is not None:
            self.machine.machine.run(until=flip.count)
            pc = diagnosis.place(self.machine.machine, self.machine.pc)
            self._invert(flip)
        outcome = self._finish()
        return self._row(number, outcome, flip, pc, typed)

    def _invert(self, flip: Flip) -> None:
        if flip.register:
            self.registers[flip.register] ^= 1 << flip.bit
        else:
            (byte,) = self.machine.physical.read(flip.address, 1)
            self.machine.physical.write(flip.address, bytes([byte ^ 1 << flip.bit]))

    def _finish(self) -> Outcome:
        """To the end, or until it has taken too long."""
        limit = max(self.plan.patience * self.seconds, self.seconds + SLACK)
        until = self.plan.case.until
        return self.machine.run(
            until, timeout=max(0.0, limit - self.machine.seconds),
            wall_timeout=self.plan.case.limits.wall,
        )

    def _row(
        self, number: int, outcome: Outcome, flip: Flip | None, pc: str, typed: bytes
    ) -> Row:
        name = self.machine.machine.processor.trap_name
        new = sorted(name(kind) for kind in self.kinds.keys() - self.taken.keys())
        return Row(
            number, self._class(outcome, bool(new)),
            None if flip is None else flip.count, "" if flip is None else flip.place,
            None if flip is None else flip.bit, pc,
            typed.decode(errors="replace") if self.plan.inputs else "",
            outcome.ending.value, outcome.status, self.machine.count, self.kinds.total(),
            " ".join(new), hashlib.sha256(self.trial.printed).hexdigest(), self._line(),
            outcome.text,
        )

    def _class(self, outcome: Outcome, new_traps: bool) -> Class:
        if outcome.ending is Ending.FAILURE:
            return Class.ERROR
        if outcome.ending is Ending.TIME:
            return Class.TIMEOUT
        if outcome.ending is Ending.CRASH and self.outcome.ending is not Ending.CRASH:
            return Class.CRASH
        if new_traps:
            return Class.TRAP
        same = (outcome.ending, outcome.status) == (self.outcome.ending, self.outcome.status)
        return Class.SAME if same and self.trial.printed == self.console else Class.OUTPUT

    def _line(self) -> int | None:
        """The first line that is not the reference run's, from 1."""
        if self.trial.printed == self.console:
            return None
        ours, theirs = lines_of(bytes(self.trial.printed)), lines_of(self.console)
        for number, (a, b) in enumerate(zip(ours, theirs, strict=False), 1):
            if a != b:
                return number
        return min(len(ours), len(theirs)) + 1
