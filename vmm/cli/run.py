# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm run`: boot a guest on a board.

Options are spelled as QEMU's users know them.  The guest's console is all
that reaches stdout; everything of ours is on stderr, or in the files that
were asked for.  The exit status is the guest's own unless the run ended
otherwise (docs/exit-status.md).
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from vmm import boards
from vmm.boards.options import BoardError, Options
from vmm.cli import recording, topics
from vmm.cli.progress import Progress
from vmm.cli.report import Failure, UsageError, say, show
from vmm.cli.size import memory_size
from vmm.cli.terminal import Input, Output, file_output, usable_input
from vmm.cpu.processor import UnknownModel
from vmm.machine import diagnosis
from vmm.machine.console import Console, ScriptError, ScriptLine, read_script
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.native.library import NativeError

STDIN, STDOUT, STDERR = 0, 1, 2
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

on a terminal, Ctrl-A x ends the run and Ctrl-A a types one Ctrl-A.

exit status: the guest's own, or 2 wrong usage, 120 the guest crashed (registers and code are
on stderr), 124 a time limit was reached, 125 the guest could not be run, 130 interrupted.
"""
NOBODY_READS = "nobody reads the console any more"


def seconds(text: str) -> float:
    """A time limit: a positive number."""
    value = float(text)
    if not 0 < value < 1e9:
        raise ValueError(text)
    return value


def add(commands: Any) -> None:
    """Declare `vmm run`."""
    command = commands.add_parser(
        "run", help="boot a guest on a board",
        description="Boot a guest on a board. The guest's console is all that goes to stdout.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )
    o = command.add_argument_group("the machine").add_argument
    o("-M", "-machine", "--machine", dest="machine", metavar="BOARD",
      help="the board, or a board file (*.toml), with ,key=value properties; help: list them")
    o("-cpu", "--cpu", metavar="MODEL", help="the processor model; help: list the board's")
    o("-m", metavar="SIZE", dest="memory", help="RAM: 64M, 1G, or 128 (MiB)")
    o = command.add_argument_group("the guest").add_argument
    o("-kernel", "--kernel", metavar="FILE", type=Path, help="guest: ELF, multiboot or flat image")
    o("-bios", "--bios", metavar="FILE", type=Path, help="firmware image to start instead of ours")
    o("-append", "--append", metavar="TEXT", default="", help="the kernel's command line")
    o("-boot", "--boot", metavar="OPTIONS", help="menu=on: firmware offers a boot menu (pc)")
    o("-semihosting", "--semihosting", action="store_true", help="accepted: always on")
    o = command.add_argument_group("the console").add_argument
    o("-serial", "--serial", metavar="WHERE", default="stdio",
      help="the console: stdio (default), file:PATH or none")
    o("-debugcon", "--debugcon", metavar="WHERE", default="none",
      help="the firmware's debug port (pc: 0x402): stdio, file:PATH or none (default)")
    o("-nographic", "--nographic", action="store_true", help="accepted: there is no other way")
    o("--script", metavar="FILE", type=Path, help='lines: expect "TEXT", send "TEXT"')
    o = command.add_argument_group("limits").add_argument
    o("--timeout", metavar="SECONDS", type=seconds, help="limit of virtual time (status 124)")
    o("--wall-timeout", metavar="SECONDS", type=seconds, help="limit of real time (status 124)")
    o = command.add_argument_group("what is watched and written").add_argument
    o("-d", metavar="TOPICS", dest="topics", help="report on topics (comma list); help: list them")
    o("-D", metavar="FILE", dest="log", type=Path, help="where -d reports go instead of stderr")
    o("--intercept", metavar="LIST", help="traps that go through the monitor: names, numbers, all;"
      " help: list them")
    o("--delivery", choices=("native", "python"), default="native", help="who enters traps")
    o("--stats", metavar="FILE", type=Path, help="write counters as JSON")
    o("--ledger", metavar="FILE", type=Path, help="write a line for every trap")
    command.set_defaults(function=run)


# -- reading the options --------------------------------------------------------


def board_and_properties(text: str) -> tuple[str, dict[str, str]]:
    """``virt,secure=on`` as a name and its properties."""
    name, *rest = text.split(",")
    properties = {}
    for word in rest:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UsageError(f"-M {text}: a property is written key=value, not {word!r}")
        properties[key] = value
    return name, properties


def boot_menu(text: str | None) -> bool:
    """Whether ``-boot`` asks for a menu."""
    if text in (None, "menu=off"):
        return False
    if text != "menu=on":
        raise UsageError(f"-boot {text}: menu=on or menu=off")
    return True


def list_boards() -> int:
    """The answer to ``-M help``."""
    for board in boards.BOARDS.values():
        print(f"{board.name:<8} {board.description} (default -cpu {board.default_cpu})")
    return 0


def list_processors(board: boards.BoardInfo) -> int:
    """The answer to ``-cpu help``."""
    models = importlib.import_module(f"vmm.cpu.{board.architecture}.models").MODELS
    for name, model in models.items():
        print(f"{name:<12} {getattr(model, 'description', '')}".rstrip())
    return 0


def list_traps(board: boards.BoardInfo) -> int:
    """The answer to ``--intercept help``."""
    names = importlib.import_module(f"vmm.cpu.{board.architecture}.traps").NAMES
    for kind, name in sorted(names.items()):
        print(f"{kind:#05x} {name}")
    return 0


def intercepts(machine: Machine, text: str) -> set[int]:
    """Numbers of the traps in a comma list of names, numbers or ``all``."""
    kinds = machine.processor.trap_kinds()
    numbers = {name: kind for kind, name in kinds.items()}
    wanted: set[int] = set()
    for word in text.split(","):
        if word == "all":
            wanted |= kinds.keys()
        elif word in numbers:
            wanted.add(numbers[word])
        else:
            try:
                kind = int(word, 0)
            except ValueError:
                kind = -1
            if kind not in kinds:
                raise UsageError(f"--intercept {word}: no such trap; --intercept help lists them")
            wanted.add(kind)
    return wanted


def build(o: argparse.Namespace, name: str, properties: dict[str, str]) -> Machine:
    """The machine that the options ask for."""
    options = Options(
        board=name, properties=properties, cpu=o.cpu,
        ram=None if o.memory is None else memory_size(o.memory),
        kernel=o.kernel, bios=o.bios, append=o.append, boot_menu=boot_menu(o.boot),
        debugcon=o.debugcon != "none",
    )
    try:
        return boards.create(options)
    except (BoardError, UnknownModel) as error:
        raise UsageError(str(error)) from error
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("vmm.boards."):
            raise
        raise Failure(f"board {name!r} is not part of this version") from error
    except (ValueError, OSError, NativeError) as error:
        raise Failure(str(error)) from error


# -- running ---------------------------------------------------------------------


class Session:
    """One run: a machine connected to the user's console, files and limits."""

    def __init__(self, machine: Machine, o: argparse.Namespace, stack: ExitStack) -> None:
        self.machine = machine
        self.script: list[ScriptLine] = read_script(o.script) if o.script else []
        self._outputs: dict[str, Output] = {}
        self.output = self._output("-serial", o.serial, machine.console, stack)
        self._output("-debugcon", o.debugcon, machine.debug, stack)
        self.input = self._input(o)
        self.recording = recording.attach(machine, o, stack)
        self.wall_limit = time.monotonic() + o.wall_timeout if o.wall_timeout else None
        self._wall_seconds = o.wall_timeout
        self.progress: Progress | None = None
        machine.set_delivery(o.delivery)
        if o.intercept:
            machine.intercept(intercepts(machine, o.intercept))
        machine.limit_time(o.timeout, o.wall_timeout)
        if sys.stderr.isatty():
            self._draw_progress()
        machine.on_heartbeat.append(self.look)
        machine.idle_input = self.idle

    def _output(
        self, option: str, where: str, console: Console, stack: ExitStack
    ) -> Output | None:
        """Send what a console prints where the user wants it; a file may take several.

        On stdout each gathers its own lines, so that two consoles do not mix in one.
        """
        if where == "none":
            return None
        place = option if where == "stdio" else where
        output = self._outputs.get(place)
        if output is None:
            kind, _, path = where.partition(":")
            if where == "stdio":
                output = Output(STDOUT)
            elif kind == "file" and path:
                try:
                    output = file_output(path)
                except OSError as error:
                    raise Failure(f"{path}: {error.strerror or error}") from error
            else:
                raise UsageError(f"{option} {where}: it goes to stdio, file:PATH or none")
            self._outputs[place] = output
            stack.callback(output.flush)
        console.sinks.append(output.put)
        return output

    def _input(self, o: argparse.Namespace) -> Input | None:
        if o.serial != "stdio" or not usable_input(STDIN):
            return None
        if self.script and not sys.stdin.isatty():
            return None  # the script types
        return Input(STDIN, self.machine.console.type, lambda: self.interrupt("quit (Ctrl-A x)"))

    def _draw_progress(self) -> None:
        terminal = sys.stdout.isatty()
        shown = [o for o in self._outputs.values() if terminal and o.descriptor == STDOUT]
        self.progress = Progress(self.machine, STDERR, lambda: all(o.at_line_start for o in shown))
        for output in shown:
            output.before = self.progress.clear

    # -- what the machine asks while it runs ------------------------------------

    def look(self) -> None:
        """The machine looks outside: show, draw, and take what was typed."""
        for output in self._outputs.values():
            output.flush()
            if output.closed:
                self.machine.stop(Outcome.failure(NOBODY_READS))
        if self.wall_limit is not None and time.monotonic() >= self.wall_limit:
            self.machine.stop(Outcome.time(f"wall-clock limit of {self._wall_seconds:g} s reached"))
        if self.progress is not None:
            self.progress.look()
        if self.input is not None:
            self.input.poll()

    def idle(self) -> bool:
        """The guest sleeps and only input can wake it: wait for some."""
        if self.input is None:
            return False
        self.look()
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
        wanted = interrupted = False

        def event() -> bool:
            nonlocal wanted
            if interrupted:
                self.interrupt("interrupted")
            if wanted:
                wanted = False
                self.look()
            return machine_event()

        def tick(number: int, frame: object) -> None:
            nonlocal wanted
            wanted = True
            self.machine.engine.set_event(0)

        def interrupt(number: int, frame: object) -> None:
            nonlocal interrupted
            interrupted = True
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
                outcome = machine.run()
            finally:
                for output in self._outputs.values():
                    output.flush()
                if self.progress is not None:
                    self.progress.clear()
        if outcome.status == 0 and any(output.closed for output in self._outputs.values()):
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
    if o.topics == "help":
        print(topics.table())
        return 0
    topics.parse(o.topics)
    if o.machine is None:
        raise UsageError(f"which board? -M takes one of: {', '.join(boards.BOARDS)}")
    if o.machine == "help":
        return list_boards()
    name, properties = board_and_properties(o.machine)
    try:
        board = boards.find(name)
    except BoardError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:  # a board file that cannot be used
        raise Failure(str(error)) from error
    if o.cpu == "help":
        return list_processors(board)
    if o.intercept == "help":
        return list_traps(board)
    if o.kernel is None and o.bios is None:
        raise UsageError("nothing to run: give -kernel FILE or -bios FILE")
    machine = build(o, name, properties)
    with ExitStack() as stack:
        try:
            session = Session(machine, o, stack)
        except ScriptError as error:
            raise Failure(str(error)) from error
        outcome = session.run()
        session.recording.finish(outcome)
    return announce(session, outcome)


def announce(session: Session, outcome: Outcome) -> int:
    """Say how the run ended, if it did not end quietly; returns the exit status."""
    machine = session.machine
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
