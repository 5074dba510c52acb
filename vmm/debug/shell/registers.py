# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that show and change registers and the values of expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vmm.cpu.registers import Register
from vmm.debug.explain.fields import register_lines
from vmm.debug.shell.command import Command, CommandError
from vmm.debug.shell.expression import evaluate, parse
from vmm.debug.shell.shell import Shell
from vmm.machine import diagnosis

FORMATS = {
    "x": "hexadecimal", "d": "decimal", "u": "unsigned decimal of 32 bits", "t": "binary",
    "c": "character", "a": "address with its symbol",
}
FORMAT = re.compile(r"/([a-z])\s+")
SMALL = 0x1000  # numbers below are seldom addresses
ROW = 4  # registers in a line of a group


class Registers(Command):
    names = ("registers", "regs", "r")
    group = "Looking"
    usage = ("", "NAME ...", "GROUP", "all")
    help = (
        "Show the registers in the architecture's customary order; or those named, with the meaning"
        " of their fields; or those of a group, such as general, control, system, float or window;"
        " or all."
    )

    def run(self, shell: Shell, text: str) -> None:
        processor = shell.machine.processor
        if not text:
            shell.lines(diagnosis.registers(processor))
            return
        table = processor.registers.table
        groups = {register.group for register in table.values()}
        for word in text.replace(",", " ").split():
            if word == "all":
                in_rows(shell, list(table.values()))
            elif word in groups:
                in_rows(shell, [one for one in table.values() if one.group == word])
            else:
                shell.lines(with_fields(shell, word))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        table = shell.machine.processor.registers.table
        return ("all", *{register.group for register in table.values()}, *table)


def named(shell: Shell, name: str) -> Register:
    """The register of that name; CommandError if there is none."""
    try:
        return shell.machine.processor.registers.find(name)
    except KeyError:
        raise CommandError(f"no register {name!r}; registers all lists them") from None


def with_fields(shell: Shell, name: str) -> list[str]:
    """A register, and below it its fields with their meaning."""
    register = named(shell, name)
    architecture = shell.machine.processor.architecture
    return register_lines(architecture, register.name, register.read(), register.bits)


def in_rows(shell: Shell, registers: list[Register]) -> None:
    """Names and values, some in each line."""
    width = max(len(register.name) for register in registers)
    cells = [
        f"{register.name:<{width}} {register.read():0{register.bits // 4}x}"
        for register in registers
    ]
    for start in range(0, len(cells), ROW):
        shell.line("  ".join(cells[start : start + ROW]))


class Set(Command):
    names = ("set",)
    group = "Acting"
    usage = ("REGISTER = EXPRESSION", "REGISTER.FIELD = EXPRESSION")
    help = "Write a register or one of its fields."

    def run(self, shell: Shell, text: str) -> None:
        target, equals, value_text = text.partition("=")
        target = target.strip()
        if not equals or not target:
            raise CommandError("set REGISTER = EXPRESSION")
        value = evaluate(value_text, shell.machine)
        register, field_name = with_field(shell, target)
        if register.write is None:
            raise CommandError(f"register {register.name} is read-only")
        high, low = register.bits - 1, 0
        if field_name:
            found = [one for one in register.fields if one.name.lower() == field_name.lower()]
            if not found:
                raise CommandError(f"register {register.name} has no field {field_name!r}")
            high, low = found[0].high, found[0].low
        size = high - low + 1
        if not -(1 << size - 1) <= value < 1 << size:
            raise CommandError(f"{target} has {size} bits: {value:#x} does not fit")
        mask = (1 << size) - 1 << low
        before = register.read()
        shell.machine.processor.registers[register.name] = (
            before & ~mask | (value << low) & mask
        )
        shell.changed()
        shell.line(f"{register.name}  {register.explain(register.read())}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return shell.machine.processor.registers.table


def with_field(shell: Shell, target: str) -> tuple[Register, str]:
    """A register and the field of it that is named, if one is."""
    registers = shell.machine.processor.registers
    plain = target.lower().lstrip("%$")
    if registers.aliases.get(plain, plain) in registers.table:
        return named(shell, target), ""
    name, dot, field_name = target.rpartition(".")
    return (named(shell, name), field_name) if dot else (named(shell, target), "")


class Print(Command):
    names = ("print", "p")
    group = "Looking"
    usage = ("[/FORMAT] EXPRESSION",)
    help = (
        "Show the value of an expression of registers, symbols and memory, such as `u32($sp+4)`,"
        " `psr.PIL` or `&main + 8`. FORMAT is x, d, u, t (binary), c or a (address)."
    )

    def run(self, shell: Shell, text: str) -> None:
        found = FORMAT.match(text)
        style = found[1] if found else ""
        if style and style not in FORMATS:
            raise CommandError(f"no format {style!r}; known: {', '.join(FORMATS)}")
        rest = text[found.end():] if found else text
        shell.line(formatted(shell, parse(rest, shell.machine)(shell.machine), style))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return (*shell.machine.processor.registers.table, *shell.symbol_names())


def formatted(shell: Shell, value: int, style: str) -> str:
    """A value in one format, or with the usual ones together."""
    match style:
        case "x":
            return f"{value:#x}"
        case "d":
            return str(value)
        case "u":
            return str(value & 0xFFFFFFFF)
        case "t":
            return f"{value:#b}"
        case "c":
            return repr(chr(value & 0xFF))
        case "a":
            return diagnosis.place(shell.machine, value & 0xFFFFFFFF)
    symbol = shell.machine.symbols.name(value) if value >= SMALL else ""
    return f"{value} = {value:#x}" + (f" <{symbol}>" if symbol else "")


COMMANDS = (Registers, Print, Set)
