# SPDX-License-Identifier: GPL-2.0-or-later
"""Source lines of guest code, from the DWARF of the ELF files that were loaded.

Everything is read on first use and kept: a compilation unit's line table when
an address of it is asked for, a source file when a line of it is.  Debug
information that is missing or broken costs the answer, never the run.
"""

from __future__ import annotations

import logging
import os
import struct
import weakref
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.dwarf.ranges import RangeEntry
from elftools.elf.elffile import ELFFile

from vmm.machine.symbols import Symbols

log = logging.getLogger(__name__)

# What pyelftools raises for DWARF that is broken or beyond it
BROKEN = (
    OSError, ELFError, DWARFError, ConstructError, struct.error, ValueError, KeyError, IndexError,
    TypeError, AttributeError, AssertionError, OverflowError, NotImplementedError, RecursionError,
    MemoryError,
)
SOURCE_LIMIT = 4 << 20  # bytes of a source file that is still read


@dataclass(frozen=True, slots=True)
class Line:
    """A place in the source."""

    file: str  # where it is now, or as the compiler was told
    line: int
    column: int = 0

    @property
    def short(self) -> str:
        """``src/main.c:12``, relative to the working directory if it is below that."""
        inside = os.path.relpath(self.file) if os.path.isabs(self.file) else self.file
        return f"{self.file if inside.startswith('..') else inside}:{self.line}"


@dataclass(frozen=True, slots=True)
class Function:
    """A function whose code an address is in, and where in it: inlined ones have a place each."""

    name: str
    line: Line | None
    inlined: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    address: int
    line: Line | None  # None: the end of a sequence


class _Unit:
    """One compilation unit of a file."""

    def __init__(self, dwarf: Any, cu: Any, program: Path) -> None:
        self.dwarf, self.cu, self.loaded = dwarf, cu, program

    @cached_property
    def top(self) -> Any:
        return self.cu.get_top_DIE()

    @cached_property
    def program(self) -> Any:
        return self.dwarf.line_program_for_CU(self.cu)

    @cached_property
    def files(self) -> list[str]:
        """Names of the line table's files, by their number in it."""
        if self.program is None:
            return []
        header = self.program.header
        directory = _text(self.top, "DW_AT_comp_dir") or ""
        five = header["version"] >= 5
        folders = [_decoded(name) for name in header["include_directory"]]
        if not five:
            folders.insert(0, directory)
        names = [] if five else [""]
        for entry in header["file_entry"]:
            folder = folders[entry.dir_index] if entry.dir_index < len(folders) else ""
            names.append(os.path.normpath(os.path.join(directory, folder, _decoded(entry.name))))
        return names

    def place(self, file: int, line: int, column: int = 0) -> Line | None:
        if not 0 <= file < len(self.files) or not self.files[file]:
            return None
        return Line(located(self.files[file], self.loaded), line, column)

    @cached_property
    def rows(self) -> list[_Row]:
        """The line table by address."""
        if self.program is None:
            return []
        rows = []
        for entry in self.program.get_entries():
            state = entry.state
            if state is None:
                continue
            line = None if state.end_sequence else self.place(state.file, state.line, state.column)
            rows.append(_Row(state.address, line))
        # At one address the end of a sequence comes before the beginning of the next.
        return sorted(rows, key=lambda row: (row.address, row.line is not None))

    def at(self, address: int) -> Line | None:
        index = bisect_right(self.rows, address, key=lambda row: row.address) - 1
        return self.rows[index].line if index >= 0 else None

    def covers(self, die: Any) -> list[tuple[int, int]]:
        """The address ranges of an entry."""
        attributes = die.attributes
        if "DW_AT_ranges" in attributes:
            lists = self.dwarf.range_lists()
            base = attributes_low(self.top)
            if lists is None:
                return []
            found = lists.get_range_list_at_offset(
                attributes["DW_AT_ranges"].value, cu=self.cu
            ) if self.cu["version"] >= 5 else lists.get_range_list_at_offset(
                attributes["DW_AT_ranges"].value
            )
            ranges = []
            for entry in found:
                if not isinstance(entry, RangeEntry):
                    base = entry.base_address
                    continue
                start = 0 if entry.is_absolute else base
                ranges.append((start + entry.begin_offset, start + entry.end_offset))
            return ranges
        if "DW_AT_low_pc" not in attributes or "DW_AT_high_pc" not in attributes:
            return []
        low = int(attributes["DW_AT_low_pc"].value)
        high = attributes["DW_AT_high_pc"]
        end = int(high.value) if high.form == "DW_FORM_addr" else low + int(high.value)
        return [(low, end)]

    def functions(self, address: int) -> list[Any]:
        """The subprogram around an address and what is inlined in it, outermost first."""
        found: list[Any] = []
        stack = [self.top]
        while stack:
            die = stack.pop()
            for child in die.iter_children():
                if child.tag in ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine"):
                    if any(low <= address < high for low, high in self.covers(child)):
                        found.append(child)
                        stack = [child]
                        break
                elif child.tag == "DW_TAG_lexical_block":
                    stack.append(child)
        return found

    def name(self, die: Any) -> str:
        for _ in range(4):  # an inlined or specified function names its origin
            if "DW_AT_name" in die.attributes:
                return _text(die, "DW_AT_name") or ""
            for origin in ("DW_AT_abstract_origin", "DW_AT_specification"):
                if origin in die.attributes:
                    die = die.get_DIE_from_attribute(origin)
                    break
            else:
                return ""
        return ""


def attributes_low(die: Any) -> int:
    """The base address of a unit."""
    low = die.attributes.get("DW_AT_low_pc")
    return int(low.value) if low is not None else 0


def _decoded(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _text(die: Any, name: str) -> str | None:
    attribute = die.attributes.get(name)
    return None if attribute is None else _decoded(attribute.value)


class DebugFile:
    """The debug information of one ELF file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def dwarf(self) -> Any:
        """pyelftools' view, or None if there is none."""
        try:
            elf = ELFFile(self.path.open("rb"))  # read as it is needed: the file stays open
            return elf.get_dwarf_info() if elf.has_dwarf_info() else None
        except BROKEN as error:
            log.info("%s: no debug information: %s", self.path, error)
            return None

    @cached_property
    def units(self) -> list[_Unit]:
        if self.dwarf is None or not self.dwarf.has_debug_info:
            return []
        try:
            return [_Unit(self.dwarf, cu, self.path) for cu in self.dwarf.iter_CUs()]
        except BROKEN as error:
            log.info("%s: broken debug information: %s", self.path, error)
            return []

    @cached_property
    def _index(self) -> list[tuple[int, int, _Unit]]:
        """Address ranges of all units, by address."""
        found = []
        for unit in self.units:
            try:
                found += [(low, high, unit) for low, high in unit.covers(unit.top)]
            except BROKEN as error:
                log.info("%s: broken unit: %s", self.path, error)
        return sorted(found, key=lambda entry: entry[:2])

    def unit(self, address: int) -> _Unit | None:
        """The compilation unit that an address is in."""
        index = bisect_right(self._index, address, key=lambda entry: entry[0]) - 1
        if index >= 0 and address < self._index[index][1]:
            return self._index[index][2]
        return None


class Sources:
    """Source lines of everything that was loaded into a machine."""

    def __init__(self, files: list[Path]) -> None:
        self.files = [DebugFile(path) for path in files]
        self._texts: dict[str, list[str]] = {}
        self._lines: dict[int, Line | None] = {}

    def _unit(self, address: int) -> _Unit | None:
        for file in self.files:
            unit = file.unit(address)
            if unit is not None:
                return unit
        return None

    def at(self, address: int) -> Line | None:
        """The source line of the instruction at ``address``."""
        if address not in self._lines:
            self._lines[address] = self._look_up(address)
        return self._lines[address]

    def _look_up(self, address: int) -> Line | None:
        unit = self._unit(address)
        try:
            return unit.at(address) if unit is not None else None
        except BROKEN as error:
            log.info("no line of %#x: %s", address, error)
            return None

    def functions(self, address: int) -> list[Function]:
        """The functions that ``address`` is in, innermost first; all but the last are inlined."""
        unit = self._unit(address)
        if unit is None:
            return []
        try:
            line, found = unit.at(address), []
            for die in reversed(unit.functions(address)):
                inlined = die.tag == "DW_TAG_inlined_subroutine"
                found.append(Function(unit.name(die), line, inlined))
                if inlined and "DW_AT_call_line" in die.attributes:
                    file = die.attributes.get("DW_AT_call_file")
                    number = int(die.attributes["DW_AT_call_line"].value)
                    line = unit.place(int(file.value) if file is not None else 1, number)
            return found
        except BROKEN as error:
            log.info("no functions of %#x: %s", address, error)
            return []

    def addresses(self, file: str, line: int) -> list[int]:
        """Where the code of a source line begins, once for each stretch of it.

        ``file`` is a name or the end of a path: ``main.c``, ``sparc/hello/main.c``.  Lines that
        the compiler has left no code of their own have the address of what they became part of.
        """
        found: set[int] = set()
        empty: set[int] = set()
        for unit in self._all_units():
            try:
                if not any(_same(name, file) for name in unit.files) and not os.path.isabs(file):
                    continue
                before: Line | None = None
                for row, following in pairwise(unit.rows):
                    here, long = row.line, following.address > row.address
                    if here is not None and here.line == line and _same(here.file, file):
                        if not long:
                            empty.add(row.address)
                        elif before is None or (before.file, before.line) != (here.file, line):
                            found.add(row.address)
                    before = here if long else before
            except BROKEN as error:
                log.info("a unit without lines: %s", error)
        return sorted(found or empty)

    def lines(self) -> Iterator[tuple[int, int, Line]]:
        """All line table rows: first address, address behind the last, line."""
        for unit in self._all_units():
            try:
                rows = unit.rows
            except BROKEN as error:
                log.info("a unit without lines: %s", error)
                continue
            for row, following in pairwise(rows):
                if row.line is not None and following.address > row.address:
                    yield row.address, following.address, row.line

    def _all_units(self) -> Iterator[_Unit]:
        for file in self.files:
            yield from file.units

    def text(self, line: Line) -> str | None:
        """The source text of a line, if its file can be read."""
        if line.file not in self._texts:
            self._texts[line.file] = _read(line.file)
        texts = self._texts[line.file]
        return texts[line.line - 1] if 0 < line.line <= len(texts) else None


@lru_cache(maxsize=4096)
def located(name: str, program: Path) -> str:
    """A source file where it is now: sources move, and stay where they are from the program.

    The longest end of the name that exists below a folder the program is in, or the name itself.
    """
    if os.path.exists(name):
        return name
    parts = Path(name).parts[1:]
    for start in range(len(parts) - 1):
        for folder in program.resolve().parents[:-1]:
            candidate = folder.joinpath(*parts[start:])
            if candidate.is_file():
                return str(candidate)
    return name


def _same(name: str, wanted: str) -> bool:
    return name == wanted or name.endswith("/" + wanted.removeprefix("./"))


def _read(name: str) -> list[str]:
    try:
        if os.path.getsize(name) > SOURCE_LIMIT:
            return []
        return Path(name).read_text(errors="replace").splitlines()
    except OSError:
        return []


_known: weakref.WeakKeyDictionary[Symbols, Sources] = weakref.WeakKeyDictionary()


def sources(symbols: Symbols) -> Sources:
    """The source lines of a machine's guests: one for each machine, kept as long as it lives."""
    found = _known.get(symbols)
    if found is None or [file.path for file in found.files] != symbols.files:
        found = _known[symbols] = Sources(list(symbols.files))
    return found
