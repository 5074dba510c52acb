# SPDX-License-Identifier: GPL-2.0-or-later
"""Coverage of a guest's source, as an LCOV tracefile (geninfo(1), FILES).

Which instructions began is counted by the generated code, exactly; which
lines they belong to is in the debug information of the files that were
loaded.  A line's count is that of its most often begun instruction, a
function's that of its first.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from vmm.cpu.execution import begun, count_instructions
from vmm.debug.explain.source import Sources, sources
from vmm.debug.trace.feed import Feed
from vmm.debug.trace.output import Output
from vmm.machine.machine import Machine


class NoDebugInformation(ValueError):
    """Nothing that was loaded says where its code comes from: one line."""


@dataclass(slots=True)
class Covered:
    """One source file: counts by line, and functions by name with their line and count."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[str, tuple[int, int]] = field(default_factory=dict)


def coverage(machine: Machine, counts: dict[int, int], known: Sources) -> dict[str, Covered]:
    """What of each source file has run, from the counts of instructions by pc."""
    addresses = list(counts)  # ascending
    files: dict[str, Covered] = {}
    for start, end, line in known.lines():
        if line.line <= 0:  # made by the compiler
            continue
        lines = files.setdefault(line.file, Covered()).lines
        at = bisect_left(addresses, start)
        most = lines.get(line.line, 0)
        while at < len(addresses) and addresses[at] < end:
            most = max(most, counts[addresses[at]])
            at += 1
        lines[line.line] = most
    for symbol in machine.symbols:
        place = known.at(symbol.address)
        if place is not None and place.line > 0 and place.file in files:
            functions = files[place.file].functions
            functions.setdefault(symbol.name, (place.line, counts.get(symbol.address, 0)))
    return files


def write(file: Output[str], files: dict[str, Covered]) -> None:
    """Write a tracefile."""
    for name, covered in sorted(files.items()):
        functions = sorted(covered.functions.items(), key=lambda item: (item[1][0], item[0]))
        lines = sorted(covered.lines.items())
        file.write(f"TN:\nSF:{name}\n")
        file.writelines(f"FN:{line},{function}\n" for function, (line, _) in functions)
        file.writelines(f"FNDA:{count},{function}\n" for function, (_, count) in functions)
        file.write(f"FNF:{len(functions)}\n")
        file.write(f"FNH:{sum(count > 0 for _, (_, count) in functions)}\n")
        file.writelines(f"DA:{line},{count}\n" for line, count in lines)
        file.write(f"LF:{len(lines)}\nLH:{sum(count > 0 for _, count in lines)}\nend_of_record\n")


class Lcov:
    """Counts from now on; `finish` writes the file."""

    def __init__(self, feed: Feed, file: Output[str]) -> None:
        self._machine = feed.machine
        self._file = file
        self._sources = sources(feed.machine.symbols)
        if not any(one.units for one in self._sources.files):
            raise NoDebugInformation("the guest has no debug information: compile it with -g")
        count_instructions(feed.machine.engine, True)

    def finish(self) -> None:
        """Write what has run and count no more."""
        engine = self._machine.engine
        write(self._file, coverage(self._machine, begun(engine), self._sources))
        count_instructions(engine, False)
