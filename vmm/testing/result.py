# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of a test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vmm.machine.outcome import Outcome
from vmm.testing.case import Case


class Verdict(Enum):
    """As pytest and JUnit have them."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # the test could not be run: nothing is known about the guest
    XFAILED = "xfailed"  # failed, as was said beforehand
    XPASSED = "xpassed"  # passed, although it was said to fail


GOOD = (Verdict.PASSED, Verdict.XFAILED)


@dataclass(frozen=True, slots=True)
class Result:
    """One finished test; times in seconds."""

    case: Case
    verdict: Verdict
    problems: tuple[str, ...] = ()  # each some lines: expected, got
    outcome: Outcome | None = None
    console: bytes = b""
    diagnosis: tuple[str, ...] = ()  # registers, code, last traps, where the guest was
    instructions: int = 0
    virtual: float = 0.0
    cpu: float = 0.0  # processor time of the host
    ledger: str = ""  # SHA-256 of all traps, if they were kept
    traps: int = 0
    reopen: str = ""  # how the machine is reopened, if it was kept

    @property
    def good(self) -> bool:
        """Whether it is no reason for a test run to fail."""
        return self.verdict in GOOD

    @property
    def summary(self) -> str:
        """One line: the first problem, or how the guest ended."""
        if self.problems:
            first, *rest = self.problems[0].splitlines()
            return f"{first}; {rest[0].strip()}" if rest and first.startswith("expected") else first
        return "" if self.outcome is None else self.outcome.text


def error(case: Case, text: str, *details: str) -> Result:
    """A test that could not be run."""
    return Result(case, Verdict.ERROR, (text,), diagnosis=details)
