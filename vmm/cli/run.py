# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm run`: boot a guest on a board.

Options are spelled as QEMU's users know them.  The guest's console is all
that reaches stdout; everything of ours is on stderr, or in the files that
were asked for.  The exit status is the guest's own unless the run ended
otherwise (docs/exit-status.md).
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from vmm.cli import gdb, options, recording
from vmm.cli.outputs import STDOUT, Outputs
from vmm.cli.progress import Progress
from vmm.cli.report import Failure, say, show
from vmm.cli.terminal import Input, usable_input
from vmm.machine import diagnosis
from vmm.machine.console import ScriptError, ScriptLine, read_script
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome

STDIN, STDERR = 0, 2
INTERRUPTED = 130
SCRIPT_UNFINISHED = 1
TICK = 0.05  # seconds of real time between looks at the user
EPILOG = """\
examples:
  vmm run -M leon3 -kernel kernel.elf
  vmm run -M virt,secure=on -cpu cortex-a7 -m 256M -kernel kernel.elf --timeout 10
  vmm run -M pc -kernel kernel.elf --ledger traps.txt --stats stats.json
  vmm run -M virt -bios u-boot.bin --script prompt.script
  vmm run -M ./myboard.toml -kernel kernel.elf

-s serves gdb at port 1234 of this host; with -S the guest waits for it.

on a terminal, Ctrl-A x ends the run and Ctrl-A a types one Ctrl-A.

exit status: the guest's own, or 2 wrong usage, 120 the guest crashed (registers and code are
on stderr), 124 a time limit was reached, 125 the guest could not be run, 130 interrupted.
"""
NOBODY_READS = "nobody reads the console any more"


def add(commands: Any) -> None:
    """Declare `vmm run`."""
    command = commands.add_parser(
        "run", help="boot a guest on a board",
        description="Boot a guest on a board. The guest's console is all that goes to stdout.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )
    options.declare(command)
    gdb.declare(command)
    command.set_defaults(function=run)


# -- running ---------------------------------------------------------------------


class Run:
    """One run: a machine connected to the user's console, files and limits."""

    def __init__(self, machine: Machine, o: argparse.Namespace, stack: ExitStack) -> None:
        self.machine = machine
        self.script: list[ScriptLine] = read_script(o.script) if o.script else []
        self.outputs = Outputs(stack)
        self.outputs.connect("-serial", o.serial, machine.console)
        self.outputs.connect("-debugcon", o.debugcon, machine.debug)
        self.input = self._input(o)
        self.recording = recording.attach(machine, o, stack)
        self.wall_limit = time.monotonic() + o.wall_timeout if o.wall_timeout else None
        self._wall_seconds = o.wall_timeout
        self.progress: Progress | None = None
        machine.set_delivery(o.delivery)
        if o.intercept:
            machine.intercept(options.intercepts(machine, o.intercept))
        machine.limit_time(o.timeout, o.wall_timeout)
        if sys.stderr.isatty():
            self._draw_progress()
        machine.on_heartbeat.append(self.look)
        machine.idle_input = self.idle
        self._interrupted = False  # Ctrl-C
        self.gdb = gdb.serve(machine, o, self.look)

    def _input(self, o: argparse.Namespace) -> Input | None:
        if o.serial != "stdio" or not usable_input(STDIN):
            return None
        if self.script and not sys.stdin.isatty():
            return None  # the script types
        return Input(STDIN, self.machine.console.type, lambda: self.interrupt("quit (Ctrl-A x)"))

    def _draw_progress(self) -> None:
        terminal = sys.stdout.isatty()
        shown = [o for o in self.outputs if terminal and o.descriptor == STDOUT]
        self.progress = Progress(self.machine, STDERR, lambda: all(o.at_line_start for o in shown))
        for output in shown:
            output.before = self.progress.clear

    # -- what the machine asks while it runs ------------------------------------

    def look(self) -> None:
        """The machine looks outside: show, draw, and take what was typed."""
        if self._interrupted:
            self.interrupt("interrupted")
        self.outputs.flush()
        if self.outputs.closed:
            self.machine.stop(Outcome.failure(NOBODY_READS))
        if self.wall_limit is not None and time.monotonic() >= self.wall_limit:
            self.machine.stop(Outcome.time(f"wall-clock limit of {self._wall_seconds:g} s reached"))
        if self.progress is not None:
            self.progress.look()
        if self.input is not None:
            self.input.poll()

    def look_all(self) -> None:
        """Look outside for everybody who wants it: us, and a debugger."""
        for look in self.machine.on_heartbeat:
            look()

    def idle(self) -> bool:
        """The guest sleeps and only input can wake it: wait for some."""
        if self.input is None:
            return False
        self.look_all()
        return self.input.poll(TICK) or self.machine.outcome is not None

    def interrupt(self, text: str) -> None:
        """End the run because the user wants it."""
        self.machine.stop(Outcome(Ending.STOPPED, INTERRUPTED, text))

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Look outside some times a second of real time, and take Ctrl-C.

        The machine looks after so many instructions, which is too late for a
        user when each of them is a device access.  A signal handler may run
        inside any callback, so it only asks the engine for an event: the look
        comes at the next boundary and the guest cannot tell.
        """
        handlers = self.machine.engine.handlers
        machine_event = handlers.event
        wanted = False

        def event() -> bool:
            nonlocal wanted
            if wanted or self._interrupted:
                wanted = False
                self.look_all()
            return machine_event()

        def tick(number: int, frame: object) -> None:
            nonlocal wanted
            wanted = True
            self.machine.engine.set_event(0)

        def interrupt(number: int, frame: object) -> None:
            self._interrupted = True
            signal.signal(signal.SIGINT, before)  # a second Ctrl-C does not wait
            self.machine.engine.set_event(0)

        before = signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGALRM, tick)
        handlers.event = event
        signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, before)
            handlers.event = machine_event

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
            stack.enter_context(self.ticking())
            if self.script:
                machine.console.play(self.script)
            try:
                outcome = machine.run() if self.gdb is None else self.gdb.run()
            finally:
                self.outputs.flush()
                if self.progress is not None:
                    self.progress.clear()
        if outcome.status == 0 and self.outputs.closed:
            outcome = Outcome.failure(NOBODY_READS)
        return self._with_script(outcome)

    def _with_script(self, outcome: Outcome) -> Outcome:
        waiting = self.machine.console.expecting
        if waiting is None or outcome.status == INTERRUPTED:
            return outcome
        text = f"{outcome.text}; the script still waits, line {waiting.number}: {waiting.text!r}"
        status = outcome.status or SCRIPT_UNFINISHED
        return Outcome(outcome.ending, status, text)


def run(o: argparse.Namespace) -> int:
    """`vmm run`."""
    answered = options.answer(o)
    if answered is not None:
        return answered
    gdb.check(o)
    machine = options.build(o)
    with ExitStack() as stack:
        try:
            guest_run = Run(machine, o, stack)
        except ScriptError as error:
            raise Failure(str(error)) from error
        outcome = guest_run.run()
        guest_run.recording.finish(outcome)
    return announce(guest_run, outcome)


def announce(guest_run: Run, outcome: Outcome) -> int:
    """Say how the run ended, if it did not end quietly; returns the exit status."""
    machine = guest_run.machine
    if outcome.ending is Ending.TIME:
        pc = diagnosis.place(machine, diagnosis.linear_pc(machine.processor))
        say(f"{outcome.text}, at {pc}")
    elif outcome.ending is not Ending.EXIT or machine.console.expecting is not None:
        say(outcome.text)
    if outcome.ending is Ending.CRASH or (
        outcome.ending is Ending.FAILURE and outcome.text != NOBODY_READS
    ):
        for line in diagnosis.report(machine):
            show(line)
    return outcome.status
