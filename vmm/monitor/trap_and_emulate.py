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
from vmm.monitor.theorem import offenders

# SPARC's only offender (vmm theorem -cpu leon3) is LEON3's casa of user data, which the native
# layer has trap for a virtual kernel (monitor_sparc.c).
MADE_TO_TRAP = ("sparc",)
NAMED = 8  # offenders in a refusal; vmm theorem names all


class Technique:
    """Nothing but the exits.  ``trusted``: the guest is known to avoid what does not trap."""

    name = "trap_and_emulate"

    def __init__(self, trusted: bool = False) -> None:
        self._trusted = trusted

    def refusal(self, machine: Machine) -> str | None:
        architecture, model = machine.processor.architecture, machine.processor.model
        if self._trusted or architecture in MADE_TO_TRAP:
            return None
        found = offenders(architecture, model)
        if not found:
            return None
        return (
            f"trap_and_emulate cannot run {architecture} kernels: {len(found)} sensitive"
            f" instructions do not trap in user mode, among them {'; '.join(found[:NAMED])}"
            f" (vmm theorem -cpu {model})"
        )

    def attach(self, monitor: Monitor) -> None:
        pass
