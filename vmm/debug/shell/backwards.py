# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that move the machine backwards through its run."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell import filters
from vmm.debug.shell.command import Command, CommandError, nanoseconds, nothing, number
from vmm.debug.shell.motion import steps, to_count
from vmm.debug.shell.shell import Shell
from vmm.debug.stops import Stop
from vmm.machine.clock import NS


class BackTrap(Command):
    names = ("rtrap",)
    group = "Motion"
    usage = ("[KIND ...] [user|supervisor] [at ADDRESS|SYMBOL|FROM..TO]",)
    help = "Go back to just after the entry of the latest earlier trap, of those that `trap` takes."
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        wanted = filters.parse(shell.machine, text)
        shell.move(lambda: shell.session.back_trap(wanted))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return filters.words(shell.machine)


class BackStep(Command):
    names = ("rstep", "rs", "rsi")
    group = "Motion"
    usage = ("[N]",)
    help = "Go back one instruction, or N."
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        count = steps(shell, text)
        shell.move(lambda: shell.session.back_step(count))


class BackContinue(Command):
    names = ("rcontinue", "rc")
    group = "Motion"
    help = (
        "Go back to the latest earlier stop at a breakpoint or watchpoint, or to the oldest point"
        " that is kept."
    )
    repeats = True

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "rcontinue")
        shell.move(shell.session.back_run)


class BackRun(Command):
    names = ("rrun",)
    group = "Motion"
    usage = ("to COUNT", "to TIME")
    help = (
        "Go back to an instruction count or a virtual time."
    )

    def run(self, shell: Shell, text: str) -> None:
        word, _, rest = text.partition(" ")
        if word != "to" or not rest.strip():
            raise CommandError(f"rrun to COUNT|to TIME, not {text!r}")
        when = nanoseconds(rest.strip())
        if when is None:
            shell.move(to_count(shell, number(rest.strip(), "a count")))
            return
        if when > shell.machine.clock.now():
            raise CommandError(f"{rest.strip()} is yet to come: run to it")

        def back() -> Stop:
            session, clock = shell.session, shell.machine.clock
            # An instruction takes at least one cycle: so far back, the time is not yet there.
            cycles = clock.cycles() - when * clock.hz // NS
            session.to_count(max(session.position().count - cycles, 0))
            return session.run(to_time=when)

        shell.move(back)

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ("to",)


COMMANDS = (BackTrap, BackStep, BackContinue, BackRun)
