# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that show devices, interrupts on their way, and the event queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vmm.debug.explain.interrupts import section
from vmm.debug.explain.wiring import wires
from vmm.debug.shell.command import Command, CommandError, choose, nothing, number
from vmm.debug.shell.interrupts import accepts
from vmm.debug.shell.shell import Shell
from vmm.debug.shell.values import device_state, shown
from vmm.devices.device import Register
from vmm.machine.bus import Placed
from vmm.machine.clock import NS
from vmm.machine.machine import Machine

LONG = 16  # more elements of a state are counted, not shown


@dataclass(frozen=True, slots=True)
class Site:
    """A device and where it answers."""

    placed: Placed
    port: bool

    @property
    def where(self) -> str:
        """``80000100-800001ff`` or ``port 0x3f8-0x3ff``."""
        first, last = self.placed.base, self.placed.end - 1
        return f"port {first:#x}-{last:#x}" if self.port else f"{first:08x}-{last:08x}"


def sites(machine: Machine) -> Iterator[tuple[str, Site]]:
    """Every device's name and place, by address, ports last."""
    for space, port in ((machine.bus.devices, False), (machine.bus.ports, True)):
        for placed in space:
            yield placed.device.name, Site(placed, port)


def find(machine: Machine, name: str) -> Site:
    """The device of that name or unambiguous abbreviation."""
    known = dict(sites(machine))
    return known[choose(name, known, "device")]


def find_register(machine: Machine, text: str) -> tuple[Site, Register]:
    """``DEVICE.REGISTER``; device names may have dots of their own."""
    known = dict(sites(machine))
    for name in sorted(known, key=len, reverse=True):
        if text.startswith(f"{name}."):
            site = known[name]
            wanted = text[len(name) + 1 :]
            for register in getattr(site.placed.device, "registers", ()):
                if register.name.lower() == wanted.lower():
                    return site, register
            raise CommandError(f"device {name} has no register {wanted!r}; `device {name}` lists")
    raise CommandError(f"no device in {text!r}; devices lists them")


class Devices(Command):
    names = ("devices",)
    group = "Looking"
    help = "List the devices, where they answer, and how many registers they have."

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "devices")
        rows = []
        for name, site in sites(shell.machine):
            device = site.placed.device
            unknown = getattr(device, "unknown", None)
            rows.append((
                name, site.where, type(device).__name__, str(len(getattr(device, "registers", ()))),
                str(sum(unknown.counts.values()) if unknown is not None else 0),
            ))
        shell.table(("device", "place", "kind", "registers", "unknown accesses"), rows)


class Device(Command):
    names = ("device",)
    group = "Looking"
    usage = ("NAME",)
    help = (
        "Show a device: its registers by the manual's names, as the guest would read them now,"
        " its interrupt lines and its state. Reading leaves no trace: what a read would change is"
        " put back."
    )

    def run(self, shell: Shell, text: str) -> None:
        if not text:
            raise CommandError("device NAME; devices lists them")
        site = find(shell.machine, text)
        device = site.placed.device
        shell.line(f"{device.name} at {site.where}", "heading")
        rows = [
            (f"+{register.offset:#05x}", register.name, register.access, value)
            for register, value in register_values(shell, site)
        ]
        shell.table(("offset", "register", "access", "value"), rows)
        for wire in wires(shell.machine):
            if wire.device == device.name:
                level = "high" if wire.line.level else "low"
                names = dict.fromkeys(one.name for one in (wire.line, wire.end) if one.name)
                shell.line(f"interrupt line {' to '.join(names)}: {level}")
        state = device_state(device)
        if isinstance(state, dict) and state:
            shell.line("state:", "heading")
            width = max(map(len, state))
            for key, value in state.items():
                shell.line(f"  {key:<{width}}  {brief(value)}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return (name for name, _ in sites(shell.machine))


def register_values(shell: Shell, site: Site) -> Iterator[tuple[Register, str]]:
    """A device's registers and what they read as; the machine is as before when it ends."""
    device = site.placed.device
    registers: tuple[Register, ...] = getattr(device, "registers", ())
    if not any("r" in register.access for register in registers):
        yield from ((register, "write only") for register in registers)
        return
    ordered = sorted(registers, key=lambda register: register.offset)
    with shell.untouched():
        values = []
        for register in ordered:
            following = [one.offset for one in ordered if one.offset > register.offset]
            end = min(following, default=device.size)
            size = next((n for n in (4, 2, 1) if n <= end - register.offset and
                         register.offset % n == 0), 1)
            if register.access == "wo":
                values.append("write only")
            else:
                values.append(f"{device.read(register.offset, size):0{2 * size}x}")
    yield from zip(ordered, values, strict=True)


def brief(value: object) -> str:
    """A value of a device's state in one line."""
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes" + ("" if any(value) else ", all 0") if len(value) > LONG else (
            value.hex(" ") or "empty")
    if isinstance(value, list | tuple) and len(value) > LONG:
        return f"{len(value)} elements" + ("" if any(value) else ", all 0")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(brief(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {brief(one)}" for key, one in value.items()) + "}"
    return shown(value)


class Interrupts(Command):
    names = ("interrupts", "irq")
    group = "Looking"
    usage = ("[NUMBER]",)
    help = (
        "Show what the interrupt controllers have pending, enabled and in service, whether the"
        " processor would take one, and which device drives interrupt NUMBER."
    )

    def run(self, shell: Shell, text: str) -> None:
        shell.line(accepts(shell.machine))
        wanted = number(text, "an interrupt's number") if text else None
        shell.lines(list(section(shell.machine, wanted).lines))


class Events(Command):
    names = ("events",)
    group = "Looking"
    help = "Show what the clock will do and when, in the order in which it happens."

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "events")
        clock = shell.machine.clock
        now = clock.cycles()
        shell.line(f"now: cycle {now}, {clock.now()} ns")
        rows = [
            (str(event.cycle), f"+{event.cycle - now}", str(event.cycle * NS // clock.hz),
             event.name or "(unnamed)")
            for event in clock.pending()
        ]
        if not rows:
            shell.line("no event is due")
        shell.table(("cycle", "from now", "ns", "event"), rows)


COMMANDS = (Devices, Device, Interrupts, Events)
