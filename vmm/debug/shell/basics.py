# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands about the shell itself: help, quit, a Python prompt."""

from __future__ import annotations

import code
import contextlib
import io
import traceback
from collections.abc import Iterable

from vmm.debug.shell.command import Command, CommandError, Quit, number
from vmm.debug.shell.shell import Shell


class Help(Command):
    names = ("help", "h", "?")
    group = "Shell"
    usage = ("[COMMAND]",)
    help = "List the commands, or explain one."

    def run(self, shell: Shell, text: str) -> None:
        from vmm.debug.shell import table

        architecture = shell.machine.processor.architecture
        if not text:
            shell.lines(table.overview(table.available(architecture)))
            return
        command = table.find(text, architecture)
        shell.lines(table.forms(command))
        shell.line(command.help)
        if len(command.names) > 1:
            shell.line(f"also: {', '.join(command.names[1:])}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        from vmm.debug.shell import table

        commands = table.available(shell.machine.processor.architecture)
        return (name for command in commands for name in command.names)


class Python(Command):
    names = ("python", "py")
    group = "Shell"
    usage = ("[STATEMENT]",)
    help = (
        "Run a Python statement, or open a Python prompt, with the machine as `m` and the debug"
        " session as `session`. What is assigned stays for the next time."
    )
    remote = False

    def run(self, shell: Shell, text: str) -> None:
        if text:
            self._statement(shell, text)
        elif shell.prompt is None:
            raise CommandError("python wants a statement where there is no prompt")
        else:
            console = code.InteractiveConsole(shell.namespace)
            console.raw_input = shell.prompt  # type: ignore[assignment,method-assign]
            with contextlib.suppress(SystemExit):
                console.interact(banner="Python: m is the machine. Ctrl-D goes back.", exitmsg="")

    @staticmethod
    def _statement(shell: Shell, text: str) -> None:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                try:
                    compiled = compile(text, "<python>", "single")
                    exec(compiled, shell.namespace)
                finally:
                    shell.lines(printed.getvalue().splitlines())
        except SystemExit:
            raise CommandError("python: quit leaves the shell") from None
        except Exception as error:
            last = traceback.format_exception_only(error)[-1].strip()
            raise CommandError(f"python: {last}") from error


class QuitCommand(Command):
    names = ("quit", "q", "exit")
    group = "Shell"
    usage = ("[STATUS]",)
    help = "Leave the shell, with exit status 0 or STATUS."
    remote = False

    def run(self, shell: Shell, text: str) -> None:
        raise Quit(number(text, "a status", 0, 255) if text else None)


COMMANDS = (Help, Python, QuitCommand)
