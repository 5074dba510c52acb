# SPDX-License-Identifier: GPL-2.0-or-later
"""The trap ledger of a machine: every trap, in batches, to whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmm.machine.machine import Machine

TrapRecord = tuple[int, int, int, int, int]  # count, kind, pc, status, info
Sink = Callable[[list[TrapRecord]], None]


class Ledger:
    """Who is told of the traps of one machine; with nobody, none is kept."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.sinks: list[Sink] = []

    def take(self, records: list[TrapRecord]) -> None:
        """The engine's handler of a batch."""
        for sink in self.sinks:
            sink(records)

    def record(self, sink: Sink) -> None:
        """Report every trap to ``sink``, from now on."""
        self.sinks.append(sink)
        self._keep()

    def forget(self, sink: Sink) -> None:
        """Report traps to ``sink`` no more, once it has those until now."""
        for processor in self._machine.processors:
            processor.engine.drain_ledger()
        self.sinks.remove(sink)
        self._keep()

    def _keep(self) -> None:
        for processor in self._machine.processors:
            processor.engine.native.ledger_on = int(bool(self.sinks))
