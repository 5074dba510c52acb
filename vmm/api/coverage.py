# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a guest has run: counts of instructions by address, function and source line."""

from __future__ import annotations

from pathlib import PurePath

from vmm.cpu.execution import begun, count_instructions
from vmm.debug.explain.source import sources
from vmm.debug.trace import lcov
from vmm.machine.machine import Machine


class Coverage:
    """How often each instruction of one machine has begun since it was built."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        count_instructions(machine.engine, True)

    def counts(self) -> dict[int, int]:
        """By address, what has not begun left out."""
        return begun(self._machine.engine)

    def count(self, place: str | int) -> int:
        """How often the instruction at a symbol or address has begun; KeyError for no symbol."""
        if isinstance(place, str):
            symbol = self._machine.symbols.find(place)
            if symbol is None:
                raise KeyError(f"no symbol {place!r} in what was loaded")
            place = symbol.address
        return self.counts().get(place, 0)

    def lines(self, file: str) -> dict[int, int]:
        """Lines of a source file and how often each has begun; those without code left out.

        ``file`` is a name or the end of a path.  KeyError if no guest was compiled from it, or
        none with debug information.
        """
        known = sources(self._machine.symbols)
        found: dict[int, int] = {}
        for name, covered in lcov.coverage(self._machine, self.counts(), known).items():
            if PurePath(name).match(file):
                for line, count in covered.lines.items():
                    found[line] = max(count, found.get(line, 0))
        if not found:
            raise KeyError(f"no source file {file!r} in the debug information of what was loaded")
        return found
