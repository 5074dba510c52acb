# SPDX-License-Identifier: GPL-2.0-or-later
"""From what a user names (guests, descriptions, directories) to the tests that are run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from vmm import boards
from vmm.boards.options import BoardError, board_and_properties
from vmm.state import snapshot
from vmm.state.snapshot import SnapshotError
from vmm.testing import description, elf
from vmm.testing.case import Case, Limits, success


class CollectError(ValueError):
    """Paths or a selection that cannot be: one line."""


def collect(paths: Iterable[Path], board: str | None = None) -> list[Case]:
    """The tests of all paths, in order; ValueError of one line if one cannot be used.

    ``board`` (as `-M`) goes before what a guest says; a description that names one keeps it.
    """
    found: list[Case] = []
    for path in paths:
        if path.is_dir():
            inner = sorted(path.rglob(f"*{description.SUFFIX}"))
            if not inner:
                raise CollectError(
                    f"{path}: no *{description.SUFFIX} in it; name guests themselves"
                )
            for file in inner:
                found += description.read(file, board)
        elif path.suffix == ".toml":
            found += description.read(path, board)
        else:
            found.append(guest(path, board))
    return found


def guest(path: Path, board: str | None = None) -> Case:
    """The test of a guest alone: it says itself whether it passes."""
    named = board or elf.board(path)
    if not named:
        raise CollectError(f"{path}: no ELF file, so it does not say its board: give -M BOARD")
    try:
        name, properties = board_and_properties(named)
        boards.find(name)
    except BoardError as error:
        raise CollectError(f"{path}: {error}") from error
    return Case(str(path), path, name, kernel=path, properties=properties, statuses=success(name))


def kept(path: Path) -> Case:
    """The test of a machine in a snapshot's file: it goes on to its end, with success."""
    try:
        about = snapshot.load(path).about
    except SnapshotError as error:
        raise CollectError(str(error)) from error
    options = about.options
    return Case(str(path), path, options.board, kernel=options.kernel, bios=options.bios,
                statuses=success(options.board))


def limited(case: Case, virtual: float | None, wall: float | None) -> Case:
    """A case with the user's own limits instead of its own."""
    old = case.limits
    return replace(case, limits=Limits(virtual or old.virtual, old.instructions, wall or old.wall))


# -- selecting (-k) -----------------------------------------------------------------

WORD = re.compile(r"\s*(?:(\()|(\))|([^\s()]+))")


def selection(text: str) -> Callable[[Case], bool]:
    """A test of cases from words joined by ``and``, ``or``, ``not`` and parentheses.

    A word is a part of a test's name, in any case of letters, or one of its tags.
    """
    words = [found[0].strip() for found in WORD.finditer(text)]
    position = 0

    def peek() -> str:
        return words[position] if position < len(words) else ""

    def take() -> str:
        nonlocal position
        position += 1
        return words[position - 1] if position <= len(words) else ""

    def either() -> Callable[[Case], bool]:
        left = both()
        while peek() == "or":
            take()
            left = _or(left, both())
        return left

    def both() -> Callable[[Case], bool]:
        left = single()
        while peek() == "and":
            take()
            left = _and(left, single())
        return left

    def single() -> Callable[[Case], bool]:
        word = take()
        if word == "not":
            return _not(single())
        if word == "(":
            inner = either()
            if take() != ")":
                raise CollectError(f"-k {text!r}: a parenthesis is not closed")
            return inner
        if word in ("", ")", "and", "or"):
            raise CollectError(f"-k {text!r}: a word is missing")
        return _named(word)

    selected = either()
    if position != len(words):
        raise CollectError(f"-k {text!r}: write and, or between {words[position - 1]!r} and"
                           f" {words[position]!r}")
    return selected


def _named(word: str) -> Callable[[Case], bool]:
    return lambda case: word.lower() in case.name.lower() or word in case.tags


def _not(inner: Callable[[Case], bool]) -> Callable[[Case], bool]:
    return lambda case: not inner(case)


def _and(a: Callable[[Case], bool], b: Callable[[Case], bool]) -> Callable[[Case], bool]:
    return lambda case: a(case) and b(case)


def _or(a: Callable[[Case], bool], b: Callable[[Case], bool]) -> Callable[[Case], bool]:
    return lambda case: a(case) or b(case)
