# SPDX-License-Identifier: GPL-2.0-or-later
"""A session in files: where the machine stands, its snapshots, breakpoints and watches.

The session is a JSON file; each snapshot is a file beside it, of the same name
with a number.  The JSON is written last and at once, so a session that is
there is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vmm.debug.breakpoints import Breakpoint
from vmm.debug.shell.breakpoints import split_condition, watched_value
from vmm.debug.shell.command import Command, CommandError
from vmm.debug.shell.expression import parse
from vmm.debug.shell.shell import Shell
from vmm.debug.shell.values import ValueWatch
from vmm.machine.system_error import reason
from vmm.state import snapshot
from vmm.state.file import replacing
from vmm.state.snapshot import SnapshotError

FORMAT, VERSION = "vmm session", 1
PRESENT = "(saved)"  # the name under which the saved present is kept


def beside(path: Path, number: int) -> Path:
    """Where a session's snapshot is."""
    return path.with_name(f"{path.name}.{number}.snapshot")


def described(one: Breakpoint) -> dict[str, Any]:
    """A breakpoint as the file has it."""
    return {
        "kind": one.kind, "address": one.address, "size": one.size, "text": one.text,
        "enabled": one.enabled, "temporary": one.temporary,
    }


def save(shell: Shell, path: Path) -> None:
    """Write the session; CommandError if it cannot be written."""
    session = shell.session
    kept = {PRESENT: snapshot.take(shell.machine), **session.snapshots}
    text = {
        FORMAT: VERSION,
        "snapshots": {name: beside(path, n).name for n, name in enumerate(kept)},
        "breakpoints": [described(one) for one in session.breakpoints],
        "watches": [{"text": one.text, "enabled": one.enabled} for one in shell.value_watches],
    }
    try:
        for n, one in enumerate(kept.values()):
            snapshot.save(one, beside(path, n))
        with replacing(path) as file:
            file.write((json.dumps(text, indent=2) + "\n").encode())
    except SnapshotError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{path}: {reason(error)}") from error


def read(path: Path) -> dict[str, Any]:
    """What a session's file says; CommandError if it is none."""
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path}: {reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path}: not a saved session") from error
    if not isinstance(text, dict) or text.get(FORMAT) != VERSION:
        raise CommandError(f"{path}: not a saved session of version {VERSION}")
    return text


def present(path: Path) -> Path:
    """The snapshot of where a saved session stood."""
    try:
        return path.with_name(str(read(path)["snapshots"][PRESENT]))
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{path}: a damaged session: {error}") from error


def load(shell: Shell, path: Path) -> None:
    """Go on with a saved session of this kind of machine; CommandError, and nothing changed."""
    text = read(path)
    machine, session = shell.machine, shell.session
    try:
        kept = {
            str(name): snapshot.load(path.with_name(str(file)))
            for name, file in text["snapshots"].items()
        }
        wanted = [_breakpoint(shell, one) for one in text["breakpoints"]]
        watches = [(str(one["text"]), bool(one["enabled"])) for one in text["watches"]]
        values = [watched_value(machine, place) for place, _ in watches]
        session.keep_snapshot(PRESENT, kept.pop(PRESENT))
        session.restore(PRESENT)
    except SnapshotError as error:
        raise CommandError(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandError(f"{path}: a damaged session: {error}") from error
    finally:
        if PRESENT in session.snapshots:
            session.forget(PRESENT)
    for name, one in kept.items():
        session.keep_snapshot(name, one)
    for old in session.breakpoints:
        session.breakpoints.remove(old.number)
    for settings, enabled in wanted:
        session.breakpoints.add(**settings).enabled = enabled
    shell.value_watches.clear()
    for (place, enabled), value in zip(watches, values, strict=True):
        if value is not None:
            shell.value_number += 1
            name = f"v{shell.value_number}"
            shell.value_watches.append(ValueWatch(name, place, value, enabled))


def _breakpoint(shell: Shell, one: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What `Breakpoints.add` takes, and whether it is enabled."""
    if one["kind"] not in ("code", "write", "read", "access"):
        raise ValueError(f"a breakpoint of kind {one['kind']!r}")
    _, condition = split_condition(str(one["text"]))
    settings = {
        "kind": one["kind"], "address": int(one["address"]), "size": int(one["size"]),
        "text": str(one["text"]), "temporary": bool(one["temporary"]),
        "condition": parse(condition, shell.machine).holds if condition else None,
    }
    return settings, bool(one["enabled"])


class Save(Command):
    names = ("save",)
    group = "Acting"
    usage = ("FILE",)
    help = (
        "Write the session: where the machine stands, the snapshots that were taken, breakpoints"
        " and watches. The snapshots are files beside FILE."
    )

    def run(self, shell: Shell, text: str) -> None:
        if not text:
            raise CommandError("save FILE")
        save(shell, Path(text))
        shell.line(f"saved in {text}")


class Load(Command):
    names = ("load",)
    group = "Acting"
    usage = ("FILE",)
    help = (
        "Go on with a saved session of this kind of machine, in place of the present one; `vmm"
        " shell FILE` begins with one."
    )

    def run(self, shell: Shell, text: str) -> None:
        if not text:
            raise CommandError("load FILE")
        load(shell, Path(text))
        shell.show(shell.session.last)

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ()


COMMANDS = (Save, Load)
