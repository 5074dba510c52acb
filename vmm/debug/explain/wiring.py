# SPDX-License-Identifier: GPL-2.0-or-later
"""Which device drives which input of an interrupt controller."""

from __future__ import annotations

from dataclasses import dataclass

from vmm.debug.trace.lines import find_lines
from vmm.machine.line import Fork, Line, Source
from vmm.machine.machine import Machine

JOINTS = 8  # wires in a row that are followed


@dataclass(frozen=True, slots=True)
class Wire:
    """A device's interrupt output."""

    device: str
    line: Line  # what the device drives
    end: Line  # the last wire before the controller or the processor


def wires(machine: Machine) -> list[Wire]:
    """Every wire that a device drives: not what only its receiver holds."""
    return [
        Wire(found.device, found.line, end(found.line)) for found in find_lines(machine)
        if not found.name.startswith(f"{found.device}.")
    ]


def end(line: Line) -> Line:
    """The wire that a wire leads to, through those that join several."""
    for _ in range(JOINTS):
        if isinstance(line, Fork):
            line = line.first
            continue
        sink = line.shared.sink if isinstance(line, Source) else getattr(line, "sink", None)
        following = getattr(sink, "__self__", None)
        if not isinstance(following, Line):
            break
        line = following
    return line
