# SPDX-License-Identifier: GPL-2.0-or-later
"""Trap and emulate: the guest's kernel runs in user mode, and what it may not do traps.

Popek and Goldberg, "Formal Requirements for Virtualizable Third Generation
Architectures" (1974).  It is enough where every sensitive instruction is
privileged, as on SPARC V8.  Nothing is replaced and nothing is scanned: the
architecture's monitor emulates what trapped.
"""

from __future__ import annotations

from vmm.machine.machine import Machine
from vmm.monitor.base import Monitor


class Technique:
    """The technique needs nothing but the exits."""

    name = "trap_and_emulate"

    def refusal(self, machine: Machine) -> str | None:
        return None

    def attach(self, monitor: Monitor) -> None:
        pass
