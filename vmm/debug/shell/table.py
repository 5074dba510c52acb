# SPDX-License-Identifier: GPL-2.0-or-later
"""The one table of commands, and what is made of it: look-up, help, documentation."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell import (
    acting,
    backwards,
    balloon,
    basics,
    breakpoints,
    devices,
    executed,
    explaining,
    memory,
    motion,
    records,
    registers,
    saved,
    snapshots,
)
from vmm.debug.shell.command import GROUPS, Command, CommandError

MODULES = (
    motion, backwards, registers, memory, explaining, executed, devices, records, breakpoints,
    acting, balloon, snapshots, saved, basics,
)
COMMANDS: tuple[Command, ...] = tuple(
    kind() for module in MODULES for kind in module.COMMANDS
)
NAMES: dict[str, Command] = {name: command for command in COMMANDS for name in command.names}


def available(architecture: str) -> tuple[Command, ...]:
    """The commands that a processor of this architecture has."""
    return tuple(
        command for command in COMMANDS
        if not command.architectures or architecture in command.architectures
    )


def find(name: str, architecture: str) -> Command:
    """The command of that name or unambiguous abbreviation; CommandError names the choices."""
    exact = NAMES.get(name)
    if exact is not None:
        if exact.architectures and architecture not in exact.architectures:
            only = " and ".join(exact.architectures)
            raise CommandError(f"{name} is of {only} processors only")
        return exact
    fitting = {
        command.names[0]: command for command in available(architecture)
        for known in command.names if known.startswith(name)
    }
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        raise CommandError(f"{name!r} is ambiguous: {', '.join(sorted(fitting))}")
    raise CommandError(f"no command {name!r}; help lists them")


def forms(command: Command) -> list[str]:
    """The command's usage lines, with its name."""
    return [f"{command.names[0]} {form}".rstrip() for form in command.usage]


def overview(commands: Iterable[Command]) -> list[str]:
    """One line a command, by group: the answer to `help`."""
    commands = tuple(commands)
    width = max(len(", ".join(command.names)) for command in commands)
    lines = []
    for group in GROUPS:
        lines.append(f"{group}:")
        lines += [
            f"  {', '.join(command.names):<{width}}  {first_sentence(command.help)}"
            for command in commands if command.group == group
        ]
    return lines


def first_sentence(text: str) -> str:
    """What a help text says first, without its full stop."""
    return text.partition(". ")[0].removesuffix(".")


def markdown() -> str:
    """The reference part of docs/shell.md."""
    parts = []
    for group in GROUPS:
        parts.append(f"### {group}\n")
        for command in COMMANDS:
            if command.group != group:
                continue
            parts.append(_entry(command))
    return "\n".join(parts)


def _entry(command: Command) -> str:
    name, *others = command.names
    title = f"`{name}`" + "".join(f", `{other}`" for other in others)
    notes = []
    if command.architectures:
        notes.append(f"{' and '.join(command.architectures)} only")
    if not command.remote:
        notes.append("not from gdb")
    note = f" ({'; '.join(notes)})" if notes else ""
    lines = "".join(f"    {form}\n" for form in forms(command))
    return f"#### {title}{note}\n\n{lines}\n{command.help}\n"
