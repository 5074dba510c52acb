# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell itself: it takes a line, finds the command, and shows where a motion has led."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from vmm.debug.explain import code, explain
from vmm.debug.session import Session
from vmm.debug.shell.command import CommandError, Quit
from vmm.debug.shell.screen import PlainScreen, Screen
from vmm.debug.shell.traplog import TrapLog
from vmm.debug.stops import Stop
from vmm.state import snapshot
from vmm.state.snapshot import SnapshotError

if TYPE_CHECKING:
    from vmm.debug.shell.values import ValueWatch

NAME = re.compile(r"\s*([A-Za-z][\w-]*|[?!])(.*)", re.DOTALL)
COMMENT = "#"
LONGEST = 60  # characters of a line that is no command, as an error shows it


class Shell:
    """Commands on one debug session; ``screen`` gets their answers.

    ``around_motion`` is entered while the guest runs: a terminal takes Ctrl-C there.
    ``prompt`` reads further lines for commands that ask, and ``attach`` runs the guest with
    the keyboard as its console; None where there is no terminal.
    """

    def __init__(
        self,
        session: Session,
        screen: Screen,
        around_motion: Callable[[], AbstractContextManager[object]] = nullcontext,
        prompt: Callable[[str], str] | None = None,
        attach: Callable[[], Stop] | None = None,
    ) -> None:
        self.session = session
        self.machine = session.machine
        self.screen = screen
        self.around_motion = around_motion
        self.prompt = prompt
        self.attach = attach
        self.interrupted = False  # Ctrl-C has stopped a motion
        self.remote = False  # a line from another program, gdb
        self.traps = TrapLog(self.machine)
        self.value_watches: list[ValueWatch] = []
        self.value_number = 0  # of the last one made
        self.next_address = 0  # where `x` goes on
        self.namespace: dict[str, object] = {"m": self.machine, "session": session}
        self._repeat = ""

    # -- lines ------------------------------------------------------------------

    def execute(self, line: str) -> None:
        """Do one line; CommandError if it cannot be done, Quit if it ends the shell."""
        from vmm.debug.shell import table

        if line.lstrip().startswith(COMMENT):
            return
        if not line.strip():
            line = self._repeat
            if not line:
                return
        found = NAME.match(line)
        if found is None:
            raise CommandError(f"a command begins with a name: {line.strip()[:LONGEST]!r}")
        name, text = found.groups()
        command = table.find(name, self.machine.processor.architecture)
        if self.remote and not command.remote:
            raise CommandError(f"{command.names[0]} is not for gdb's monitor")
        self._repeat = line if command.repeats else ""
        try:
            command.run(self, text.strip())
        except SnapshotError as error:  # the machine has no past that could be gone back to
            raise CommandError(str(error)) from error

    # -- answers ----------------------------------------------------------------

    def line(self, text: str, style: str = "") -> None:
        """One line of an answer."""
        self.screen.line(text, style)

    def lines(self, texts: list[str]) -> None:
        """Several lines."""
        for text in texts:
            self.screen.line(text)

    def table(self, headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        """A table, or nothing if it has no rows."""
        self.screen.table(headings, rows)

    def symbol_names(self) -> list[str]:
        """What completion offers where a place is wanted."""
        return self.machine.symbols.names()

    # -- changing the machine -----

    def changed(self) -> None:
        """The user has changed the machine by hand: from here on it is another run."""
        self.session.changed()

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """What is done to the machine inside is undone."""
        before = snapshot.take(self.machine)
        try:
            yield
        finally:
            snapshot.restore(self.machine, before)

    def type(self, data: bytes) -> None:
        """Type on the guest's console."""
        self.machine.console.type(data)

    # -- motion -----------------------------------------------------------------

    def move(self, motion: Callable[[], Stop]) -> Stop:
        """Have the session move, and show where it stopped."""
        with self.around_motion():
            stop = motion()
        self.show(stop)
        return stop

    def show(self, stop: Stop) -> None:
        """Why it stopped, a trap in short (`explain` tells all), and the next instruction."""
        if stop.trap is None:
            self.line(stop.text, "stop")
        else:
            explanation = explain(self.machine, stop.trap)
            self.line(explanation.title, "stop")
            if explanation.instruction is not None:
                one = explanation.instruction
                source = f"  [{one.line.short}]" if one.line is not None else ""
                self.line(f"   {one.address:08x}: {one.shown}{source}")
            for sentence in explanation.summary:
                self.line(f"  {sentence}")
        self.line(self.here(), "current")

    def here(self) -> str:
        """The next instruction, with its symbol."""
        machine = self.machine
        pc = machine.linear_pc
        one = code.instruction(machine, pc)
        shown = one.shown if one is not None else "nothing is mapped there"
        return f"=> {code.place(machine, pc)}: {shown}"


_SHELLS: WeakKeyDictionary[Session, Shell] = WeakKeyDictionary()


def run_command(session: Session, line: str) -> list[str]:
    """What the shell answers to ``line``, as plain lines; an error is one of them.

    Commands that need a prompt say so.  What one call remembers, the next knows.
    """
    answer: list[str] = []
    shell = _SHELLS.get(session)
    if shell is None:
        shell = _SHELLS[session] = Shell(session, PlainScreen(answer.append))
        shell.remote = True
    shell.screen = PlainScreen(answer.append)
    try:
        shell.execute(line)
    except CommandError as error:
        answer.append(f"error: {error}")
    except Quit:
        answer.append("error: quit is gdb's")
    return answer
