# SPDX-License-Identifier: GPL-2.0-or-later
"""Assembly text as GNU as reads it: lines, statements, labels, comments, strings.

Only as much is understood as it takes to find each instruction exactly where it
stands; whatever is not replaced goes out as it came in.  Comments and separators
differ per architecture (GNU as manual, "Machine Dependent Features").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_COMMENTS = {"x86": "#", "arm": "@", "sparc": "!"}  # to the end of the line, anywhere
_LABEL = re.compile(r"\s*(?:[\w.$\\@]+(?:\\\(\))?|\"[^\"]*\")\s*:(?!:)")
_WORD = re.compile(r"[\w.]+")
_MARKER = re.compile(r'#\s*(?:line\s+)?(\d+)\s+"([^"]*)"')


class SourceError(ValueError):
    """Text that is no assembly: file, line and what is wrong."""


@dataclass(slots=True)
class Statement:
    """One statement: where it stands, and its text from ``start`` to ``end`` of its line."""

    line: int  # index into the text's lines
    start: int
    end: int
    mnemonic: str
    operands: str
    file: str
    number: int  # line of ``file``, by the preprocessor's markers


def _blank_comments(text: str, architecture: str, name: str) -> str:
    """The text with comments as blanks: columns and lines stay."""
    out = list(text)
    mark = LINE_COMMENTS[architecture]
    index, line, fresh = 0, 1, True  # fresh: nothing but blanks on this line yet
    while index < len(text):
        character = text[index]
        end = index + 1
        if character == '"':
            while end < len(text) and text[end] not in '"\n':
                end += 2 if text[end] == "\\" else 1
            end = min(end + 1, len(text))
            if text[end - 1] != '"' or end - index < 2:
                raise SourceError(f"{name}:{line}: a string without an end")
        elif character == "'" and index + 1 < len(text) and text[index + 1] not in "\n":
            end = min(index + (3 if text[index + 1] == "\\" else 2), len(text))
        elif text.startswith("/*", index):
            end = text.find("*/", index) + 2
            if end < 2:
                raise SourceError(f"{name}:{line}: a comment without an end")
            _blank(out, index, end)
        elif character == mark or (character == "#" and fresh) or text.startswith("//", index):
            end = text.find("\n", index)
            end = len(text) if end < 0 else end
            if not (fresh and _MARKER.match(text, index)):
                _blank(out, index, end)
        line += text.count("\n", index, end)
        fresh = character == "\n" or (fresh and character in " \t")
        index = end
    return "".join(out)


def _blank(out: list[str], start: int, end: int) -> None:
    for index in range(start, end):
        if out[index] != "\n":
            out[index] = " "


def _pieces(line: str) -> list[tuple[int, int]]:
    """Where the statements of a line are: between the semicolons outside strings."""
    found, start, quoted, index = [], 0, False, 0
    while index < len(line):
        if quoted and line[index] == "\\":
            index += 1
        elif line[index] == '"':
            quoted = not quoted
        elif line[index] == ";" and not quoted:
            found.append((start, index))
            start = index + 1
        index += 1
    return [*found, (start, len(line))]


class Source:
    """An assembly file: its lines, and its statements in order."""

    def __init__(self, text: str, architecture: str, name: str) -> None:
        self.lines = text.split("\n")
        self.statements: list[Statement] = []
        file, offset = name, 0  # a line's number in ``file`` is its index less ``offset``
        blanked = _blank_comments(text, architecture, name).split("\n")
        for index, line in enumerate(blanked):
            if marker := _MARKER.match(line.lstrip()):
                file, offset = marker[2], index + 1 - int(marker[1])
                continue
            for start, end in _pieces(line):
                self._statement(index, line, start, end, file, index - offset + 1)

    def _statement(
        self, index: int, line: str, start: int, end: int, file: str, number: int
    ) -> None:
        while (label := _LABEL.match(line, start, end)) is not None:
            start = label.end()
        while start < end and line[start] in " \t":
            start += 1
        while end > start and line[end - 1] in " \t":
            end -= 1
        if start == end or not (word := _WORD.match(line, start, end)):
            return
        self.statements.append(Statement(
            index, start, end, word[0].lower(), line[word.end() : end].strip(), file, number))

    def text(self, statement: Statement) -> str:
        """A statement as it stands in the file."""
        return self.lines[statement.line][statement.start : statement.end]

    def replaced(self, replacements: dict[int, str]) -> str:
        """The text with some statements, by index, as other text: lines stay where they are."""
        lines = list(self.lines)
        for number in sorted(replacements, reverse=True):
            statement = self.statements[number]
            line = lines[statement.line]
            lines[statement.line] = (
                line[: statement.start] + replacements[number] + line[statement.end :])
        return "\n".join(lines)
