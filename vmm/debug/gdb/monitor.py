# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb's ``monitor``: the commands of the trap shell (docs/shell.md)."""

from __future__ import annotations

from collections.abc import Callable

from vmm.debug.session import Session
from vmm.debug.shell import run_command


def monitor(session: Session) -> Callable[[str], str]:
    """What answers a line of the debugger's user; an empty line asks for help."""

    def answer(line: str) -> str:
        return "".join(f"{text}\n" for text in run_command(session, line.strip() or "help"))

    return answer
