# SPDX-License-Identifier: GPL-2.0-or-later
"""Test descriptions: TOML files that say what a guest must do (docs/testing.md).

A description has the keys of one test.  A table ``[test.NAME]`` adds a test
that has them too, but for what it says itself; ``[matrix]`` multiplies every
test by lists of boards, processors, memory sizes or command lines.  Each
mistake is named with file, line and key.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from vmm import boards
from vmm.boards import boardfile, size
from vmm.boards.boardfile import Table
from vmm.boards.options import board_and_properties
from vmm.machine.console import ScriptError, ScriptLine, parse_script, read_script
from vmm.machine.outcome import Ending
from vmm.testing import elf
from vmm.testing.case import Case, Limits, Pattern, success

SUFFIX = ".vmm.toml"
MATRIX = ("board", "cpu", "memory", "append")
ENDINGS = tuple(ending.value for ending in Ending if ending is not Ending.FAILURE)
KEYS = ("description", "board", "kernel", "bios", "initrd", "cpu", "memory", "processors", "append",
        "tags", "xfail", "ending", "status", "console", "limits")
PLACEHOLDERS = ("board", "architecture", "cpu", "memory", "append")


def read(file: Path, board: str | None = None) -> list[Case]:
    """The tests of a description; ValueError of one line says what is wrong with it.

    ``board`` is for tests that name none, before what their guest says.
    """
    top = boardfile.read(file)
    name = file.name.removesuffix(SUFFIX) if file.name.endswith(SUFFIX) else file.stem
    _refuse_unknown(top, (*KEYS, "matrix", "test"))
    tests = top.tables("test")
    matrix = _matrix(top)
    found = []
    for inner_name, inner in tests or [("", top)]:
        reader = _Reader(top, inner, f"{file}::{inner_name}" if inner_name else str(file), name)
        if tests:
            _refuse_unknown(inner, KEYS)
        found += [reader.case(chosen, board) for chosen in matrix]
    return found


def _refuse_unknown(table: Table, known: Iterable[str]) -> None:
    """Before anything is read: a key that is spelled wrong is the cause of what is missing."""
    for key in table.values:
        if key not in known:
            raise table.error(key, f"is not known here; known: {', '.join(known)}")


def _matrix(top: Table) -> list[dict[str, str]]:
    """Every combination of what ``[matrix]`` lists; one empty one without it."""
    if "matrix" not in top:
        return [{}]
    table = top.table("matrix")
    axes = [[(key, value) for value in _texts(table, key)] for key in MATRIX if key in table]
    table.finish()
    return [dict(chosen) for chosen in itertools.product(*axes)]


def _texts(table: Table, key: str) -> list[str]:
    """A list of texts; one text is a list of it."""
    if key not in table:
        return []
    value = table.get(key)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise table.error(key, f"wants a list of texts, not {value!r}")
    if not values:
        raise table.error(key, "an empty list")
    return values


class _Reader:
    """Reads one test: its own table where it has the key, else the top of the file."""

    def __init__(self, top: Table, own: Table, name: str, stem: str) -> None:
        self.top = top
        self.own = own
        self.name = name
        self.stem = stem
        self.file = top.file

    def _table(self, key: str) -> Table:
        """The table that says a key."""
        return self.own if key in self.own or key not in self.top else self.top

    def _inner(self, key: str) -> Iterator[Table]:
        """The tables ``[key]``: the top's first, then the test's own, which goes before it."""
        for table in dict.fromkeys((self.top, self.own)):
            if key in table:
                yield table.table(key)

    def _text(self, key: str, default: str = "") -> str:
        return self._table(key).text(key, default)

    def case(self, chosen: dict[str, str], board: str | None) -> Case:
        """The test for one combination of the matrix."""
        texts = {key: chosen.get(key) or self._text(key) for key in ("board", "cpu", "memory")}
        kernel = self._path("kernel", {**texts, **chosen}, board or "")
        if kernel is None and "bios" not in self._table("bios"):
            raise self.top.error("", "nothing to run: kernel or bios is missing")
        named = texts["board"] or board or (elf.board(kernel) if kernel else "")
        if not named:
            raise self.top.error("", "board is missing, and there is no ELF file to tell it")
        name, properties = self._board(named)
        values = {**texts, "board": name, "architecture": boards.find(name).architecture}
        case = Case(
            name=self.name + (f"[{'-'.join(chosen.values())}]" if chosen else ""),
            source=self.file, board=name, kernel=kernel,
            bios=self._path("bios", values, name), initrd=self._path("initrd", values, name),
            cpu=texts["cpu"] or None, ram=self._memory(texts["memory"]),
            processors=self._processors(),
            append=chosen.get("append", self._text("append")), properties=properties,
            description=self._text("description"),
            tags=frozenset(_texts(self._table("tags"), "tags")),
            xfail=self._text("xfail") or None,
        )
        return self._end(self._limits(self._console(case)))

    # -- what is booted -----------------------------------------------------------

    def _board(self, text: str) -> tuple[str, dict[str, str]]:
        """``virt,secure=on``: the board, known to exist, and its properties."""
        table = self._table("board")
        try:
            name, properties = board_and_properties(text)
            if name.endswith(".toml"):
                name = str(self.file.parent / name)
            boards.find(name)
        except ValueError as error:
            raise table.error("board", str(error)) from error
        return name, properties

    def _path(self, key: str, values: dict[str, str], board: str) -> Path | None:
        """A file beside the description; ``{architecture}`` and the like are filled in."""
        table = self._table(key)
        if key not in table:
            if key != "kernel" or "bios" in self._table("bios"):
                return None
            beside = self.file.with_name(f"{self.stem}.elf")
            return beside if beside.is_file() else None
        text = table.text(key)
        if "{" in text:
            named = (values["board"] or board).partition(",")[0]
            try:
                info = boards.find(named) if named else None
                fields = {**dict.fromkeys(PLACEHOLDERS, ""), **values, "board": named}
                fields["architecture"] = info.architecture if info else ""
                text = re.sub(r"\{(\w+)\}", lambda found: fields[found[1]], text)
            except KeyError as error:
                raise table.error(
                    key, f"no value {error.args[0]!r}; known: {', '.join(PLACEHOLDERS)}"
                ) from error
            except ValueError as error:
                raise self._table("board").error("board", str(error)) from error
        path = self.file.parent / text
        if not path.is_file():
            raise table.error(key, f"{path}: no such file")
        return path

    def _memory(self, text: str) -> int | None:
        try:
            return size.memory_size(text) if text else None
        except ValueError as error:
            raise self._table("memory").error("memory", f"{text!r}: {error}") from error

    def _processors(self) -> int:
        table = self._table("processors")
        return table.number("processors", low=1, high=255) if "processors" in table else 1

    # -- the console ----------------------------------------------------------------

    def _console(self, case: Case) -> Case:
        for table in self._inner("console"):
            case = self._one_console(case, table)
            table.finish()
        return case

    def _one_console(self, case: Case, table: Table) -> Case:
        changes: dict[str, Any] = {
            key: self._patterns(table, key) for key in ("expect", "forbid", "ignore")
            if key in table
        }
        if "input" in table:
            changes["typed"] = table.text("input").encode()
        if "until" in table:
            changes["until"] = table.text("until")
            if not changes["until"]:
                raise table.error("until", "an empty text is always there")
        if "output" in table:
            changes["output"] = self.file.parent / table.text("output")
            if not changes["output"].is_file():
                raise table.error("output", f"{changes['output']}: no such file")
        if "script" in table:
            changes["script"] = self._script(table)
        return replace(case, **changes)

    def _patterns(self, table: Table, key: str) -> tuple[Pattern, ...]:
        """Texts, or ``{ regex = "..." }``."""
        values = table.get(key)
        found = []
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str) and value:
                found.append(Pattern(value))
                continue
            if not isinstance(value, dict) or list(value) != ["regex"] or not isinstance(
                value["regex"], str
            ):
                raise table.error(key, f'wants texts or {{ regex = "..." }}, not {value!r}')
            try:
                re.compile(value["regex"])
            except re.error as error:
                raise table.error(key, f"regex {value['regex']!r}: {error}") from error
            found.append(Pattern(value["regex"], True))
        return tuple(found)

    def _script(self, table: Table) -> tuple[ScriptLine, ...]:
        """A script's file, or its lines."""
        value = table.get("script")
        try:
            if isinstance(value, str):
                return tuple(read_script(self.file.parent / value))
            return tuple(parse_script("\n".join(_texts(table, "script")), "line"))
        except ScriptError as error:
            raise table.error("script", str(error)) from error

    # -- the end ----------------------------------------------------------------------

    def _limits(self, case: Case) -> Case:
        for table in self._inner("limits"):
            old = case.limits
            new = Limits(
                _positive(table, "virtual", old.virtual),
                table.number("instructions", low=1, high=1 << 62) if "instructions" in table
                else old.instructions,
                _positive(table, "wall", old.wall) or old.wall,
            )
            case = replace(case, limits=new)
            table.finish()
        return case

    def _end(self, case: Case) -> Case:
        """How the run must end: by default as a guest says that all went well."""
        table = self._table("ending")
        if case.until is not None and "ending" in table:
            raise table.error("ending", "is not for a test that ends with console.until")
        plain = Ending.STOPPED if case.until is not None else Ending.EXIT
        ending = Ending(table.choice("ending", ENDINGS, plain.value))
        table = self._table("status")
        if "status" not in table:
            statuses = None
            if ending is Ending.EXIT:
                played = case.script and case.script[-1].verb == "expect"
                statuses = frozenset({0}) if played else success(case.board)
            return replace(case, ending=ending, statuses=statuses)
        if ending is not Ending.EXIT:
            raise table.error("status", f"only the ending \"exit\" has one, not {ending.value!r}")
        return replace(case, ending=ending, statuses=frozenset({table.number("status", high=255)}))


def _positive(table: Table, key: str, default: float | None) -> float | None:
    """A number of seconds."""
    if key not in table:
        return default
    value = table.get(key)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < 1e9:
        raise table.error(key, f"wants a positive number of seconds, not {value!r}")
    return float(value)
