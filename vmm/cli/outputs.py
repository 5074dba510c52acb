# SPDX-License-Identifier: GPL-2.0-or-later
"""Where what a guest prints goes: `-serial`, `-debugcon` and `-chardev`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from vmm.boards import attachments
from vmm.boards.attachments import AttachmentError
from vmm.cli.report import Failure, UsageError
from vmm.cli.terminal import Output, file_output
from vmm.machine.console import Console
from vmm.machine.machine import Machine
from vmm.machine.system_error import reason

STDOUT = 1


class Outputs:
    """The places that consoles print to; they are flushed when ``stack`` closes."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._places: dict[str, Output] = {}
        self.typed: Console | None = None  # who gets what is typed, if not the serial console

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
                    raise Failure(f"{path}: {reason(error)}") from error
            else:
                raise UsageError(f"{option} {where}: it goes to stdio, file:PATH or none")
            self._places[place] = output
            self._stack.callback(output.flush)
        console.sinks.append(output.put)

    def connect_ports(self, chardevs: list[str], machine: Machine) -> None:
        """Connect the ports that ``-chardev`` options name; UsageError if one is without the other.

        What a chardev of kind stdio types is what ``-serial`` does not take.
        """
        left = dict(machine.consoles)
        for text in chardevs:
            option = f"-chardev {text}"
            try:
                given = attachments.words("-chardev", text, "backend")
            except AttachmentError as error:
                raise UsageError(str(error)) from error
            kind, name = given.get("backend", ""), given.get("id", "")
            console = left.pop(name, None)
            if console is None:
                raise UsageError(f"{option}: no device has chardev={name or 'ID'}")
            if kind not in ("file", "stdio", "null") or (kind == "file") != ("path" in given):
                raise UsageError(f"{option}: write file,id=ID,path=PATH, stdio,id=ID or null,id=ID")
            where = {"file": f"file:{given.get('path')}", "null": "none"}.get(kind, kind)
            self.connect(option, where, console)
            if kind == "stdio":
                self.typed = console
        for name in left:
            raise UsageError(f"no -chardev has id={name}")

    def flush(self) -> None:
        """Write all that has been gathered."""
        for output in self:
            output.flush()

    @property
    def failure(self) -> str:
        """Why one of them takes no more; empty while all do."""
        return next((output.failure for output in self if output.failure), "")
