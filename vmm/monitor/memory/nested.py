# SPDX-License-Identifier: GPL-2.0-or-later
"""Nested translation: the processor walks the guest's own tables, then a second stage.

Bhargava and others, "Accelerating Two-Dimensional Page Walks for Virtualized
Systems" (2008).  The walk goes by the virtual processor's privilege; the second
stage is the native layer's map of physical pages (`vmm_page` in vmm.h), which
every translation passes.  The guest's TLB operations are the engine's own, so
there is nothing to follow and nothing to keep.

On x86, whose real processor keeps the guest's CR0, CR3 and CR4 (but for PE);
the others' registers for translation are their virtual processor's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmm.monitor.memory.base import MemoryCounters, PolicyError
from vmm.monitor.memory.guest import virtual_of
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor


class Policy:
    """The engine's own walk.  The counters stay at zero: nothing comes here."""

    name = "nested"

    def __init__(self) -> None:
        self.counters = MemoryCounters()

    def attach(self, monitor: Monitor) -> None:
        """Leave translation to the engine."""
        architecture = monitor.machine.processor.architecture
        if architecture != "x86":
            raise PolicyError(f"nested translation in user mode is for x86, not {architecture}")
        virtual_of(monitor).set_fill_mode(native.FILL_ENGINE)

    def context_changed(self) -> None:
        """The engine has done what the architecture asks."""

    def flush(self, address: int | None) -> None:
        """So it has here."""

    def fill(self, address: int, access: int) -> int:
        """Nobody asks."""
        raise RuntimeError(f"a fill of {address:#x} with nested translation")

    def stored(self) -> None:
        """Stores to tables are not trapped."""

    def wrote(self, address: int, size: int) -> None:
        """Neither are others'."""

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        """There is nothing to be gained: the guest writes its tables."""
        return False

    def forget(self) -> None:
        """Nothing is kept."""
