# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm shell`: a guest in the trap shell, from a terminal, a pipe, files or the command line.

Answers and the guest's console are on stdout in the order in which they
happen; what a command cannot do is one line on stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vmm.cli import options, recording
from vmm.cli.attach import attach
from vmm.cli.outputs import STDOUT, Outputs
from vmm.cli.report import Failure, UsageError, say
from vmm.cli.terminal import Output
from vmm.cli.ticking import ticking
from vmm.debug.session import Session
from vmm.debug.shell.command import CommandError, Quit
from vmm.debug.shell.screen import PlainScreen, Screen
from vmm.debug.shell.shell import Shell
from vmm.machine.console import ScriptError, read_script
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome

COMMAND_FAILED = 1
EPILOG = """\
examples:
  vmm shell -M leon3 -kernel kernel.elf
  vmm shell -M virt -kernel kernel.elf -e 'trap data_abort' -e explain
  vmm shell -M pc -bios bios.bin -x commands.txt
  echo 'trap' | vmm shell -M leon3 -kernel kernel.elf

without a terminal the shell ends after the commands it is given, or at the first that fails.

exit status: 0, or what quit says; 1 a command failed (one line on stderr), 2 wrong usage,
125 the guest could not be loaded, 130 interrupted.
"""
INTERRUPTED = 130
WAITING = "the guest sleeps, and only input can wake it (type TEXT)"


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
        description="Boot a guest in the trap shell (docs/shell.md; help lists its commands).",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )
    o = command.add_argument_group("the shell").add_argument
    o("-e", metavar="COMMAND", dest="given", action=Given, const="command",
      help="do a command (repeatable)")
    o("-x", metavar="FILE", dest="given", action=Given, const="file",
      help="do the commands of a file (repeatable)")
    o("--batch", action="store_true", help="end after -e and -x, on a terminal too")
    options.declare(command)
    command.set_defaults(function=run)


class ShellError(Exception):
    """A command that failed where nobody can correct it: where, and why."""


def run(o: argparse.Namespace) -> int:
    """`vmm shell`."""
    answered = options.answer(o)
    if answered is not None:
        return answered
    script = read(o.given or [])
    machine = options.build(o)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    with ExitStack() as stack:
        output = Output(STDOUT)
        stack.callback(output.flush)
        connect(machine, o, output, stack)
        finishing = recording.attach(machine, o, stack)
        shell = open_shell(Session(machine), output, terminal)
        try:
            status = 0
            do_all(shell, script)
            if terminal and not o.batch:
                interact(shell)
            elif not o.given:
                do_all(shell, lines_of(sys.stdin, "stdin"))
        except Quit as leaving:
            status = leaving.status or 0
        except ShellError as error:
            output.flush()
            say(str(error))
            status = COMMAND_FAILED
        finishing.finish(machine.outcome or Outcome.stopped("the shell was left"))
    return status


def connect(machine: Machine, o: argparse.Namespace, output: Output, stack: ExitStack) -> None:
    """What the options say of console, limits and intercepts."""
    if o.serial == "stdio":
        machine.console.sinks.append(output.put)
        machine.on_heartbeat.append(output.flush)
    outputs = Outputs(stack)
    outputs.connect("-serial", "none" if o.serial == "stdio" else o.serial, machine.console)
    outputs.connect("-debugcon", o.debugcon, machine.debug)
    machine.set_delivery(o.delivery)
    if o.intercept:
        machine.intercept(options.intercepts(machine, o.intercept))
    machine.limit_time(o.timeout, o.wall_timeout)
    machine.idle_input = lambda: waits(machine)
    if o.script:
        try:
            machine.console.play(read_script(o.script))
        except ScriptError as error:
            raise Failure(str(error)) from error


def waits(machine: Machine) -> bool:
    """The guest sleeps with nothing to come: stop, rather than call it dead."""
    machine.stop(Outcome.stopped(WAITING))
    return True


# -- commands that are not typed ------------------------------------------------------


Line = tuple[str, str]  # where it stands, and the command


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
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise UsageError(f"-x {value}: {reason}") from error
        script += lines_of(text.splitlines(), value)
    return script


def do_all(shell: Shell, script: Iterable[Line]) -> None:
    """Do commands; ShellError at the first that fails."""
    for place, line in script:
        if not line.strip():
            continue  # only a user at a prompt repeats a command with an empty line
        try:
            shell.execute(line)
        except CommandError as error:
            raise ShellError(f"{place}: {error}") from error


# -- a shell on stdout ----------------------------------------------------------------


def open_shell(session: Session, output: Output, terminal: bool) -> Shell:
    """A shell that answers on stdout, between the lines of the guest's console."""

    def put(text: str) -> None:
        output.flush()
        if not output.at_line_start:
            output.put(b"\n")
        output.put(text.encode(errors="backslashreplace") + b"\n")

    screen: Screen = PlainScreen(put)
    prompt = None
    if terminal:
        from vmm.cli import prompt as prompts

        screen, prompt = prompts.TerminalScreen(output), prompts.ask
    return Shell(
        session, screen,
        around_motion=lambda: ticking(session.machine, output.flush, session.interrupt),
        prompt=prompt,
        attach=(lambda: attach(session, output)) if terminal else None,
    )


def enter(machine: Machine, output: Output, outcome: Outcome) -> Outcome:
    """The shell in the middle of `vmm run`; returns how the run ended in it."""
    machine.idle_input = lambda: waits(machine)
    session = Session(machine)
    shell = open_shell(session, output, terminal=True)
    shell.line(f"{outcome.text}; help lists the commands, attach goes on", "stop")
    status = None
    try:
        interact(shell)
    except Quit as leaving:
        status = leaving.status
    output.flush()
    if session.last.outcome is not None:
        outcome = session.last.outcome
    if status is not None:
        return Outcome(Ending.STOPPED, status, "the shell was left")
    if outcome.ending is Ending.STOPPED:
        return Outcome(Ending.STOPPED, INTERRUPTED, "the shell was left")
    return outcome


def interact(shell: Shell) -> None:
    """A prompt on a terminal, until the user leaves: by Ctrl-D, or with Quit."""
    from vmm.cli import prompt as prompts

    shell.line(shell.here(), "current")
    for line in prompts.lines(shell):
        try:
            shell.execute(line)
        except CommandError as error:
            shell.line(str(error), "warning")
        except KeyboardInterrupt:
            shell.line("interrupted", "warning")
