# SPDX-License-Identifier: GPL-2.0-or-later
"""Where breakpoints and watchpoints stop a run."""

from __future__ import annotations

from vmm.machine.machine import Machine


def stops(machine: Machine, until: int) -> list[tuple[int, int, object]]:
    """Count, pc and access of each stop, to ``until`` instructions or the guest's end."""
    found = []
    while machine.engine.count < until:
        machine.run(until=until)
        if not (machine.stopped_at_breakpoint or machine.stopped_at_watchpoint):
            break
        found.append((machine.engine.count, machine.linear_pc, machine.stopped_at_watchpoint))
    return found
