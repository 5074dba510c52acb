# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that set and change breakpoints and watchpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Literal

from vmm.cpu.watch import PORT
from vmm.debug.breakpoints import Breakpoint
from vmm.debug.shell import devices
from vmm.debug.shell.command import Command, CommandError, nothing
from vmm.debug.shell.expression import evaluate, parse, parse_first
from vmm.debug.shell.shell import Shell
from vmm.debug.shell.values import Read, ValueWatch, device_state
from vmm.machine import diagnosis
from vmm.machine.machine import Machine

CONDITION = re.compile(r"(?:\A|\s)if\s")
LONGEST = 64 * 1024  # bytes that one watchpoint covers
WORD = 4
Access = Literal["write", "read", "access"]


def split_condition(text: str) -> tuple[str, str]:
    """``PLACE if EXPRESSION`` as its two parts; the second is empty if there is none."""
    found = CONDITION.search(text)
    if found is None:
        if text.endswith(" if") or text == "if":
            raise CommandError("if wants an expression")
        return text.strip(), ""
    condition = text[found.end():].strip()
    if not condition:
        raise CommandError("if wants an expression")
    return text[: found.start()].strip(), condition


def code_address(machine: Machine, text: str) -> int:
    """The address of an instruction; ARM function addresses lose the bit that says Thumb."""
    address = evaluate(text, machine) & 0xFFFFFFFF if text else machine.linear_pc
    return address & ~1 if machine.processor.architecture == "arm" else address


def add_breakpoint(
    shell: Shell, kind: Literal["code"] | Access, address: int, size: int, text: str,
    condition: str, temporary: bool = False,
) -> Breakpoint:
    """Have the session keep a breakpoint with the text that makes it again."""
    holds = parse(condition, shell.machine).holds if condition else None
    written = f"{text} if {condition}" if condition else text
    return shell.session.breakpoints.add(
        kind=kind, address=address, size=size, condition=holds, text=written, temporary=temporary,
    )


def shown(address: int) -> str:
    """A place that is watched: an address or an I/O port."""
    return f"port {address & ~PORT:#x}" if address & PORT else f"{address:08x}"


class Break(Command):
    names = ("break", "b")
    group = "Acting"
    usage = ("[ADDRESS|SYMBOL] [if EXPRESSION]",)
    help = (
        "Stop before the instruction at an address (the next one if none is given), when the"
        " expression is not 0. x86 addresses are linear."
    )
    temporary = False

    def run(self, shell: Shell, text: str) -> None:
        place, condition = split_condition(text)
        address = code_address(shell.machine, place)
        one = add_breakpoint(
            shell, "code", address, 1, place or f"{address:#x}", condition, self.temporary
        )
        kind = "temporary breakpoint" if self.temporary else "breakpoint"
        shell.line(f"{kind} {one.number} at {diagnosis.place(shell.machine, address)}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ("if", *shell.symbol_names())


class TemporaryBreak(Break):
    names = ("tbreak", "tb")
    help = "Set a breakpoint that is deleted when it has been reached."
    temporary = True


class Watch(Command):
    names = ("watch", "w")
    group = "Acting"
    usage: ClassVar[tuple[str, ...]] = (
        "ADDRESS|SYMBOL [SIZE] [if EXPRESSION]", "DEVICE.REGISTER [if EXPRESSION]", "DEVICE",
        "REGISTER[.FIELD]",
    )
    help = (
        "Stop after an instruction that writes memory (SIZE bytes; else the symbol's size, or 4) or"
        " a device's register, which is watched where the processor sees it. The registers of the"
        " processor and the whole state of a device are compared after every instruction instead:"
        " some two thousand instructions a second, and only forwards."
    )
    kind: Access = "write"

    def run(self, shell: Shell, text: str) -> None:
        place, condition = split_condition(text)
        if not place:
            raise CommandError(f"{self.names[0]} ADDRESS, DEVICE.REGISTER, DEVICE or REGISTER")
        value = watched_value(shell.machine, place)
        if value is not None:
            self._value(shell, place, value, condition)
            return
        address, size = watched_range(shell.machine, place)
        one = add_breakpoint(shell, self.kind, address, size, place, condition)
        where = shown(address)
        shell.line(f"{self.names[0]}point {one.number} on {place}: {size} bytes at {where}")

    def _value(self, shell: Shell, place: str, value: Read, condition: str) -> None:
        if self.kind != "write":
            raise CommandError(f"{place}: only changes of it can be watched: watch {place}")
        if condition:
            raise CommandError(f"{place}: what is compared after each instruction takes no if")
        shell.value_number += 1
        watch = ValueWatch(f"v{shell.value_number}", place, value)
        shell.value_watches.append(watch)
        shell.line(
            f"watch {watch.name} on {place}: compared after every instruction by run (slow)"
        )

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        yield from shell.machine.processor.registers.table
        yield from shell.symbol_names()
        for name, site in devices.sites(shell.machine):
            yield name
            for register in getattr(site.placed.device, "registers", ()):
                yield f"{name}.{register.name}"


class ReadWatch(Watch):
    names = ("rwatch", "rw")
    usage = ("ADDRESS|SYMBOL [SIZE] [if EXPRESSION]", "DEVICE.REGISTER [if EXPRESSION]")
    help = "Stop after an instruction that reads memory or a device's register."
    kind: Access = "read"


class AccessWatch(Watch):
    names = ("awatch", "aw")
    usage = ("ADDRESS|SYMBOL [SIZE] [if EXPRESSION]", "DEVICE.REGISTER [if EXPRESSION]")
    help = "Stop after an instruction that reads or writes memory or a device's register."
    kind: Access = "access"


def watched_value(machine: Machine, place: str) -> Read | None:
    """What to compare for a register of the processor or a whole device; None for an address."""
    known = dict(devices.sites(machine))
    if place in known:
        device = known[place].placed.device
        return lambda machine: device_state(device)
    registers = machine.processor.registers
    plain = place.lower().lstrip("%$")
    name = registers.aliases.get(plain, plain)
    is_register = name in registers.table or name.rpartition(".")[0] in registers.table
    named = is_register and machine.symbols.find(place) is None
    if named or re.fullmatch(r"[$%][\w.]+", place):
        return parse(place, machine).compute
    return None


def watched_range(machine: Machine, place: str) -> tuple[int, int]:
    """Address and size of what is to be watched."""
    named = max(
        (name for name, _ in devices.sites(machine) if place.startswith(f"{name}.")),
        key=len, default=None,
    )
    if named is not None:
        return device_range(machine, place)
    expression, rest = parse_first(place, machine)
    address = expression(machine) & 0xFFFFFFFF
    symbol = machine.symbols.find(expression.text)
    size = symbol.size if symbol is not None and symbol.size else WORD
    if rest:
        size = evaluate(rest, machine)
    if not 1 <= size <= LONGEST:
        raise CommandError(f"a watchpoint covers 1 to {LONGEST} bytes, not {size}")
    return address, size


def device_range(machine: Machine, place: str) -> tuple[int, int]:
    """Where the processor sees a device's register."""
    site, register = devices.find_register(machine, place)
    device = site.placed.device
    address = site.placed.base + register.offset
    if site.port:
        address |= PORT
    elif machine.processor.translate(address) != address:
        raise CommandError(f"{place} is not mapped at {address:#x} now: watch the address that is")
    following = [one.offset for one in device.registers if one.offset > register.offset]  # type: ignore[attr-defined]
    return address, min(WORD, min(following, default=device.size) - register.offset)


class Breakpoints(Command):
    names = ("breakpoints",)
    group = "Looking"
    help = "List breakpoints, watchpoints and watched values with how often they were reached."

    def run(self, shell: Shell, text: str) -> None:
        nothing(text, "breakpoints")
        rows = [
            (str(one.number), one.kind + (" once" if one.temporary else ""),
             "on" if one.enabled else "off", str(one.hits),
             shown(one.address) + (f"+{one.size}" if one.kind != "code" else ""), one.text)
            for one in shell.session.breakpoints
        ]
        rows += [
            (watch.name, "value", "on" if watch.enabled else "off", "", "", watch.text)
            for watch in shell.value_watches
        ]
        if not rows:
            shell.line("no breakpoints")
        shell.table(("number", "kind", "state", "hits", "address", "what"), rows)


def chosen(shell: Shell, text: str) -> list[Breakpoint | ValueWatch]:
    """The breakpoints and watches that numbers name; all of them if none is given."""
    known: dict[str, Breakpoint | ValueWatch] = {
        str(one.number): one for one in shell.session.breakpoints
    }
    known |= {watch.name: watch for watch in shell.value_watches}
    words = text.replace(",", " ").split()
    for word in words:
        if word not in known:
            raise CommandError(f"no breakpoint {word}; breakpoints lists them")
    return [known[word] for word in words] if words else list(known.values())


class Delete(Command):
    names = ("delete", "d")
    group = "Acting"
    usage = ("[NUMBER ...]",)
    help = "Delete breakpoints and watchpoints, all of them if no number is given."

    def run(self, shell: Shell, text: str) -> None:
        for one in chosen(shell, text):
            if isinstance(one, ValueWatch):
                shell.value_watches.remove(one)
            else:
                shell.session.breakpoints.remove(one.number)

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return numbers(shell)


def numbers(shell: Shell) -> list[str]:
    """What completion offers for a breakpoint."""
    return [str(one.number) for one in shell.session.breakpoints] + [
        watch.name for watch in shell.value_watches
    ]


class Enable(Command):
    names = ("enable",)
    group = "Acting"
    usage = ("[NUMBER ...]",)
    help = "Let breakpoints and watchpoints stop the guest again."
    enabled = True

    def run(self, shell: Shell, text: str) -> None:
        for one in chosen(shell, text):
            one.enabled = self.enabled

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return numbers(shell)


class Disable(Enable):
    names = ("disable",)
    help = "Keep breakpoints and watchpoints, but do not stop at them."
    enabled = False


COMMANDS = (
    Break, TemporaryBreak, Watch, ReadWatch, AccessWatch, Breakpoints, Delete, Enable, Disable,
)
