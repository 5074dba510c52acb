# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that show what has happened: traps, counters, console, the run as a whole."""

from __future__ import annotations

from collections.abc import Iterable

from vmm.debug.shell import filters
from vmm.debug.shell.command import Command, CommandError, number
from vmm.debug.shell.shell import Shell
from vmm.machine import diagnosis
from vmm.machine.clock import NS
from vmm.machine.ledger import TrapRecord
from vmm.machine.statistics import statistics

HOST = ("exits", "host_seconds", "processor_seconds")  # counters that are not the guest's alone
SHOWN = 16  # traps that `ledger` shows if no number is given
LINES = 20  # lines that `console` shows if no number is given


class Ledger(Command):
    names = ("ledger", "traps")
    group = "Looking"
    usage = (
        "[KIND ...] [user|supervisor] [at ADDRESS|SYMBOL|FROM..TO] [last N]",
        "counts [KIND ...] [user|supervisor] [at ADDRESS|SYMBOL|FROM..TO]",
    )
    help = (
        "Show the last traps that were taken (16 unless told otherwise), or how many there were of"
        " each kind; the filter is that of `trap`. The status is PSR, CPSR or EFLAGS before the"
        " trap. Of the time before the shell only the last few are known."
    )

    def run(self, shell: Shell, text: str) -> None:
        machine = shell.machine
        counts = text == "counts" or text.startswith("counts ")
        text, last, wanted = text.removeprefix("counts").strip().partition("last ")
        shown = number(wanted.strip(), "a number of traps", 1) if last else SHOWN
        keep = filters.recorded(machine, text)
        records = [record for record in shell.traps.happened() if keep(record)]
        if not records:
            shell.line("no such trap was taken" if text else "no trap was taken")
        elif counts:
            self._counts(shell, records)
        else:
            shell.table(("count", "trap", "at", "status"), [
                (str(count), f"{machine.processor.trap_name(kind)}({kind:#x})",
                 diagnosis.place(machine, pc), f"{status:08x}")
                for count, kind, pc, status, _ in records[-shown:]
            ])

    @staticmethod
    def _counts(shell: Shell, records: list[TrapRecord]) -> None:
        kinds: dict[int, list[int]] = {}
        for count, kind, _, _, _ in records:
            kinds.setdefault(kind, []).append(count)
        shell.table(("trap", "taken", "first at", "last at"), [
            (f"{shell.machine.processor.trap_name(kind)}({kind:#x})", str(len(counts)),
             str(counts[0]), str(counts[-1]))
            for kind, counts in sorted(kinds.items())
        ])

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ("counts", "last", *filters.words(shell.machine))


class Counters(Command):
    names = ("counters",)
    group = "Looking"
    usage = ("[all]",)
    help = (
        "Show how far the run is and how many traps of each kind it had; with all also how often"
        " the monitor was entered and why, which differs with the load of this host."
    )

    def run(self, shell: Shell, text: str) -> None:
        if text not in ("", "all"):
            raise CommandError(f"counters [all], not {text!r}")
        for key, value in statistics(shell.machine).items():
            if key in HOST and not text:
                continue
            if isinstance(value, dict):
                shell.line(f"{key}:")
                for name, count in value.items():
                    shell.line(f"  {name:<24} {count}")
            else:
                shell.line(f"{key:<26} {value}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ("all",)


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
            if text.split(maxsplit=1)[0] in self.names:
                raise CommandError("info of info")
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


COMMANDS = (Ledger, Counters, Console, Info)
