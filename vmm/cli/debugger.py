# SPDX-License-Identifier: GPL-2.0-or-later
"""The trap shell on standard output, with and without a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from vmm.cli import options, recording, technique
from vmm.cli.attach import attach
from vmm.cli.outputs import STDOUT, Outputs
from vmm.cli.report import Failure, say
from vmm.cli.shell import Line, lines_of
from vmm.cli.terminal import NOBODY_READS, Output
from vmm.cli.ticking import ticking
from vmm.debug.session import Session
from vmm.debug.shell.command import CommandError, Quit
from vmm.debug.shell.screen import PlainScreen, Screen
from vmm.debug.shell.shell import Shell
from vmm.machine.console import ScriptError, read_script
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor

COMMAND_FAILED = 1
INTERRUPTED = 130
WAITING = "the guest sleeps, and only input can wake it (type TEXT)"


class ShellError(Exception):
    """A command that failed where nobody can correct it: where, and why."""


def run(
    machine: Machine, o: argparse.Namespace, script: list[Line], saved_session: Path | None = None,
    monitor: Monitor | None = None,
) -> int:
    """`vmm shell` on a machine: the commands given, then those typed; returns the exit status.

    ``monitor`` is the machine's, if its guest is virtualized.
    """
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    with ExitStack() as stack:
        profile = technique.profile_file(o, stack)
        output = Output(STDOUT)
        stack.callback(output.flush)
        connect(machine, o, output, stack)
        finishing = recording.attach(machine, o, stack)
        shell = open_shell(Session(machine, keep=o.history), output, terminal)
        if saved_session is not None:
            go_on(shell, saved_session)
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
        finishing.finish(machine.outcome or Outcome.stopped("the shell was left"), monitor)
        if monitor is not None:
            technique.finish(monitor, o, profile)
    if output.failure and output.failure != NOBODY_READS:
        raise Failure(output.failure)
    return status


def go_on(shell: Shell, session: Path) -> None:
    """Take the breakpoints and snapshots of a saved session; Failure if it cannot be used."""
    from vmm.debug.shell import saved

    try:
        saved.load(shell, session)
    except CommandError as error:
        raise Failure(str(error)) from error


def connect(machine: Machine, o: argparse.Namespace, output: Output, stack: ExitStack) -> None:
    """What the options say of console, limits and intercepts."""
    if o.serial == "stdio":
        machine.console.sinks.append(output.put)
        machine.on_heartbeat.append(output.flush)
    outputs = Outputs(stack)
    outputs.connect("-serial", "none" if o.serial == "stdio" else o.serial, machine.console)
    outputs.connect("-debugcon", o.debugcon, machine.debug)
    machine.traps.set_delivery(o.delivery)
    if o.intercept:
        machine.traps.intercept(options.intercepts(machine, o.intercept))
    machine.limit_time(o.timeout, o.wall_timeout)
    machine.halts.idle_input = lambda: waits(machine)
    if o.script:
        try:
            machine.console.play(read_script(o.script))
        except ScriptError as error:
            raise Failure(str(error)) from error


def waits(machine: Machine) -> bool:
    """The guest sleeps with nothing to come: stop, rather than call it dead."""
    machine.stop(Outcome.stopped(WAITING))
    return True


def do_all(shell: Shell, script: Iterable[Line]) -> None:
    """Do commands; ShellError at the first that fails, KeyboardInterrupt at Ctrl-C."""
    for place, line in script:
        if not line.strip():
            continue  # only a user at a prompt repeats a command with an empty line
        try:
            shell.execute(line)
        except CommandError as error:
            raise ShellError(f"{place}: {error}") from error
        if shell.interrupted:
            raise KeyboardInterrupt


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
    def interrupt() -> None:
        shell.interrupted = True
        session.interrupt()

    shell = Shell(
        session, screen,
        around_motion=lambda: ticking(session.machine, output.flush, interrupt),
        prompt=prompt,
        attach=(lambda: attach(session, output)) if terminal else None,
    )
    return shell


def enter(machine: Machine, output: Output, outcome: Outcome) -> Outcome:
    """The shell in the middle of `vmm run`; returns how the run ended in it."""
    machine.halts.idle_input = lambda: waits(machine)
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
