# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell in this process, whose answers are lists of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm import boards
from vmm.boards.options import Options
from vmm.debug.session import Session
from vmm.debug.shell.command import CommandError
from vmm.debug.shell.screen import PlainScreen
from vmm.debug.shell.shell import Shell
from vmm.monitor import virtualize

GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
BOARDS = {"leon3": "sparc", "virt": "arm", "pc": "x86"}


class Talk:
    """A shell on a guest: `do` gives the answer to a line."""

    def __init__(self, board: str, guest: str = "hello", technique: str | None = None) -> None:
        self.answer: list[str] = []
        kernel = GUESTS / BOARDS[board] / f"{guest}.elf"
        self.machine = boards.create(Options(board, kernel=kernel))
        if technique is not None:
            options = {"cold_calls": 0} if technique == "translate" else {}
            virtualize(self.machine, technique, **options)
        self.session = Session(self.machine)
        self.shell = Shell(self.session, PlainScreen(self.answer.append))

    def do(self, line: str) -> list[str]:
        """The answer's lines; CommandError if there is none."""
        self.answer.clear()
        self.shell.execute(line)
        return list(self.answer)

    def text(self, line: str) -> str:
        """The answer as one text."""
        return "\n".join(self.do(line))

    def error(self, line: str) -> str:
        """What is wrong with the line: one line, and no answer."""
        with pytest.raises(CommandError) as caught:
            self.do(line)
        assert self.answer == []
        assert "\n" not in str(caught.value)
        return str(caught.value)
