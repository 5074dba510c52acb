# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell on a terminal: prompt, completion, history (prompt_toolkit), colours and tables (rich).

The history is kept in XDG_STATE_HOME/vmm/shell-history, if that can be written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession, prompt
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vmm.cli.terminal import Output
from vmm.debug.shell.completion import complete
from vmm.debug.shell.shell import Shell

PROMPT = "(vmm) "
STYLES = {"stop": "bold yellow", "current": "green", "heading": "bold", "warning": "red"}


class TerminalScreen:
    """Answers in colour, between the lines of the guest's console."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._console = Console(highlight=False)

    def _fresh(self) -> None:
        self._output.flush()
        if not self._output.at_line_start:
            self._output.put(b"\n")

    def line(self, text: str, style: str = "") -> None:
        self._fresh()
        self._console.print(Text(text, STYLES.get(style, "")), soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if not rows:
            return
        self._fresh()
        table = Table(*headings, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)


class ShellCompleter(Completer):
    """The shell's completion, as prompt_toolkit asks for it."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        begun, words = complete(self._shell, document.text_before_cursor)
        for word in words:
            yield Completion(word, start_position=-len(begun))


def history() -> History:
    """What was typed before, in this and earlier shells."""
    state = os.environ.get("XDG_STATE_HOME")
    try:
        place = (Path(state) if state else Path.home() / ".local" / "state") / "vmm"
        place.mkdir(parents=True, exist_ok=True)
        with (place / "shell-history").open("a"):
            return FileHistory(str(place / "shell-history"))
    except (OSError, RuntimeError):  # nobody may write there, or a user without a name has no home
        return InMemoryHistory()


def ask(text: str = "") -> str:
    """A line without completion, for a prompt inside a command; EOFError at its end."""
    return prompt(text)


def lines(shell: Shell) -> Iterator[str]:
    """What the user types, line by line, until Ctrl-D; Ctrl-C drops a line."""
    session: PromptSession[str] = PromptSession(
        history=history(), completer=ShellCompleter(shell), complete_while_typing=False,
    )
    while True:
        try:
            yield session.prompt(PROMPT)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
