# SPDX-License-Identifier: GPL-2.0-or-later
"""Where what a guest prints goes: `-serial` and `-debugcon`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from vmm.cli.report import Failure, UsageError
from vmm.cli.terminal import Output, file_output
from vmm.machine.console import Console

STDOUT = 1


class Outputs:
    """The places that consoles print to; they are flushed when ``stack`` closes."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._places: dict[str, Output] = {}

    def __iter__(self) -> Iterator[Output]:
        return iter(self._places.values())

    def connect(self, option: str, where: str, console: Console) -> None:
        """Send what a console prints where the user wants it; a file may take several.

        On stdout each gathers its own lines, so that two consoles do not mix in one.
        """
        if where == "none":
            return
        place = option if where == "stdio" else where
        output = self._places.get(place)
        if output is None:
            kind, _, path = where.partition(":")
            if where == "stdio":
                output = Output(STDOUT)
            elif kind == "file" and path:
                try:
                    output = file_output(path)
                except OSError as error:
                    raise Failure(f"{path}: {error.strerror or error}") from error
            else:
                raise UsageError(f"{option} {where}: it goes to stdio, file:PATH or none")
            self._places[place] = output
            self._stack.callback(output.flush)
        console.sinks.append(output.put)

    def flush(self) -> None:
        """Write all that has been gathered."""
        for output in self:
            output.flush()

    @property
    def closed(self) -> bool:
        """Whether somebody has stopped reading one of them."""
        return any(output.closed for output in self)
