# SPDX-License-Identifier: GPL-2.0-or-later
"""The source lines where a machine's last traps came from, and where it is."""

from __future__ import annotations

from vmm.debug.explain.source import sources
from vmm.machine.machine import Machine

SHOWN = 4


def source_lines(machine: Machine) -> list[str]:
    """A line for each place, the latest first; none without debug information."""
    known = sources(machine.symbols)
    traps = [pc for _, _, pc, _, _ in reversed(machine.engine.recent_traps())]
    found = []
    for pc in list(dict.fromkeys([machine.linear_pc, *traps]))[:SHOWN]:
        line = known.at(pc)
        if line is None or line.line <= 0:
            continue
        text = (known.text(line) or "").strip()
        where = machine.symbols.name(pc)
        found.append(f"  {pc:08x} <{where}> {line.short}: {text}".rstrip(": "))
    return ["source of the pc and the last traps:", *found] if found else []
