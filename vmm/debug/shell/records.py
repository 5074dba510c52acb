# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that show what has happened: traps, counters, console, the run as a whole."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell.command import Command, nothing, number
from vmm.debug.shell.shell import Shell
from vmm.machine import diagnosis
from vmm.machine.clock import NS

SHOWN = 16  # traps that `ledger` shows if no number is given
LINES = 20  # lines that `console` shows if no number is given


class Counters(Command):
    names = ("counters",)
    group = "Looking"
    help = "Show counters of the run: instructions, time, and exits and traps by kind."

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "counters")
        statistics = shell.machine.statistics()
        for key, value in statistics.items():
            if key == "host_seconds":
                continue  # differs from run to run
            if isinstance(value, dict):
                shell.line(f"{key}:")
                for name, count in value.items():
                    shell.line(f"  {name:<24} {count}")
            else:
                shell.line(f"{key:<26} {value}")


class Console(Command):
    names = ("console",)
    group = "Looking"
    usage = ("[LINES]",)
    help = "Show the last lines that the guest has printed on its console."

    def run(self, shell: Shell, text: str) -> None:
        wanted = number(text, "a number of lines", 1) if text else LINES
        printed = shell.machine.console.tail.decode(errors="replace").replace("\r", "")
        lines = printed.split("\n")
        if lines[-1] == "":
            lines.pop()
        if not lines:
            shell.line("the guest has printed nothing")
        shell.lines(lines[-wanted:])


class Info(Command):
    names = ("info", "i")
    group = "Looking"
    usage = ("", "COMMAND ...")
    help = (
        "Show the machine and where its run is; `info registers` and the like are the command of"
        " that name, for fingers used to gdb."
    )

    def run(self, shell: Shell, text: str) -> None:
        if text:
            shell.execute(text)
            return
        machine = shell.machine
        position = shell.session.position()
        ram = sum(memory.size for memory in machine.bus.memory if not memory.rom)
        rows = [
            ("machine", f"{machine.name}, {machine.processor.model}, {ram >> 20} MiB RAM"),
            ("position", f"{position.count} instructions, {position.traps} traps"),
            ("time", f"{machine.clock.now() / NS:.9f} s virtual, {machine.clock.hz} Hz"),
            ("pc", diagnosis.place(machine, machine.linear_pc)),
            ("console", f"{machine.console.printed} bytes printed"),
            ("stopped", shell.session.last.text),
        ]
        for key, value in rows:
            shell.line(f"{key:<9} {value}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        from vmm.debug.shell import table

        commands = table.available(shell.machine.processor.architecture)
        return [one.names[0] for one in commands if one.group == "Looking"]


COMMANDS = (Counters, Console, Info)
