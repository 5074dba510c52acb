"""How a run ended, and the exit status that says so.

The statuses are part of the command's interface: see docs/exit-status.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

STATUS_CRASH = 120
STATUS_TIME = 124
STATUS_FAILURE = 125
STATUS_USAGE = 2


class Ending(Enum):
    """What kind of end it was."""

    EXIT = "exit"  # the guest ended itself
    CRASH = "crash"  # error mode, shutdown, dead halt, engine stop
    TIME = "time"  # a limit of virtual or wall-clock time
    FAILURE = "failure"  # ours or the engine's fault, never the guest's
    STOPPED = "stopped"  # somebody asked: a debugger, a test, `until`


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run: kind, exit status (0 to 255) and one line of text."""

    ending: Ending
    status: int
    text: str

    @staticmethod
    def exit(status: int, text: str) -> Outcome:
        """The guest ended itself with ``status``."""
        return Outcome(Ending.EXIT, status & 0xFF, text)

    @staticmethod
    def crash(text: str) -> Outcome:
        """The guest cannot go on."""
        return Outcome(Ending.CRASH, STATUS_CRASH, text)

    @staticmethod
    def time(text: str) -> Outcome:
        """A time limit was reached."""
        return Outcome(Ending.TIME, STATUS_TIME, text)

    @staticmethod
    def failure(text: str) -> Outcome:
        """The monitor or the engine failed."""
        return Outcome(Ending.FAILURE, STATUS_FAILURE, text)

    @staticmethod
    def stopped(text: str) -> Outcome:
        """Somebody asked for a stop; the machine can go on."""
        return Outcome(Ending.STOPPED, 0, text)
