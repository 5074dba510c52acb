# SPDX-License-Identifier: GPL-2.0-or-later
"""What a trap changed: the registers before and after, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmm.debug.explain.explanation import Context, Section
from vmm.debug.explain.fields import fields

SELECTORS = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"}


@dataclass(frozen=True, slots=True)
class Change:
    """One register that has another value."""

    name: str
    before: int
    after: int
    fields: tuple[str, ...]  # "ET 1 -> 0"


def changes(
    architecture: str, before: Mapping[str, int], after: Mapping[str, int]
) -> list[Change]:
    """The registers that differ, in the order of the register file."""
    found = []
    for name, new in after.items():
        old = before.get(name, new)
        if old != new:
            pairs = zip(
                fields(architecture, name, old), fields(architecture, name, new), strict=False
            )
            moved = tuple(
                f"{was.name} {was.value:x} -> {now.value:x}" for was, now in pairs
                if was.name == now.name and was.value != now.value
            )
            found.append(Change(name, old, new, moved))
    return found


def section(context: Context, hidden: tuple[str, ...] = ()) -> Section:
    """The difference, a register a line; names that begin as one of ``hidden`` are left out.

    Data: the list of `Change`s that are shown.
    """
    architecture = context.machine.processor.architecture
    found = [
        change for change in changes(architecture, context.before, context.after)
        if not change.name.startswith(hidden or ("\0",))
    ]
    width = max((len(change.name) for change in found), default=0)
    shown = tuple(
        f"{change.name:<{width}}  {_shown(change)}"
        + (f"  {', '.join(change.fields)}" if change.fields else "")
        for change in found
    )
    return Section("Changed", shown or ("nothing",), found)


def _shown(change: Change) -> str:
    digits = 4 if change.name in SELECTORS else 8
    return f"{change.before:0{digits}x} -> {change.after:0{digits}x}"
