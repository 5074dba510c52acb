# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm run`: boot a guest on a board.

Options are spelled as QEMU's users know them.  The guest's console is all
that reaches stdout; everything of ours is on stderr, or in the files that
were asked for.  The exit status is the guest's own unless the run ended
otherwise (docs/exit-status.md).
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from typing import Any

from vmm.cli import gdb, network, options, recording, technique
from vmm.cli.arguments import file
from vmm.cli.outputs import STDOUT, Outputs
from vmm.cli.progress import Progress
from vmm.cli.report import Failure, UsageError, say, show
from vmm.cli.terminal import HELP, Input, Output, usable_input
from vmm.cli.ticking import TICK, ticking
from vmm.devices.disk.disk import DiskError
from vmm.machine import diagnosis
from vmm.machine.clock import NS
from vmm.machine.console import ScriptError, ScriptLine, read_script
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.machine.system_error import reason
from vmm.state import inputs

STDIN, STDERR = 0, 2
INTERRUPTED, TERMINATED = 130, 143  # as shells report SIGINT and SIGTERM
SCRIPT_UNFINISHED = 1
EPILOG = """\
examples:
  vmm run -M leon3 -kernel kernel.elf
  vmm run -M virt,secure=on -cpu cortex-a7 -m 256M -kernel kernel.elf --timeout 10
  vmm run -M pc -kernel kernel.elf --ledger traps.txt --stats stats.json
  vmm run -M virt -bios u-boot.bin --script prompt.script
  vmm run -M ./myboard.toml -kernel kernel.elf

  vmm run -M leon3 -kernel kernel.elf --technique translate --shadow strict --profile -

-s serves gdb at port 1234 of this host; with -S the guest waits for it.

on a terminal, Ctrl-A x ends the run, Ctrl-A c opens the trap shell (vmm shell), Ctrl-A h lists
the other keys.

exit status:
  the guest's own, when it ends itself
  2    wrong usage
  120  the guest crashed: registers, code and the last traps are on stderr
  124  --timeout or --wall-timeout was reached
  125  the guest could not be run, or its console cannot be written
  130  interrupted
  143  terminated (SIGTERM)

see also: docs/command.md, docs/boot-my-kernel.md, docs/exit-status.md, docs/boards.md
"""


def add(commands: Any) -> None:
    """Declare `vmm run`."""
    command = commands.add_parser(
        "run", help="boot a guest on a board",
        description="Boots a guest on a board. The guest's console is all that goes to stdout;"
        " everything of ours is on stderr, one line each. Options are spelled as QEMU's users know"
        " them, with one dash or two.",
        usage="vmm run -M BOARD -kernel FILE [OPTION ...]\n"
        "       vmm run -M BOARD -bios FILE [OPTION ...]\n"
        "       vmm run --snapshot FILE [OPTION ...]",
        epilog=EPILOG,
    )
    options.declare(command)
    technique.declare(command)
    network.declare(command)
    command.add_argument_group("debugging").add_argument(
        "--break", metavar="PLACE", dest="breaks", action="append", default=[],
        help="stop at a symbol or address and open the trap shell (repeatable; on a terminal)",
    )
    o = command.add_argument_group("snapshots and recordings").add_argument
    o("--save-snapshot", metavar="FILE", type=file, help="write a snapshot when the run ends")
    o("--record", metavar="FILE", type=file,
      help="write what enters from outside, and when, as JSON lines")
    o("--replay", metavar="FILE", type=file, help="have it enter again, at the same moments")
    gdb.declare(command)
    command.set_defaults(function=run)


def breakpoints(machine: Machine, places: list[str]) -> list[int]:
    """The addresses of ``--break``; a UsageError names what is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--break opens the trap shell on a terminal; elsewhere: vmm shell -e")
    from vmm.debug.shell.breakpoints import code_address
    from vmm.debug.shell.command import CommandError

    try:
        return [code_address(machine, place) for place in places]
    except CommandError as error:
        raise UsageError(f"--break: {error}") from error


def check_snapshot(o: argparse.Namespace) -> None:
    """Failure if no snapshot can be written where one is wanted: before the guest runs."""
    if o.save_snapshot is None:
        return
    from vmm.state import file

    try:
        file.place(o.save_snapshot)
    except OSError as error:
        raise Failure(f"{o.save_snapshot}: {reason(error)}") from error


# -- running ---------------------------------------------------------------------


class Run:
    """One run: a machine connected to the user's console, files and limits."""

    def __init__(self, machine: Machine, o: argparse.Namespace, stack: ExitStack) -> None:
        self.machine = machine
        self.replayed = inputs.read(o.replay, machine) if o.replay else None
        self.script: list[ScriptLine] = read_script(o.script) if o.script else []
        self.outputs = Outputs(stack)
        self.outputs.connect("-serial", o.serial, machine.console)
        self.outputs.connect("-debugcon", o.debugcon, machine.debug)
        machine.outside.recorded = self.replayed is not None
        self.outputs.connect_ports(o.chardev, machine)
        network.plug(machine, o, stack, recorded=self.replayed is not None)
        self.input = self._input(o)
        if self.input is not None:
            machine.outside.sources.append(self.input)
        if o.pace:
            machine.outside.set_pace(machine.clock.now())
        if o.record or self.replayed is not None:
            self._log_input(o, stack)
        self.recording = recording.attach(machine, o, stack)
        self.wall_limit = time.monotonic() + o.wall_timeout if o.wall_timeout else None
        self._wall_seconds = o.wall_timeout
        self.progress: Progress | None = None
        self.shell_wanted = False
        if o.breaks:
            machine.set_breakpoints(breakpoints(machine, o.breaks))
        machine.traps.set_delivery(o.delivery)
        if o.intercept:
            machine.traps.intercept(options.intercepts(machine, o.intercept))
        machine.limit_time(o.timeout, o.wall_timeout)
        if sys.stderr.isatty():
            self._draw_progress()
        machine.on_heartbeat.append(self.look)
        machine.halts.idle_input = self.idle
        self._asked: Outcome | None = None  # to end, by a signal
        self.gdb = gdb.serve(machine, o, self.look)

    def _input(self, o: argparse.Namespace) -> Input | None:
        console = self.outputs.typed or self.machine.console
        wanted = o.serial == "stdio" or self.outputs.typed is not None
        if not wanted or not usable_input(STDIN) or self.replayed is not None:
            return None
        if self.script and not sys.stdin.isatty():
            return None  # the script types
        return Input(
            STDIN, console.type,
            quit_run=lambda: self.interrupt("quit (Ctrl-A x)"), open_shell=self.want_shell,
            keys={
                "b": self.machine.console.send_break, "t": self._stamp,
                "h": lambda: show(HELP.rstrip()), "s": self._commit,
            },
        )

    def _commit(self) -> None:
        """Disk images get what -snapshot has kept from them."""
        for commit in self.machine.on_commit:
            try:
                say(commit())
            except DiskError as error:
                say(str(error))

    def _stamp(self) -> None:
        """Virtual time before each line on the terminal, or no more."""
        for output in self.outputs:
            if output.descriptor == STDOUT:
                stamped = output.stamp is not None
                output.flush()
                output.stamp = None if stamped else self._time

    def _time(self) -> str:
        return f"[{self.machine.clock.now() / NS:13.6f}] "

    def _log_input(self, o: argparse.Namespace, stack: ExitStack) -> None:
        log = inputs.InputLog(self.machine, self.replayed or ())
        if o.record:
            log.record(recording.create(o.record, stack))

    def _draw_progress(self) -> None:
        terminal = sys.stdout.isatty()
        shown = [o for o in self.outputs if terminal and o.descriptor == STDOUT]
        self.progress = Progress(self.machine, STDERR, lambda: all(o.at_line_start for o in shown))
        for output in shown:
            output.before = self.progress.clear

    # -- what the machine asks while it runs ------------------------------------

    def look(self) -> None:
        """The machine looks outside: show, draw, and take what was typed."""
        if self._asked is not None:
            self.machine.stop(self._asked)
        self.outputs.flush()
        if self.outputs.failure:
            self.machine.stop(Outcome.failure(self.outputs.failure))
        if self.wall_limit is not None and time.monotonic() >= self.wall_limit:
            self.machine.stop(Outcome.time(f"wall-clock limit of {self._wall_seconds:g} s reached"))
        if self.progress is not None:
            self.progress.look()

    def look_all(self) -> None:
        """Look outside for everybody who wants it: us, and a debugger."""
        for look in self.machine.on_heartbeat:
            look()
        self.machine.outside.look()

    def idle(self) -> bool:
        """The guest sleeps and only input can wake it: wait for some."""
        if self.input is None:
            return False
        self.machine.outside.wait(TICK)
        self.look_all()
        return self.input.open or self.machine.outcome is not None

    def interrupt(self, text: str) -> None:
        """End the run because the user wants it."""
        self.machine.stop(Outcome(Ending.STOPPED, INTERRUPTED, text))

    def ctrl_c(self) -> None:
        """Have the next look end the run; a signal handler calls this."""
        self._asked = Outcome(Ending.STOPPED, INTERRUPTED, "interrupted")

    def terminate(self) -> None:
        """The same for SIGTERM: what is gathered is written and the terminal restored."""
        self._asked = Outcome(Ending.STOPPED, TERMINATED, "terminated")

    # -- the trap shell ---------------------------------------------------------

    def want_shell(self) -> None:
        """Stop, for the user asks for the shell."""
        if self.gdb is not None:
            say("gdb has the guest: the shell's commands are gdb's monitor commands")
            return
        self.shell_wanted = True
        self.machine.stop(Outcome.stopped("shell (Ctrl-A c)"))

    def opens_shell(self, outcome: Outcome) -> bool:
        """Whether the shell is to be opened where the run has stopped.

        After a crash it is if the user types to the guest on a terminal.
        """
        if self.gdb is not None:
            return False
        interactive = self.input is not None and self.input.terminal and sys.stdout.isatty()
        crashed = outcome.ending is Ending.CRASH and interactive and sys.stderr.isatty()
        return self.shell_wanted or self.machine.stopped_at_breakpoint or crashed

    def hand_over(self) -> Output:
        """Leave the user to the shell; returns the place where the console prints on stdout."""
        if self.input is not None:
            self.machine.outside.sources.remove(self.input)
        self.input = self.progress = None
        self.machine.halts.idle_input = None
        for output in self.outputs:
            output.before = lambda: None
        return next((o for o in self.outputs if o.descriptor == STDOUT), None) or Output(STDOUT)

    # -- the run ----------------------------------------------------------------

    def run(self) -> Outcome:
        """Run to the end, with the script if there is one."""
        machine = self.machine
        if self.script and self.script[-1].verb == "expect":
            machine.console.on_script_end = lambda: machine.stop(
                Outcome.exit(0, "the script is finished")
            )
        with ExitStack() as stack:
            if self.input is not None:
                stack.enter_context(self.input.raw())
            stack.enter_context(ticking(machine, self.look_all, self.ctrl_c, self.terminate))
            if self.script:
                machine.console.play(self.script)
            try:
                outcome = machine.run() if self.gdb is None else self.gdb.run()
            finally:
                self.outputs.flush()
                if self.progress is not None:
                    self.progress.clear()
        if outcome.status == 0 and self.outputs.failure:
            outcome = Outcome.failure(self.outputs.failure)
        return self._with_script(outcome)

    def _with_script(self, outcome: Outcome) -> Outcome:
        waiting = self.machine.console.expecting
        if waiting is None or outcome.status in (INTERRUPTED, TERMINATED):
            return outcome
        text = f"{outcome.text}; the script still waits, line {waiting.number}: {waiting.text!r}"
        status = outcome.status or SCRIPT_UNFINISHED
        return Outcome(outcome.ending, status, text)


def run(o: argparse.Namespace) -> int:
    """`vmm run`."""
    answered = technique.answer(o)
    if answered is None:
        answered = options.answer(o)
    if answered is not None:
        return answered
    gdb.check(o)
    check_snapshot(o)
    machine = options.build(o)
    monitor = technique.virtualize(machine, o)
    with ExitStack() as stack:
        profile = technique.profile_file(o, stack)
        try:
            guest_run = Run(machine, o, stack)
        except (ScriptError, inputs.InputError) as error:
            raise Failure(str(error)) from error
        outcome = guest_run.run()
        announced = guest_run.opens_shell(outcome) and outcome.ending is Ending.CRASH
        if announced:
            announce(machine, outcome)
        if guest_run.opens_shell(outcome):
            from vmm.cli import debugger

            before, outcome = outcome, debugger.enter(machine, guest_run.hand_over(), outcome)
            announced = announced and outcome is before
        guest_run.recording.finish(outcome, monitor)
        if monitor is not None:
            technique.finish(monitor, o, profile)
        if o.save_snapshot is not None:
            from vmm.state import snapshot

            try:
                snapshot.save(snapshot.take(machine), o.save_snapshot)
            except snapshot.SnapshotError as error:
                raise Failure(str(error)) from error
    if announced:
        return outcome.status
    return announce(machine, outcome, reported=outcome.text != guest_run.outputs.failure)


def announce(machine: Machine, outcome: Outcome, reported: bool = True) -> int:
    """Say how the run ended, if it did not end quietly; returns the exit status.

    A crash or failure comes with a report on the guest, if that has a part in it (``reported``).
    """
    if outcome.ending is Ending.TIME:
        pc = diagnosis.place(machine, diagnosis.linear_pc(machine.processor))
        say(f"{outcome.text}, at {pc}")
    elif outcome.ending is not Ending.EXIT or machine.console.expecting is not None:
        say(outcome.text)
    if reported and outcome.ending in (Ending.CRASH, Ending.FAILURE):
        for line in diagnosis.report(machine):
            show(line)
    return outcome.status
