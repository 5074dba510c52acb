# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm shell`: a guest in the trap shell, from a terminal, a pipe, files or the command line.

Answers and the guest's console are on stdout in the order in which they
happen; what a command cannot do is one line on stderr.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from vmm.cli import options, technique
from vmm.cli.arguments import file
from vmm.cli.report import Failure, UsageError
from vmm.cli.size import memory_size
from vmm.machine.system_error import reason

EPILOG = """\
examples:
  vmm shell -M leon3 -kernel kernel.elf
  vmm shell -M virt -kernel kernel.elf -e 'trap data_abort' -e explain
  vmm shell -M pc -bios bios.bin -x commands.txt
  echo 'trap' | vmm shell -M leon3 -kernel kernel.elf
  vmm shell failed.snapshot

without a terminal the shell ends after the commands it is given, or at the first that fails.

exit status:
  0    or what quit says
  1    a command failed: one line on stderr
  2    wrong usage
  125  the guest, or a file of commands, could not be loaded
  130  interrupted

see also: docs/shell.md, docs/explanations.md
"""
KEEP = 256 << 20
SESSION = b"{"  # how the file of a saved session begins
Line = tuple[str, str]  # where it stands, and the command


class Given(argparse.Action):
    """Gathers ``-x`` and ``-e`` in the order in which they are given."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
        values: str | Sequence[Any] | None, option_string: str | None = None,
    ) -> None:
        namespace.given = [*(namespace.given or []), (self.const, str(values))]


def add(commands: Any) -> None:
    """Declare `vmm shell`."""
    command = commands.add_parser(
        "shell", help="explore a guest: trap by trap, forwards and backwards",
        description="Boots a guest in the trap shell, which stops it at every trap, shows and"
        " changes what is there, and goes back as well as on. Its command help lists the others.",
        usage="vmm shell -M BOARD -kernel FILE [OPTION ...]\n       vmm shell [OPTION ...] FILE",
        epilog=EPILOG,
    )
    command.add_argument("saved", metavar="FILE", nargs="?", type=file,
                         help="go on from a snapshot or a saved session, in place of a guest")
    o = command.add_argument_group("the shell").add_argument
    o("-e", metavar="COMMAND", dest="given", action=Given, const="command",
      help="do a command (repeatable)")
    o("-x", metavar="FILE", dest="given", action=Given, const="file", type=file,
      help="do the commands of a file (repeatable)")
    o("--batch", action="store_true", help="end after -e and -x, on a terminal too")
    o("--history", metavar="SIZE", type=lambda text: memory_size(text, "--history"),
      default=KEEP,
      help="memory for going back (256M): with less, going back runs more instructions again")
    options.declare(command)
    technique.declare(command)
    command.set_defaults(function=run)


def run(o: argparse.Namespace) -> int:
    """`vmm shell`."""
    session = None if o.saved is None else go_on(o)
    answered = technique.answer(o)
    if answered is None:
        answered = options.answer(o)
    if answered is not None:
        return answered
    script = read(o.given or [])
    from vmm.cli import debugger  # its libraries take time to load

    machine = options.build(o)
    return debugger.run(machine, o, script, session, technique.virtualize(machine, o))


def go_on(o: argparse.Namespace) -> Path | None:
    """Have the snapshot of FILE be what is run; returns FILE if it is a saved session."""
    if o.snapshot is not None:
        raise UsageError(f"--snapshot {o.snapshot} and {o.saved}: one of them")
    o.snapshot = o.saved
    try:
        with o.saved.open("rb") as file:
            if file.read(1) != SESSION:
                return None
    except OSError as error:
        raise Failure(f"{o.saved}: {reason(error)}") from error
    from vmm.debug.shell import saved
    from vmm.debug.shell.command import CommandError

    try:
        o.snapshot = saved.present(o.saved)
    except CommandError as error:
        raise Failure(str(error)) from error
    return Path(o.saved)


def lines_of(lines: Iterable[str], name: str) -> Iterator[Line]:
    """Lines of a file, with their places."""
    for number, line in enumerate(lines, 1):
        yield f"{name}:{number}", line.rstrip("\n")


def read(given: list[tuple[str, str]]) -> list[Line]:
    """The commands of ``-x`` and ``-e``, read before anything is done."""
    script: list[Line] = []
    for kind, value in given:
        if kind == "command":
            script.append((f"-e {value!r}", value))
            continue
        try:
            text = Path(value).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(f"-x {value}: {reason(error)}") from error
        script += lines_of(text.splitlines(), value)
    return script
