# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that interfere: traps and interrupts by hand, intercepts, console input."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell import filters
from vmm.debug.shell.command import Command, CommandError, number
from vmm.debug.shell.interrupts import raise_interrupt
from vmm.debug.shell.memory import text_bytes
from vmm.debug.shell.shell import Shell
from vmm.machine.machine import Machine

ET = 1 << 5  # SPARC, PSR: traps are enabled


class Inject(Command):
    names = ("inject",)
    group = "Acting"
    usage = ("trap KIND", "interrupt NUMBER")
    help = (
        "Have the processor take a trap now, entered as the architecture's manual says, or make an"
        " interrupt pending in the interrupt controller (SPARC: level, ARM: INTID, x86: IRQ)."
    )

    def run(self, shell: Shell, text: str) -> None:
        what, _, rest = text.partition(" ")
        machine = shell.machine
        if what == "trap" and rest.strip():
            kinds = filters.trap_kinds(machine, rest.strip())
            if len(kinds) > 1:
                raise CommandError(f"inject takes one trap; {rest.strip()!r} means {len(kinds)}")
            kind = kinds.pop()
            enter(machine, kind)
            shell.changed()
            shell.line(f"{machine.processor.trap_name(kind)} entered", "stop")
            shell.line(shell.here(), "current")
        elif what == "interrupt" and rest.strip():
            line = number(rest.strip(), "an interrupt's number")
            raise_interrupt(machine, line)
            shell.changed()
            shell.line(f"interrupt {line} is pending")
        else:
            raise CommandError("inject trap KIND, or inject interrupt NUMBER")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        if text.startswith("trap "):
            return shell.machine.processor.trap_kinds().values()
        return ("trap", "interrupt")


def enter(machine: Machine, kind: int) -> None:
    """Take a trap as the readable twin of the native entry does; CommandError if it faults."""
    name = machine.processor.trap_name(kind)
    if machine.processor.architecture == "sparc" and not machine.processor.registers["psr"] & ET:
        raise CommandError(f"{name} with PSR.ET=0 would be error mode")
    machine.processor.deliver(kind)
    native = machine.engine.native
    if native.refault:  # x86: meant for the engine, which is not running
        native.refault = 0
        vector = machine.processor.trap_name(native.refault_vector)
        raise CommandError(
            f"{name} cannot be entered: {vector} with error code {native.refault_code:#06x}"
        )


class Intercept(Command):
    names = ("intercept",)
    group = "Acting"
    usage = ("", "on KIND ...|all", "off [KIND ...]", "help")
    help = (
        "Have traps pass through the monitor on their way, or no longer; without arguments show"
        " which do. The guest cannot tell. `intercept help` lists the traps there are."
    )

    def run(self, shell: Shell, text: str) -> None:
        machine = shell.machine
        kinds = machine.processor.trap_kinds()
        if text == "help":
            shell.table(("number", "trap"), [
                (f"{kind:#05x}", name) for kind, name in sorted(kinds.items())
            ])
            return
        wanted = set(machine.traps.intercepted)
        switch, _, rest = text.partition(" ")
        if text:
            if switch not in ("on", "off") or (switch == "on" and not rest.strip()):
                raise CommandError(f"intercept [on KIND ...|off [KIND ...]|help], not {text!r}")
            named: set[int] = set()
            for word in rest.replace(",", " ").split():
                named |= set(kinds) if word == "all" else filters.trap_kinds(machine, word)
            wanted = wanted | named if switch == "on" else wanted - named if named else set()
            machine.traps.intercept(wanted)
        if len(wanted) == len(kinds):
            shell.line("every trap passes through the monitor")
            return
        names = " ".join(kinds[kind] for kind in sorted(wanted) if kind in kinds)
        shell.line(f"intercepted: {names or 'none'}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        if " " in text:
            return ("all", *shell.machine.processor.trap_kinds().values())
        return ("on", "off", "help")


class Type(Command):
    names = ("type",)
    group = "Acting"
    usage = ("TEXT", '"TEXT"')
    help = (
        "Type a line on the guest's console, or exactly a quoted text with \\n, \\r, \\t and \\xNN."
        " The guest gets it when it runs, as fast as its serial port has room."
    )

    def run(self, shell: Shell, text: str) -> None:
        if not text:
            raise CommandError("type what?")
        data = text_bytes(text) if text.startswith('"') else text.encode() + b"\n"
        shell.type(data)


COMMANDS = (Inject, Intercept, Type)
