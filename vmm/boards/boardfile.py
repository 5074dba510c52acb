# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading board files: TOML whose every mistake is named with file, line and key.

docs/boards.md describes the format.  The TOML reader of Python knows no
places, so the lines of tables and keys are found by a scan of the text; a
key that the scan cannot see is named by the line of its table.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from vmm.boards import size
from vmm.machine.system_error import reason

HEADER = re.compile(r"\s*+\[([^\[\]]++)\]\s*+(?:#.*)?$")
KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
ADDRESSES = 1 << 32
LARGEST = 1 << 16  # bytes of a board file
MOST_DOTS = 100  # in a line: Python's TOML reader takes the square of a key's parts
DEEPEST = 4  # names that lead to a key, as far as lines are remembered
LONGEST, LONGEST_NAME = 300, 60  # characters of a message, and of each name in it
MOST_TABLES = 100  # of one kind: memories, devices

Path_ = tuple[str, ...]  # the names that lead to a table or key


class BoardFileError(ValueError):
    """What is wrong with a board file: ``file:line: key: what``."""


def one_line(text: str) -> str:
    """``text`` in one line, not too long, with nothing that a terminal would obey."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."


def quoted(value: object) -> str:
    """A value of a board file as an error message shows it."""
    try:
        return repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return "a number of thousands of digits"


def lines_of(text: str) -> dict[Path_, int]:
    """The line of every table header and key."""
    found: dict[Path_, int] = {}
    table: Path_ = ()
    inside = ""  # of a string of several lines: its quotes
    for number, line in enumerate(text.split("\n"), 1):
        if inside:
            if line.count(inside) % 2:
                inside = ""
            continue
        for header, is_key in ((HEADER.match(line), False), (KEY.match(line), True)):
            if header is not None:
                names = tuple(part.strip().strip("\"'") for part in header[1].split("."))
                table = table if is_key else names
                path = (*table, *names) if is_key else names
                for length in range(1, min(len(path), DEEPEST) + 1):
                    found.setdefault(path[:length], number)
                break
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                inside = quotes
    return found


class Table:
    """One table of a board file.  What nobody has asked for is refused by `finish`."""

    def __init__(self, file: Path, values: dict[str, Any], path: Path_, lines: dict[Path_, int]):
        self.file = file
        self.values = values
        self.path = path
        self._lines = lines
        self._asked: dict[str, None] = {}

    def error(self, key: str, text: str) -> BoardFileError:
        """An error at a key of this table ("": at the table itself)."""
        path = (*self.path, key) if key else self.path
        line = self._lines.get(path) or self._lines.get(self.path) or 1
        where = f"{'.'.join(name[:LONGEST_NAME] for name in path)}: " if path else ""
        return BoardFileError(f"{self.file}:{line}: {one_line(where + text)}")

    def __contains__(self, key: str) -> bool:
        self._asked[key] = None
        return key in self.values

    def get(self, key: str, default: Any = None) -> Any:
        """A value of any type; without a default the key must be there."""
        if key in self:
            return self.values[key]
        if default is None:
            unknown = [one for one in self.values if one not in self._asked]
            for near in get_close_matches(key, unknown, 1):
                raise self.error(near, f"is not known here; is it {key}, which is missing?")
            raise self.error("", f"{key} is missing")
        return default

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value = self.get(key, default)
        if not isinstance(value, str):
            raise self.error(key, f"wants a text, not {quoted(value)}")
        return value

    def number(self, key: str, default: int | None = None, low: int = 0,
               high: int = ADDRESSES - 1) -> int:
        """An integer from ``low`` to ``high``."""
        value = self.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(key, f"wants a number, not {quoted(value)}")
        if not low <= value <= high:
            is_address = high == ADDRESSES - 1 or abs(value) > ADDRESSES
            form = "#x" if is_address else ","
            raise self.error(key, f"{value:{form}} is not from {low:{form}} to {high:{form}}")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false if it is not there."""
        value = self.values[key] if key in self else False
        if not isinstance(value, bool):
            raise self.error(key, f"wants true or false, not {quoted(value)}")
        return value

    def choice(self, key: str, words: tuple[str, ...], default: str | None = None) -> str:
        """One of some words."""
        value = self.text(key, default)
        if value not in words:
            raise self.error(key, f"{quoted(value)} is not one of: {', '.join(words)}")
        return value

    def memory_size(self, key: str) -> int:
        """Whole pages: bytes, or a text such as "64M"."""
        value = self.get(key)
        try:
            if isinstance(value, str):
                return size.memory_size(value)
            return size.checked(self.number(key, high=ADDRESSES))
        except BoardFileError:
            raise
        except ValueError as error:
            raise self.error(key, f"{quoted(value)}: {error}") from error

    def tables(self, key: str) -> list[tuple[str, Table]]:
        """The tables ``[key.NAME]`` in the file's order."""
        found = []
        inner = self.values[key] if key in self else {}
        if not isinstance(inner, dict):
            raise self.error(key, f"wants tables, [{key}.NAME]")
        if len(inner) > MOST_TABLES:
            raise self.error(key, f"more than {MOST_TABLES} tables [{key}.NAME]")
        for name, values in inner.items():
            path = (*self.path, key, name)
            if not isinstance(values, dict):
                raise self.error(key, f"{name} wants a table, [{'.'.join(path)}]")
            found.append((name, Table(self.file, values, path, self._lines)))
        return found

    def table(self, key: str) -> Table:
        """The table ``[key]``, which must be there."""
        values = self.get(key)
        if not isinstance(values, dict):
            raise self.error(key, f"wants a table, [{key}]")
        return Table(self.file, values, (*self.path, key), self._lines)

    def finish(self) -> None:
        """Refuse keys that nobody has asked for."""
        self.limit(self._asked)

    def limit(self, known: Collection[str]) -> None:
        """Refuse keys but these."""
        for key in self.values:
            if key not in known:
                raise self.error(key, f"is not known here; known: {', '.join(known)}")


def _read_text(file: Path) -> str:
    with file.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BoardFileError(f"{file}: larger than {LARGEST >> 10} KiB, which no board file is")
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def read(file: Path) -> Table:
    """A board file's top table; BoardFileError if it cannot be read."""
    try:
        text = _read_text(file)
        for number, line in enumerate(text.split("\n"), 1):
            if line.count(".") > MOST_DOTS:
                raise BoardFileError(f"{file}:{number}: more than {MOST_DOTS} dots in a line")
        values = tomllib.loads(text)
    except OSError as error:
        raise BoardFileError(f"{file}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise BoardFileError(f"{file}: not text in UTF-8: {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        place = PLACE.search(str(error))  # or "(at end of document)"
        at = place[1] if place else str(max(len(text.splitlines()), 1))
        raise BoardFileError(f"{file}:{at}: {one_line(PLACE.sub('', str(error)))}") from error
    except RecursionError as error:
        raise BoardFileError(f"{file}: nested too deeply") from error
    except BoardFileError:
        raise
    except ValueError as error:  # a decimal number that Python does not read; a NUL in the name
        text = "a number of thousands of digits" if "digits" in str(error) else str(error)
        raise BoardFileError(f"{file}: {one_line(text)}") from error
    return Table(file, values, (), lines_of(text))
