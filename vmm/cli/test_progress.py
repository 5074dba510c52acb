# SPDX-License-Identifier: GPL-2.0-or-later
"""How `vmm test` shows that it gets on: a line for every test, and on a terminal a bar below."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from vmm.testing.result import Result, Verdict

COLOURS = {
    Verdict.PASSED: "green", Verdict.XFAILED: "yellow", Verdict.FAILED: "bold red",
    Verdict.ERROR: "bold red", Verdict.XPASSED: "bold red",
}


class Progress:
    """Plain lines, for a pipe or a file."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def finished(self, result: Result) -> None:
        """A test has ended."""
        self.done += 1
        self.line(result, self.text(result))

    def text(self, result: Result) -> str:
        """One line about a test."""
        width = len(str(self.total))
        text = f"[{self.done:>{width}}/{self.total}] {result.verdict.value:<7} {result.case.name}"
        return text if result.good else f"{text}: {result.summary}"

    def line(self, result: Result, text: str) -> None:
        """Show a line."""
        print(text, flush=True)


class RichProgress(Progress):
    """Coloured lines above a bar, on a terminal."""

    def __init__(self, total: int) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.progress import Progress as Bar

        super().__init__(total)
        self._bar = Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                        TimeElapsedColumn(), transient=True, auto_refresh=False)
        self._task = self._bar.add_task("guests", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def line(self, result: Result, text: str) -> None:
        """Show a line, and move the bar."""
        from rich.text import Text

        self._bar.update(self._task, completed=self.done, refresh=True)
        self._bar.console.print(Text(text, style=COLOURS[result.verdict]), soft_wrap=True)
