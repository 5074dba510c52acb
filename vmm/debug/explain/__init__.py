# SPDX-License-Identifier: GPL-2.0-or-later
"""Understanding a machine: traps explained, tables and registers decoded, code and stacks read.

Pure functions from a machine to small typed results and stable plain text;
nothing here moves or changes the machine, or touches a device's registers.
"""

from __future__ import annotations

from vmm.debug.explain.explanation import Context, Explanation, Section, Trap
from vmm.machine.machine import Machine

__all__ = ["Explanation", "Section", "Trap", "explain"]


def explain(machine: Machine, trap: Trap) -> Explanation:
    """What happened and what the processor did, in the architecture's own terms.

    The machine stands where the trap's delivery left it.  Page tables and code are read from
    memory now: a delivery that wrote over its own tables is told as memory is afterwards.
    """
    from vmm.debug.explain import arm, sparc, x86

    explainers = {"sparc": sparc.explain, "arm": arm.explain, "x86": x86.explain}
    return explainers[machine.processor.architecture](Context(machine, trap))
