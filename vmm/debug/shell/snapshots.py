# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that keep states of the machine and go back to them."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell.command import Command, CommandError, choose
from vmm.debug.shell.shell import Shell
from vmm.state.snapshot import SnapshotError


class Snapshot(Command):
    names = ("snapshot", "snap")
    group = "Acting"
    usage = ("take NAME", "restore NAME", "list", "delete NAME")
    help = (
        "Keep the machine's full state under a name, and go back to it: processor, memory, devices,"
        " clock and console."
    )

    def run(self, shell: Shell, text: str) -> None:
        verb, _, name = text.partition(" ")
        name = name.strip()
        session = shell.session
        if verb not in ("take", "restore", "list", "delete") or bool(name) == (verb == "list"):
            raise CommandError("snapshot take|restore|delete NAME, or snapshot list")
        try:
            if verb == "take":
                session.snapshot(name)
                shell.line(f"snapshot {name} of {session.position().count} instructions")
            elif verb == "restore":
                session.restore(choose(name, session.snapshots, "snapshot"))
                shell.show(session.last)
            elif verb == "delete":
                session.forget(choose(name, session.snapshots, "snapshot"))
            else:
                self._list(shell)
        except SnapshotError as error:
            raise CommandError(str(error)) from error

    @staticmethod
    def _list(shell: Shell) -> None:
        snapshots = shell.session.snapshots
        if not snapshots:
            shell.line("no snapshots")
        shell.table(("snapshot", "instructions"), [
            (name, str(one.count)) for name, one in snapshots.items()
        ])

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        if " " in text:
            return shell.session.snapshots
        return ("take", "restore", "list", "delete")


COMMANDS = (Snapshot,)
