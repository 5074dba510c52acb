# SPDX-License-Identifier: GPL-2.0-or-later
"""Which device drives which input of an interrupt controller.

Boards join a device and a controller with a `Line` that both hold.  Who holds
one is found by looking: the devices on the bus, and the parts they are made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vmm.machine.line import Line, SharedLine
from vmm.machine.machine import Machine

DEPTH = 3  # parts of parts that are looked at


@dataclass(frozen=True, slots=True)
class Wire:
    """A device's interrupt output."""

    device: str
    line: Line  # what the device drives
    end: Line  # the last wire before the controller or the processor


def wires(machine: Machine) -> list[Wire]:
    """Every wire that a device on the bus drives."""
    found: dict[int, Wire] = {}
    for space in (machine.bus.devices, machine.bus.ports):
        for placed in space:
            for line in _lines(placed.device, DEPTH, set()):
                found.setdefault(id(line), Wire(placed.device.name, line, end(line)))
    return list(found.values())


def end(line: Line) -> Line:
    """The wire that a wire leads to, through those that join several."""
    for _ in range(8):
        owner = getattr(getattr(line, "sink", None), "__self__", None)
        if isinstance(owner, SharedLine):
            owner = getattr(owner.sink, "__self__", None)
        if not isinstance(owner, Line):
            break
        line = owner
    return line


def _attributes(thing: Any) -> Iterator[Any]:
    names = [*getattr(thing, "__dict__", ()), *getattr(type(thing), "__slots__", ())]
    for name in names:
        yield getattr(thing, name, None)


def _lines(thing: Any, depth: int, seen: set[int]) -> Iterator[Line]:
    """The lines that a device or a part of it holds; a controller's inputs are not its outputs."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    for value in _attributes(thing):
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, Line):
                yield item
                continue
            owner = getattr(item, "__self__", item)
            if depth and type(owner).__module__.startswith("vmm.devices."):
                yield from _lines(owner, depth - 1, seen)
