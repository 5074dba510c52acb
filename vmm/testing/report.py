# SPDX-License-Identifier: GPL-2.0-or-later
"""What people read about a test that failed: what was expected, what came, where the guest was."""

from __future__ import annotations

from vmm.testing import console
from vmm.testing.result import Result

CONSOLE_LINES = 20  # of the end of the console


def failure(result: Result) -> list[str]:
    """The lines of the report."""
    case = result.case
    lines = [line for problem in result.problems for line in problem.splitlines()]
    if case.description:
        lines.insert(0, case.description)
    if result.outcome is not None:
        lines.append(
            f"the run: {result.outcome.text}; {result.instructions} instructions, "
            f"{result.virtual:.6f} virtual s"
        )
    lines += tail(result.console)
    lines += result.diagnosis
    if result.reopen:
        lines.append(result.reopen)
    return lines


def tail(printed: bytes) -> list[str]:
    """The end of a console, under a heading that says how much it is."""
    lines = [_visible(line) for line in console.lines_of(printed)]
    if not lines:
        return ["console: nothing was printed"]
    if len(lines) > CONSOLE_LINES:
        return [f"console, the last {CONSOLE_LINES} of {len(lines)} lines:",
                *(f"  | {line}" for line in lines[-CONSOLE_LINES:])]
    return ["console:", *(f"  | {line}" for line in lines)]


def _visible(line: str) -> str:
    """A line that does nothing to a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in line)
