# SPDX-License-Identifier: GPL-2.0-or-later
"""Call frame information: from a frame's registers to its caller's (DWARF 5, section 6.4)."""

from __future__ import annotations

import logging
import weakref
from bisect import bisect_right
from functools import cached_property
from typing import Any

from elftools.dwarf.callframe import FDE, RegisterRule

from vmm.debug.explain.source import BROKEN, DebugFile, Sources
from vmm.debug.explain.view import View

log = logging.getLogger(__name__)


class _Table:
    """The frame descriptions of one file, by address."""

    def __init__(self, file: DebugFile) -> None:
        self.file = file

    @cached_property
    def entries(self) -> list[tuple[int, int, Any]]:
        dwarf = self.file.dwarf
        found: list[tuple[int, int, Any]] = []
        if dwarf is None:
            return found
        for has, read in ((dwarf.has_CFI, dwarf.CFI_entries),
                          (dwarf.has_EH_CFI, dwarf.EH_CFI_entries)):
            try:
                entries = read() if has() else []
                found += [
                    (entry["initial_location"],
                     entry["initial_location"] + entry["address_range"], entry)
                    for entry in entries if isinstance(entry, FDE)
                ]
            except BROKEN as error:
                log.info("%s: broken frame information: %s", self.file.path, error)
        return sorted(found, key=lambda entry: entry[:2])

    def find(self, address: int) -> Any | None:
        index = bisect_right(self.entries, address, key=lambda entry: entry[0]) - 1
        if index >= 0 and address < self.entries[index][1]:
            return self.entries[index][2]
        return None


_known: weakref.WeakKeyDictionary[Sources, list[_Table]] = weakref.WeakKeyDictionary()


def _tables(sources: Sources) -> list[_Table]:
    if sources not in _known:
        _known[sources] = [_Table(file) for file in sources.files]
    return _known[sources]


def unwind(
    sources: Sources, view: View, pc: int, registers: dict[int, int], stack: int
) -> dict[int, int] | None:
    """The caller's registers by DWARF number, its pc as that of the return address column.

    ``stack`` is the number of the stack pointer.  None if nothing describes ``pc``, or what it
    says leads nowhere.
    """
    for table in _tables(sources):
        entry = table.find(pc)
        if entry is None:
            continue
        try:
            return _apply(entry, view, pc, registers, stack)
        except BROKEN as error:
            log.info("frame information of %#x: %s", pc, error)
    return None


def _apply(
    entry: Any, view: View, pc: int, registers: dict[int, int], stack: int
) -> dict[int, int] | None:
    rows = [row for row in entry.get_decoded().table if row["pc"] <= pc]
    row = rows[-1] if rows else None
    if row is None or row["cfa"].expr is not None:
        return None
    base = registers.get(row["cfa"].reg)
    if base is None:
        return None
    frame = base + row["cfa"].offset & 0xFFFFFFFF
    caller = dict(registers)
    caller[stack] = frame
    for number, rule in row.items():
        if not isinstance(number, int):
            continue
        match rule.type:
            case RegisterRule.OFFSET:
                value = view.number(frame + rule.arg)
                if value is None:
                    return None
                caller[number] = value
            case RegisterRule.VAL_OFFSET:
                caller[number] = frame + rule.arg & 0xFFFFFFFF
            case RegisterRule.REGISTER:
                caller[number] = registers[rule.arg]
            case RegisterRule.UNDEFINED:
                caller.pop(number, None)
    back = entry.cie["return_address_register"]
    if back not in caller:
        return None
    caller[-1] = caller[back]
    return caller
