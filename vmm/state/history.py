# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's history: snapshots of the past, dense near the present, within bounded memory.

Going back means: put back the nearest snapshot before, and run again up to the
place.  Snapshots share the pages that did not change between them, so most
are small.  When they exceed ``keep`` bytes, the one goes whose absence costs
least: the gap it leaves, relative to how long ago it was.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from vmm.machine.machine import Machine
from vmm.memory.frames import PAGE
from vmm.state.inputs import Entered, log_of
from vmm.state.memory import EMPTY, Chunk
from vmm.state.snapshot import Snapshot, SnapshotError, restore, take

FIXED_SIZE = 256 << 10  # bytes of a snapshot besides its pages, about
MOST = 256  # snapshots


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A point of a run; cycles slept tell apart what has one count and one number of traps."""

    count: int
    traps: int
    idle: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One snapshot of the past."""

    moment: Moment
    snapshot: Snapshot = field(compare=False)
    # Somebody changed the machine there by hand: a run from before does not lead to it.
    changed: bool = field(compare=False, default=False)


@dataclass(frozen=True, slots=True)
class Past:
    """What led to one state."""

    entries: list[Entry]
    inputs: list[Entered]


def now(machine: Machine) -> Moment:
    """Where a machine stands."""
    n = machine.engine.native
    return Moment(machine.engine.count, int(n.recent_count), int(n.idle))


class History:
    """The kept past of one machine."""

    def __init__(self, machine: Machine, keep: int) -> None:
        self.machine = machine
        self.keep = keep
        self.inputs = log_of(machine)
        self.entries: list[Entry] = []
        self.refused = "nothing has been kept yet"  # why there is no past
        self.bytes = 0
        self._chunks: Counter[int] = Counter()
        self._pages: Counter[int] = Counter()

    def note(self, changed: bool = False) -> None:
        """Keep the present, unless it is kept already."""
        moment = now(self.machine)
        at = bisect_left(self.entries, moment, key=lambda entry: entry.moment)
        if at < len(self.entries) and self.entries[at].moment == moment:
            return
        try:
            entry = Entry(moment, take(self.machine), changed)
        except SnapshotError as error:  # such as a disk whose image is written to
            self.refused = str(error)
            return
        insort(self.entries, entry)
        self._account(entry, 1)
        self._thin(entry)

    def before(self, moment: Moment) -> Entry:
        """The latest entry before ``moment``, or the oldest of all.

        SnapshotError if this machine has no past, because it cannot be kept.
        """
        if not self.entries:
            raise SnapshotError(self.refused)
        at = bisect_left(self.entries, moment, key=lambda entry: entry.moment)
        return self.entries[max(at - 1, 0)]

    def changed_at(self, count: int) -> Entry | None:
        """The change that was made by hand at this count, the latest of several."""
        for entry in reversed(self.entries):
            if entry.changed and entry.moment.count == count:
                return entry
        return None

    def put_back(self, entry: Entry) -> None:
        """Put the machine back to one of the entries."""
        restore(self.machine, entry.snapshot)
        self.inputs.resume()

    def diverge(self) -> None:
        """The present has been changed from outside: what came after it has not happened."""
        moment = now(self.machine)
        self.replace(entry for entry in self.entries if entry.moment < moment)
        self.inputs.forget_after(self.machine.engine.cycles)
        self.note(changed=True)

    def replace(self, entries: Iterable[Entry]) -> None:
        """Have exactly these entries."""
        kept = list(entries)
        for entry in kept:
            self._account(entry, 1)
        for entry in self.entries:
            self._account(entry, -1)
        self.entries = kept

    def past(self) -> Past:
        """All that is kept of the past."""
        return Past(list(self.entries), list(self.inputs.entries))

    def return_to(self, past: Past) -> None:
        """Have this past: the machine has been put back to where it was the past of."""
        self.replace(past.entries)
        self.inputs.entries = list(past.inputs)
        self.inputs.resume()

    # -- memory ---------------------------------------------------------------------

    def _thin(self, newest: Entry) -> None:
        while len(self.entries) > 2 and (self.bytes > self.keep or len(self.entries) > MOST):
            present = newest.moment.count
            entries = self.entries
            candidates = [
                (
                    (entries[i + 1].moment.count - entries[i - 1].moment.count)
                    / (abs(present - entries[i].moment.count) + 1),
                    i,
                )
                for i in range(1, len(entries) - 1)
                if entries[i] is not newest and not entries[i].changed
            ]
            # Without a change between, what follows would be lost: then the oldest goes.
            gone = min(candidates)[1] if candidates else 0
            if entries[gone] is newest:
                return
            self._account(entries.pop(gone), -1)

    def _account(self, entry: Entry, by: int) -> None:
        self.bytes += by * FIXED_SIZE
        for image in entry.snapshot.memory:
            for chunk in image:
                if chunk is not EMPTY:
                    self._account_chunk(chunk, by)

    def _account_chunk(self, chunk: Chunk, by: int) -> None:
        if self._turns(self._chunks, id(chunk), by):
            for page in chunk:
                if page is not None and self._turns(self._pages, id(page), by):
                    self.bytes += by * PAGE

    @staticmethod
    def _turns(counts: Counter[int], key: int, by: int) -> bool:
        """Count one up or down; whether it came into being or has gone."""
        counts[key] += by
        value = counts[key]
        if value == 0:
            del counts[key]
        return value == (1 if by > 0 else 0)
