# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that move the machine forwards through its run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vmm.debug.shell import filters
from vmm.debug.shell.command import Command, CommandError, nanoseconds, nothing
from vmm.debug.shell.expression import evaluate
from vmm.debug.shell.shell import Shell
from vmm.debug.shell.values import run_watching
from vmm.debug.stops import Stop

MOST_STEPS = 1_000_000_000


def steps(shell: Shell, text: str) -> int:
    """How often, 1 if nothing is said."""
    if not text:
        return 1
    count = evaluate(text, shell.machine)
    if not 1 <= count <= MOST_STEPS:
        raise CommandError(f"a number of steps is 1 to {MOST_STEPS}, not {count}")
    return count


def place(shell: Shell, text: str, command: str) -> int:
    """The address that an expression means; CommandError if none is given."""
    if not text:
        raise CommandError(f"{command} wants an address")
    return evaluate(text, shell.machine) & 0xFFFFFFFF


class Trap(Command):
    names = ("trap", "t")
    group = "Motion"
    usage = ("[KIND ...] [user|supervisor] [at ADDRESS|SYMBOL|FROM..TO]", "return")
    help = (
        "Run to the next trap, just after its entry. KIND is a trap's name, a pattern or its number"
        " (`intercept help` lists them); user or supervisor is where it comes from, at is the pc"
        " it comes from. `trap return` runs until the trap that is being handled has returned."
    )
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        if text == "return":
            shell.move(shell.session.trap_return)
            return
        wanted = filters.parse(shell.machine, text)
        shell.move(lambda: shell.session.trap(wanted))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ("return", *filters.words(shell.machine))


class Step(Command):
    names = ("step", "s", "stepi", "si")
    group = "Motion"
    usage = ("[N]",)
    help = "Run one instruction, or N. A trap's entry counts with the instruction that traps."
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        count = steps(shell, text)
        shell.move(lambda: shell.session.step(count))


class Next(Command):
    names = ("next", "n", "nexti", "ni")
    group = "Motion"
    help = "Run one instruction, but calls and traps as a whole, until they return."
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "next")
        shell.move(shell.session.next)


class Finish(Command):
    names = ("finish", "fin")
    group = "Motion"
    help = "Run until the current function, or trap handler, returns."
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "finish")
        shell.move(shell.session.finish)


class Until(Command):
    names = ("until", "u")
    group = "Motion"
    usage = ("ADDRESS",)
    help = "Run until the instruction at an address, a symbol or an expression comes next."

    def run(self, shell: Shell, text: str) -> None:
        address = place(shell, text, "until")
        shell.move(lambda: shell.session.until(address))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return shell.symbol_names()


class Run(Command):
    names = ("run", "continue", "c")
    group = "Motion"
    usage = ("", "to COUNT", "to TIME")
    help = (
        "Run until a breakpoint, a watchpoint, Ctrl-C or the guest's end; with `to`, at most until"
        " so many instructions have begun since reset, or until a virtual time such as 5ms, 20us"
        " or 1.5s."
    )
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        count, when = limit(shell, text, "run")
        shell.move(lambda: run_watching(shell, count, when))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ("to",)


def limit(shell: Shell, text: str, command: str) -> tuple[int | None, int | None]:
    """``to COUNT`` or ``to TIME`` as a count or nanoseconds; neither if nothing is said."""
    if not text:
        return None, None
    word, _, rest = text.partition(" ")
    if word != "to" or not rest.strip():
        raise CommandError(f"{command} [to COUNT|to TIME], not {text!r}")
    when = nanoseconds(rest.strip())
    if when is not None:
        if when < shell.machine.clock.now():
            raise CommandError(f"{rest.strip()} is past: rrun to it")
        return None, when
    count = evaluate(rest, shell.machine)
    if count < shell.machine.engine.count:
        raise CommandError(f"{count} instructions are past: goto or rrun")
    return count, None


class Goto(Command):
    names = ("goto",)
    group = "Motion"
    usage = ("COUNT",)
    help = (
        "Go to the point where COUNT instructions have begun since reset, in either direction,"
        " without stopping on the way."
    )

    def run(self, shell: Shell, text: str) -> None:
        if not text:
            raise CommandError("goto wants an instruction count")
        shell.move(to_count(shell, evaluate(text, shell.machine)))


def to_count(shell: Shell, count: int) -> Callable[[], Stop]:
    """The motion to an instruction count."""
    if count < 0:
        raise CommandError(f"a count is 0 or more, not {count}")
    return lambda: shell.session.to_count(count)


class Attach(Command):
    names = ("attach",)
    group = "Motion"
    help = (
        "Run with the keyboard as the guest's console, until the guest stops or Ctrl-A c comes"
        " back to the shell. On a terminal only."
    )
    remote = False

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "attach")
        if shell.attach is None:
            raise CommandError("attach wants a terminal; type TEXT types for the guest")
        shell.show(shell.attach())


COMMANDS = (Trap, Step, Next, Finish, Until, Run, Goto, Attach)
