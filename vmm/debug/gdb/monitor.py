# SPDX-License-Identifier: GPL-2.0-or-later
"""The `monitor` commands that are always there."""

from __future__ import annotations

from vmm.cpu.registers import RegisterFile
from vmm.debug.session import Session
from vmm.machine import diagnosis

HELP = """\
info      the machine, its time and its counters
trap      run to the next trap (then: maintenance flush register-cache)
registers [NAME...]   registers with their fields
traps     the last traps
help      this list
"""


class Monitor:
    """Answers lines of the debugger's user."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, line: str) -> str:
        """What the command answers; every line gets an answer."""
        name, *arguments = line.split() or ["help"]
        match name:
            case "help":
                return HELP
            case "info":
                return self._info()
            case "trap":
                return f"{self._session.trap().text}\n"
            case "traps":
                return self._traps()
            case "registers":
                return self._registers(arguments)
        return f"no monitor command {name!r}; monitor help lists them\n"

    def _info(self) -> str:
        machine = self._session.machine
        return (
            f"{machine.name}, {machine.processor.model}: {machine.engine.count} instructions,"
            f" {machine.clock.now() / 1e9:.9f} s of virtual time,"
            f" {machine.engine.native.recent_count} traps\n"
            f"{self._session.last.text}\n"
        )

    def _traps(self) -> str:
        machine = self._session.machine
        lines = [
            f"{count:>14}  {machine.processor.trap_name(kind)} at {diagnosis.place(machine, pc)}"
            for count, kind, pc, _, _ in machine.engine.recent_traps()
        ]
        return "\n".join(lines or ["no traps yet"]) + "\n"

    def _registers(self, names: list[str]) -> str:
        machine = self._session.machine
        if not names:
            return "\n".join(diagnosis.registers(machine.processor)) + "\n"
        return "".join(f"{self._register(machine.processor.registers, n)}\n" for n in names)

    def _register(self, registers: RegisterFile, name: str) -> str:
        try:
            register = registers.find(name)
        except KeyError:
            return f"no register {name!r}"
        return f"{register.name} {register.explain(register.read())}"
