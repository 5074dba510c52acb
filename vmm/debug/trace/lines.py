# SPDX-License-Identifier: GPL-2.0-or-later
"""The interrupt lines of a machine, found by name.

No list of them is kept: a line is found where a device holds it, at its
source or at the controller that it ends in, so a board of a user's own has
its lines traced too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmm.machine.line import Line, SharedLine
from vmm.machine.machine import Machine

DEPTH = 4  # a device, a part of it, a list in that, the line


@dataclass(frozen=True, slots=True, eq=False)
class NamedLine:
    """A line, the device that drives it (or, if none is known, takes it), and its name there."""

    line: Line
    device: str
    name: str


def find_lines(machine: Machine) -> list[NamedLine]:
    """All lines that devices hold, in the order of the devices; names are unique in a device."""
    found: dict[int, NamedLine] = {}
    used: set[tuple[str, str]] = set()
    for device, owner in _devices(machine):
        seen: set[int] = set()
        for path, line in _held(owner, "", DEPTH, seen):
            known = found.get(id(line))
            if known is not None and not known.name.startswith(f"{known.device}."):
                continue  # its source was found already
            name = line.name or path
            if known is not None:
                used.discard((known.device, known.name))
            number = 2
            unique = name
            while (device, unique) in used:
                unique, number = f"{name}_{number}", number + 1
            used.add((device, unique))
            found[id(line)] = NamedLine(line, device, unique)
    return list(found.values())


def _devices(machine: Machine) -> Iterator[tuple[str, object]]:
    """Every device that is placed somewhere, once, and those that answer system registers."""
    seen: set[int] = set()
    for space in (machine.bus.devices, machine.bus.ports):
        for placed in space:
            if id(placed.device) not in seen:
                seen.add(id(placed.device))
                yield placed.device.name, placed.device
    answering = getattr(machine.engine.handlers.sysreg, "__self__", None)
    for _, part in _attributes(answering):
        if type(part).__module__.startswith("vmm.devices.") and id(part) not in seen:
            yield getattr(part, "name", type(part).__name__.lower()), part


def _held(value: object, path: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Line]]:
    """The lines that can be reached from a device without entering another one's wires."""
    if isinstance(value, Line):
        yield path, value
        return
    if depth == 0 or id(value) in seen or isinstance(value, SharedLine):
        return
    seen.add(id(value))
    if isinstance(value, dict):
        items = [(str(key), held) for key, held in value.items()]
    elif isinstance(value, list | tuple):
        items = [(str(index), held) for index, held in enumerate(value)]
    elif type(value).__module__.startswith("vmm.devices."):
        items = [(name.lstrip("_"), held) for name, held in _attributes(value)]
    else:
        return
    for key, held in items:
        yield from _held(held, f"{path}.{key}" if path else key, depth - 1, seen)


def _attributes(value: object) -> list[tuple[str, object]]:
    names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
    return [(name, getattr(value, name)) for name in names if hasattr(value, name)]
