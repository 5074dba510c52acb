# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user of the library hears of while a guest runs: traps, device accesses, lines.

Hooks watch: a run with hooks is the same run, instruction for instruction.
Only a trap hook may take part: what it returns says whether it has dealt
with the trap itself.  What a hook raises ends the run and comes out of
`Machine.run`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vmm.debug.trace.feed import Access, Feed
from vmm.machine.machine import Machine
from vmm.native import library as native


@dataclass(frozen=True, slots=True)
class Trap:
    """A trap or interrupt that is about to be entered."""

    name: str  # as `vmm run -M BOARD --intercept help` lists them
    number: int
    pc: int
    status: int  # PSR, CPSR or EFLAGS
    count: int  # instructions begun, the trapping one included


STATUS = {"sparc": "psr", "arm": "cpsr", "x86": "eflags"}

TrapHook = Callable[[Trap], bool | None]
AccessHook = Callable[[Access], None]
LineHook = Callable[[str], None]


Hook = TypeVar("Hook", bound=Callable[..., object])


def decorator(add: Callable[[Hook], None]) -> Callable[[Hook], Hook]:
    """A decorator that adds a function and leaves it as it is."""

    def added(hook: Hook) -> Hook:
        add(hook)
        return hook

    return added


class Hooks:
    """The hooks of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.feed = Feed(machine)
        self._status = STATUS[machine.processor.architecture]
        self._traps: dict[int, list[TrapHook]] = {}
        self._accesses: list[tuple[frozenset[str], AccessHook]] = []
        self._lines: list[LineHook] = []

    # -- traps --------------------------------------------------------------------

    def add_trap(self, names: tuple[str, ...], hook: TrapHook) -> None:
        """Call ``hook`` for traps of these names (none: all); ValueError if one does not exist."""
        kinds = {name: kind for kind, name in self.machine.processor.trap_kinds().items()}
        for name in names:
            if name not in kinds:
                raise ValueError(f"no trap {name!r}; known: {', '.join(sorted(kinds))}")
        for name in names or kinds:
            self._traps.setdefault(kinds[name], []).append(hook)
        self.machine.traps.intercept(self._traps)
        self.machine.traps.on_trap = self._trap

    def _trap(self, kind: int) -> int | None:
        hooks = self._traps.get(kind)
        if not hooks:
            return None
        machine = self.machine
        count = machine.engine.count
        last = machine.engine.recent_traps()[-1:]
        if last and last[0][:2] == (count, kind):
            _, _, pc, status, _ = last[0]
        else:  # a call that the board's own firmware answers is no trap and not recorded as one
            pc, status = machine.linear_pc, machine.processor.registers[self._status]
        trap = Trap(machine.processor.trap_name(kind), kind, pc, status, count)
        handled = [hook(trap) for hook in hooks]
        return native.HANDLED if any(handled) else None

    # -- device accesses ------------------------------------------------------------

    def add_access(self, devices: tuple[str, ...], hook: AccessHook) -> None:
        """Call ``hook`` for accesses to these devices (none: all, and those nobody answers)."""
        bus = self.machine.bus
        known = {placed.device.name for space in (bus.devices, bus.ports) for placed in space}
        for name in devices:
            if name not in known:
                raise ValueError(f"no device {name!r}; known: {', '.join(sorted(known))}")
        if not self._accesses:
            self.feed.on_accesses(self._access)
        self._accesses.append((frozenset(devices), hook))

    def _access(self, access: Access) -> None:
        for devices, hook in self._accesses:
            if not devices or access.device in devices:
                hook(access)

    # -- console lines ----------------------------------------------------------------

    def add_line(self, hook: LineHook) -> None:
        """Call ``hook`` with every line the guest prints, without its end."""
        if not self._lines:
            self.feed.on_texts(self._printed)
        self._lines.append(hook)

    def _printed(self, cycle: int, line: str) -> None:
        for hook in self._lines:
            hook(line)
