# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine's guest on a virtual processor: how it was asked for, and what it took.

docs/techniques.md has the techniques and the memory policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from vmm import monitor
from vmm.machine.machine import Machine
from vmm.monitor import hot
from vmm.monitor.counters import Profile

Technique = Literal["assist", "trap_and_emulate", "translate", "previrt", "para"]
Shadow = Literal["strict", "lazy", "exposed", "nested"]


class Virtualization:
    """What one machine's monitor does."""

    def __init__(self, made: monitor.Monitor) -> None:
        self._monitor = made

    @property
    def technique(self) -> str:
        """How sensitive instructions reach the virtual processor."""
        return self._monitor.technique.name

    @property
    def shadow(self) -> str:
        """The memory policy: how the guest's page tables are followed."""
        return self._monitor.memory.name

    @property
    def exits(self) -> int:
        """How often the guest has left for its monitor; what is emulated natively is none."""
        return self._monitor.counters.total

    def statistics(self) -> dict[str, Any]:
        """Counters by kind, as `--stats` writes them in ``virtualization``."""
        return hot.summary(self._monitor)

    def hottest(self, count: int = 10) -> list[hot.Row]:
        """Where most exits came from; ValueError if the machine keeps no profile."""
        return hot.rows(self._monitor, count)


def virtualize(
    machine: Machine, technique: Technique | None, shadow: Shadow | None,
    assist_controls: Iterable[str], trusted: bool, profile: bool,
) -> Virtualization | None:
    """Have a machine that has not run run so; ValueError for what does not go together."""
    names = list(assist_controls)
    if technique is None and (shadow or names or trusted or profile):
        raise ValueError("shadow, assist_controls, trusted and profile need a technique")
    if technique is None:
        return None
    own: dict[str, Any] = {"trusted": True} if trusted else {}
    if trusted and technique != "trap_and_emulate":
        raise ValueError("trusted goes with technique trap_and_emulate")
    if names:
        from vmm.monitor.assist.control_block import Controls  # few machines are assisted

        if technique != "assist":
            raise ValueError("assist_controls go with technique assist")
        processor = machine.processor
        own["controls"] = Controls.named(processor.architecture, processor.trap_kinds(), names)
    made = monitor.virtualize(machine, technique, shadow, **own)
    if profile:
        made.profile = Profile()
    return Virtualization(made)
