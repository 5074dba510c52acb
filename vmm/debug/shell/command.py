# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command of the shell is, and the words that commands read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from vmm.debug.shell.shell import Shell

GROUPS = ("Motion", "Looking", "Acting", "Shell")
TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s)\Z")
UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


class CommandError(Exception):
    """A command that cannot be done: one line that says why."""


class Quit(Exception):
    """The user leaves the shell, with an exit status if one was given."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__("quit")
        self.status = status


class Command:
    """One command; what is declared here is also its help, completion and documentation.

    The first of ``names`` is the command's own, others are shorthand.  Each line
    of ``usage`` is one form without the name.  ``architectures`` empty means all.
    """

    names: ClassVar[tuple[str, ...]]
    group: ClassVar[str]
    usage: ClassVar[tuple[str, ...]] = ("",)
    help: ClassVar[str]
    architectures: ClassVar[tuple[str, ...]] = ()
    remote: ClassVar[bool] = True  # makes sense from gdb's `monitor`, which has no prompt
    repeats: ClassVar[bool] = False  # an empty line does it again

    def run(self, shell: Shell, text: str) -> None:
        """Do it with what was written behind the name; CommandError says why not."""
        raise NotImplementedError

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        """Words that may stand where ``text``, all behind the command's name, ends."""
        return ()


def nothing(text: str, command: str) -> None:
    """CommandError if there are arguments."""
    if text:
        raise CommandError(f"{command} takes nothing: {text!r}")


def number(text: str, what: str, low: int = 0, high: int | None = None) -> int:
    """A whole number in a range."""
    try:
        value = int(text.replace("_", ""), 0)
    except ValueError:
        raise CommandError(f"{what} is a number, not {text!r}") from None
    if value < low or (high is not None and value > high):
        limit = f"{low} to {high}" if high is not None else f"{low} or more"
        raise CommandError(f"{what} is {limit}, not {value}")
    return value


def nanoseconds(text: str) -> int | None:
    """``5ms`` as nanoseconds; None if it is no time."""
    found = TIME.match(text)
    return None if found is None else round(float(found[1]) * UNITS[found[2]])


def choose(text: str, known: Iterable[str], what: str) -> str:
    """The one of ``known`` that ``text`` is or begins, as abbreviations do."""
    names = sorted(known)
    if text in names:
        return text
    fitting = [name for name in names if name.startswith(text)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise CommandError(f"{what} {text!r} is ambiguous: {', '.join(fitting)}")
    raise CommandError(f"no {what} {text!r}; known: {', '.join(names) or 'none'}")
