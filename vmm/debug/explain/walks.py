# SPDX-License-Identifier: GPL-2.0-or-later
"""Page-table walks as text, and the listing of what is mapped."""

from __future__ import annotations

from dataclasses import dataclass

from vmm.cpu.walk import Access, Step, Walk
from vmm.debug.explain.explanation import Section
from vmm.debug.explain.fields import brief, fields
from vmm.debug.explain.view import UNLIMITED, View

LIMIT = 1 << 32


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of virtual addresses that is mapped in one piece with one set of rights."""

    start: int
    end: int  # behind the last byte
    physical: int
    rights: str  # supervisor before user


def step_lines(architecture: str, step: Step, last: bool = False) -> list[str]:
    """An entry: where it is, what it is, and its fields; zeros only of the last one."""
    where = f"{step.table:<16} [{step.address:08x}]"
    if step.entry is None:
        return [f"{where}  nobody answers at this physical address"]
    value = f"{step.entry:0{step.size * 2}x}"
    decoded = fields(architecture, step.layout, step.entry)
    shown = brief([field for field in decoded if field.value or last])
    return [f"{where} = {value}  {step.kind}{': ' if shown else ''}{shown}"]


def walk_lines(architecture: str, walk: Walk) -> list[str]:
    """Every step, and the end."""
    shown = []
    for inner in walk.through[:-1] if walk.physical is None else ():
        shown.append(f"stage 2 of {inner.address:08x} -> {inner.physical or 0:08x}")
    for step in walk.steps:
        shown += step_lines(architecture, step, step is walk.steps[-1])
    last = walk.through[-1] if walk.through else None
    if last is not None and (walk.physical is None or walk.steps or last.steps):
        shown.append(f"stage 2 of {last.address:08x}:")
        shown += ["  " + line for inner in last.steps for line in step_lines(architecture, inner)]
    if walk.physical is not None:
        rights = f", rights {walk.rights} (privileged/user)" if walk.steps else ""
        shown.append(f"=> physical address {walk.physical:08x}{rights}")
    else:
        shown.append(f"=> {walk.fault}")
    return shown


def section(architecture: str, walk: Walk, access: Access) -> Section:
    """The walk of an access.  Data: the `Walk`."""
    if not walk.steps and walk.physical is not None and not walk.through:
        lines = [f"{access} of {walk.address:08x}: translation is off, it is the physical address"]
    else:
        lines = [f"{access} of {walk.address:08x}", *walk_lines(architecture, walk)]
    return Section("Walk", tuple(lines), walk)


def pages(view: View, start: int = 0, end: int = LIMIT) -> list[Range]:
    """What is mapped from ``start`` to ``end``: neighbours that belong together are one."""
    found: list[Range] = []
    address = start
    while address < end:
        walk = view.walk(address, UNLIMITED)
        if not walk.steps and walk.physical is not None and not walk.through:
            return [Range(start, end, start, walk.rights)]  # translation is off
        following = min((address & -walk.span) + walk.span, end)
        if walk.physical is not None:
            last = found[-1] if found else None
            size = address - last.start if last is not None else 0
            if last is not None and (last.end, last.physical + size, last.rights) == (
                address, walk.physical, walk.rights
            ):
                found[-1] = Range(last.start, following, last.physical, last.rights)
            else:
                found.append(Range(address, following, walk.physical, walk.rights))
        address = following
    return found


def page_lines(ranges: list[Range]) -> list[str]:
    """A range a line: virtual, physical, size, rights."""
    return [
        f"{one.start:08x}-{one.end - 1:08x} -> {one.physical:09x}  "
        f"{_size(one.end - one.start):>9}  {one.rights}"
        for one in ranges
    ] or ["nothing is mapped"]


def _size(count: int) -> str:
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if not count & (1 << shift) - 1:
            return f"{count >> shift} {unit}"
    return f"{count} bytes"
