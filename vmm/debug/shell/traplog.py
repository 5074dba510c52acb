# SPDX-License-Identifier: GPL-2.0-or-later
"""The traps that a session has seen, by their number in the run.

A run that is repeated after going back reports its traps again; they fall on
their own places.  What lies behind the present position has been seen, but
has not happened: it is not shown.
"""

from __future__ import annotations

from vmm.machine.ledger import TrapRecord
from vmm.machine.machine import Machine

KEEP = 200_000  # traps; older ones are forgotten


class TrapLog:
    """Records traps from its making on, and the few before it that the engine remembers."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._records: list[TrapRecord] = machine.engine.recent_traps()
        self.first = self._taken() - len(self._records)  # number of the oldest that is kept
        machine.ledger.record(self._recorded)
        # A snapshot is taken and put back only between runs: nothing is on its way then.
        machine.on_stopped.append(lambda outcome: machine.engine.drain_ledger())

    def _taken(self) -> int:
        return int(self._machine.engine.native.recent_count)

    def _recorded(self, records: list[TrapRecord]) -> None:
        at = self._taken() - len(records) - self.first
        if not 0 <= at <= len(self._records):  # a stretch in between was not watched
            self._records.clear()
            self.first += at
            at = 0
        del self._records[at:]
        self._records += records
        if len(self._records) > 2 * KEEP:
            self.first += len(self._records) - KEEP
            del self._records[:-KEEP]

    def happened(self) -> list[TrapRecord]:
        """The traps up to the present position, oldest first."""
        self._machine.engine.drain_ledger()
        return self._records[: max(self._taken() - self.first, 0)]
