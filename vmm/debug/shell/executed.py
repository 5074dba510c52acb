# SPDX-License-Identifier: GPL-2.0-or-later
"""The command that shows code as it is executed under technique translate."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell.command import Command, CommandError
from vmm.debug.shell.memory import code_range
from vmm.debug.shell.shell import Shell

SUMMARY = "summary"


class Code(Command):
    names = ("code",)
    group = "Looking"
    usage = ("[ADDRESS [COUNT]]", SUMMARY)
    help = (
        "Show code as it is executed under --technique translate, from the next instruction or from"
        " an address, a function by its name: below each sensitive instruction the one that is"
        " executed in place of it, the template of the translation cache with its guards, or the"
        " call of the monitor (on SPARC always). `code summary` counts shadow code pages, and sites"
        " by operation."
    )

    def run(self, shell: Shell, text: str) -> None:
        from vmm.debug.explain.executed import Executed, NotTranslated  # few guests are translated

        try:
            executed = Executed(shell.machine)
        except NotTranslated as error:
            raise CommandError(str(error)) from None
        if text == SUMMARY:
            shell.lines(executed.summary())
            shell.table(("operation", "in place", "cache", "call"), executed.operations())
            return
        address, count = code_range(shell.machine, text)
        lines = executed.lines(address, count)
        if not lines:
            raise CommandError(f"nothing is mapped at {address:#010x}")
        for line in lines:
            shell.line(line, "current" if line.startswith("=>") else "")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return (SUMMARY, *shell.symbol_names())


COMMANDS = (Code,)
