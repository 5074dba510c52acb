# SPDX-License-Identifier: GPL-2.0-or-later
"""What a monitor asks of the policy that translates its guest's addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor


@dataclass(slots=True)
class MemoryCounters:
    """What translating took."""

    faults: int = 0  # that the guest took
    hidden_faults: int = 0  # that it did not see: its translation was not in the shadow yet
    updates: int = 0  # of the guest's tables that were trapped or told
    walks: int = 0  # of the guest's tables
    flushes: int = 0  # by the guest
    switches: int = 0  # of the address space or of what governs it


class MemoryPolicy(Protocol):
    """Translates a guest's virtual addresses; guest-physical ones are the machine's own."""

    name: str
    counters: MemoryCounters

    def attach(self, monitor: Monitor) -> None:
        """The machine has been taken over and has not run yet."""
        ...

    def context_changed(self) -> None:
        """A register that governs translation has been written on the virtual processor."""
        ...

    def flush(self, address: int | None) -> None:
        """The guest flushed the translations of a page, or all of them."""
        ...

    def fill(self, address: int, access: int) -> int:
        """A translation is needed for a load (0), store (1) or fetch (2).

        0: it is there now.  Else the number of the exception that the access raises; its
        status is in the virtual processor's registers.
        """
        ...

    def stored(self) -> None:
        """The store that was let through to a page of the guest's tables has been made."""
        ...

    def update(self, entries: Sequence[tuple[int, int]]) -> None:
        """The guest asks for entries of its tables to be set: (physical address, value) each."""
        ...
