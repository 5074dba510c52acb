# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that keep states of the machine and go back to them."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell.command import Command, CommandError, choose
from vmm.debug.shell.shell import Shell
from vmm.state import snapshot
from vmm.state.snapshot import SnapshotError

VERBS = ("take", "restore", "list", "delete", "save", "load")


class Snapshot(Command):
    names = ("snapshot", "snap")
    group = "Acting"
    usage = ("take NAME", "restore NAME", "list", "delete NAME", "save NAME FILE", "load NAME FILE")
    help = (
        "Keep the machine's full state under a name, and go back to it: processor, memory, devices,"
        " clock and console. Save writes one that was taken into a file; load takes one from a file"
        " of this kind of machine, to be restored."
    )

    def run(self, shell: Shell, text: str) -> None:
        verb, _, rest = text.partition(" ")
        name, _, path = rest.strip().partition(" ")
        path = path.strip()
        if verb not in VERBS or bool(name) == (verb == "list") or (
            bool(path) != (verb in ("save", "load"))
        ):
            raise CommandError(
                "snapshot take|restore|delete NAME, save|load NAME FILE, or snapshot list"
            )
        session = shell.session
        if verb in ("restore", "delete", "save"):
            name = choose(name, session.snapshots, "snapshot")
        try:
            match verb:
                case "take":
                    session.snapshot(name)
                    shell.line(f"snapshot {name} of {session.position().count} instructions")
                case "restore":
                    session.restore(name)
                    shell.show(session.last)
                case "delete":
                    session.forget(name)
                case "save":
                    snapshot.save(session.snapshots[name], path)
                    shell.line(f"snapshot {name} saved in {path}")
                case "load":
                    loaded = snapshot.load(path)
                    session.keep_snapshot(name, loaded)
                    shell.line(f"snapshot {name} of {loaded.count} instructions")
                case _:
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
        return VERBS


COMMANDS = (Snapshot,)
