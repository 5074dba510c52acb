# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparing what a guest printed with what it should have printed."""

from __future__ import annotations

import difflib
from pathlib import Path

from vmm.machine.system_error import reason
from vmm.testing.case import Case, Pattern

SHOWN = 10  # lines of the console in an explanation


def lines_of(console: bytes) -> list[str]:
    """The lines of a console, without their ends."""
    text = console.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def problems(case: Case, console: bytes) -> list[str]:
    """What is wrong with a console: for each problem some lines of text."""
    lines = lines_of(console)
    found = [_forbidden(pattern, lines) for pattern in case.forbid]
    found.append(_in_order(case.expect, lines))
    if case.output is not None:
        found.append(_same(case.output, case.ignore, lines))
    return [problem for problem in found if problem]


def _forbidden(pattern: Pattern, lines: list[str]) -> str:
    for number, line in enumerate(lines, 1):
        if pattern.matches(line):
            return f"forbidden: {pattern}\n     got: {line!r}, line {number} of the console"
    return ""


def _in_order(patterns: tuple[Pattern, ...], lines: list[str]) -> str:
    """Each pattern in a line behind the line of the one before it."""
    at = 0
    for index, pattern in enumerate(patterns):
        after = at
        while at < len(lines) and not pattern.matches(lines[at]):
            at += 1
        if at < len(lines):
            at += 1
            continue
        rest = lines[after:]
        text = [f"expected: {pattern}" + (f" ({index + 1} of {len(patterns)})" if index else "")]
        if index:
            text.append(f"   after: {lines[after - 1]!r}, line {after} of the console")
        text.append(f"     got: {_got(pattern, rest)}")
        if any(pattern.matches(line) for line in lines[:after]):
            text.append("          (it was printed, but before that)")
        return "\n".join(text)
    return ""


def _got(pattern: Pattern, lines: list[str]) -> str:
    """The lines that were printed instead, the most alike one first if there are too many."""
    if not lines:
        return "nothing more"
    if len(lines) > SHOWN and not pattern.regex:
        close = difflib.get_close_matches(pattern.text, lines[:1000], 1)
        if close:
            return f"{len(lines)} lines, the most alike: {close[0]!r}"
    shown = [repr(line) for line in lines[:SHOWN]]
    if len(lines) > SHOWN:
        shown.append(f"and {len(lines) - SHOWN} lines more")
    return "\n          ".join(shown)


def _same(file: Path, ignore: tuple[Pattern, ...], lines: list[str]) -> str:
    """The whole console against a file."""
    try:
        wanted = lines_of(file.read_bytes())
    except OSError as error:
        return f"{file}: {reason(error)}"

    def compared(given: list[str]) -> list[str]:
        return [line for line in given if not any(p.matches(line) for p in ignore)]

    difference = list(difflib.unified_diff(
        compared(wanted), compared(lines), f"expected: {file}", "got: the console", lineterm="", n=2
    ))
    if len(difference) > 4 * SHOWN:
        difference[4 * SHOWN :] = [f"and {len(difference) - 4 * SHOWN} lines more"]
    return "\n".join(difference)
