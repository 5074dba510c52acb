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

# What does not trap in user mode, although it shows or changes privileged state (vmm theorem).
SILENT = {
    "x86": "POPF, PUSHF, SGDT, SIDT, SLDT, SMSW, STR, LAR, LSL, VERR, VERW, and segment loads",
    "arm": "CPS, MRS and MSR of CPSR, and LDRT and STRT with their like",
}


class Technique:
    """Nothing but the exits.  ``trusted``: the guest is known to avoid what does not trap."""

    name = "trap_and_emulate"

    def __init__(self, trusted: bool = False) -> None:
        self._trusted = trusted

    def refusal(self, machine: Machine) -> str | None:
        architecture = machine.processor.architecture
        silent = SILENT.get(architecture)
        if silent is None or self._trusted:
            return None
        return f"trap_and_emulate cannot run {architecture} kernels: {silent} do not trap"

    def attach(self, monitor: Monitor) -> None:
        pass
