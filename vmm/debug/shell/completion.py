# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion of a line: which words may stand where it ends."""

from __future__ import annotations

import re

from vmm.debug.shell import table
from vmm.debug.shell.command import CommandError
from vmm.debug.shell.shell import NAME, Shell

WORD = re.compile(r"[^\s,()+*/&|^<>=!~]*\Z")


def complete(shell: Shell, line: str) -> tuple[str, list[str]]:
    """The unfinished word at the end of ``line``, and the words that begin with it."""
    architecture = shell.machine.processor.architecture
    found = NAME.match(line)
    if found is None or not found[2]:
        begun = line.strip()
        return begun, sorted(
            command.names[0] for command in table.available(architecture)
            if command.names[0].startswith(begun)
        )
    try:
        command = table.find(found[1], architecture)
    except CommandError:
        return "", []
    unfinished = WORD.search(found[2])
    begun = unfinished[0] if unfinished else ""
    words = command.complete(shell, found[2].lstrip())
    return begun, sorted({word for word in words if word.startswith(begun)})
