# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that show and change memory, and code in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import ClassVar

from vmm.debug.explain import code
from vmm.debug.shell.assembler import assemble
from vmm.debug.shell.command import Command, CommandError
from vmm.debug.shell.expression import evaluate, parse_first, words
from vmm.debug.shell.shell import Shell
from vmm.machine import diagnosis
from vmm.machine.guest_memory import Memory, NotMemory
from vmm.machine.machine import Machine

UNITS = {"b": 1, "h": 2, "w": 4, "g": 8}
LAYOUT = re.compile(r"/(\d*)([a-z]*)\s*(.*)", re.DOTALL)
ADDRESSES = 1 << 32
LINE = 16  # bytes shown in a line
MOST = 0x10000  # units shown at once
LONGEST_TEXT = 4096
FEW = 8  # instructions shown if no number is given


def read(shell: Shell, address: int, size: int, physical: bool) -> bytes:
    """Guest memory; CommandError if some of it is not memory."""
    try:
        return memory(shell, physical).read(address, size)
    except NotMemory as error:
        raise CommandError(str(error)) from error


def write(shell: Shell, address: int, data: bytes, physical: bool = False) -> None:
    """Change guest memory, ROM too; CommandError, and nothing written, if it is not all memory."""
    try:
        memory(shell, physical).write(address, data)
    except NotMemory as error:
        raise CommandError(str(error)) from error
    shell.changed()


def memory(shell: Shell, physical: bool) -> Memory:
    """Memory by the processor's addresses, or by physical ones."""
    return Memory(shell.machine, None if physical else shell.machine.processor.translate)


class Examine(Command):
    names: ClassVar[tuple[str, ...]] = ("x", "memory")
    group = "Looking"
    usage: ClassVar[tuple[str, ...]] = ("[/COUNT FORMAT UNIT] [ADDRESS]",)
    help = (
        "Show memory at an address of the processor, as gdb does: `x/8xw $sp`. FORMAT is x, d, u,"
        " t, c, a (addresses with symbols), i (instructions) or s (text); UNIT is b, h, w or g (1,"
        " 2, 4 or 8 bytes). Without an address it goes on where it ended."
    )
    repeats = True
    physical = False

    def run(self, shell: Shell, text: str) -> None:
        count, style, unit = 1, "x", 4
        found = LAYOUT.match(text)
        if found:
            count = int(found[1] or 1)
            for letter in found[2]:
                if letter in UNITS:
                    unit = UNITS[letter]
                elif letter in "xdutcais":
                    style = letter
                else:
                    raise CommandError(f"x knows no format or unit {letter!r}")
            unit = 1 if style == "c" else unit
            text = found[3]
        if not 1 <= count <= MOST:
            raise CommandError(f"x shows 1 to {MOST} units, not {count}")
        address = evaluate(text, shell.machine) if text else shell.next_address
        if address >= ADDRESSES:
            raise CommandError(f"{address:#x} is beyond 32-bit addresses")
        show = {"i": self._instructions, "s": self._texts}.get(style)
        if show is not None:
            shell.next_address = show(shell, address & 0xFFFFFFFF, count)
        else:
            shell.next_address = self._numbers(shell, address & 0xFFFFFFFF, count, style, unit)

    def _numbers(self, shell: Shell, address: int, count: int, style: str, unit: int) -> int:
        data = read(shell, address, count * unit, self.physical)
        order = shell.machine.processor.byteorder
        numbers = [
            int.from_bytes(data[at : at + unit], order, signed=style == "d")
            for at in range(0, len(data), unit)
        ]
        row = 1 if style == "a" else LINE // unit
        for start in range(0, count, row):
            cells = [cell(shell, value, style, unit) for value in numbers[start : start + row]]
            at = address + start * unit
            text = f"{at:08x}: {' '.join(cells)}"
            if style == "x" and unit == 1:
                piece = data[start : start + row]
                text = f"{text:<{10 + 3 * row}} {printable(piece)}"
            shell.line(text)
        return address + count * unit

    def _instructions(self, shell: Shell, address: int, count: int) -> int:
        return list_code(shell, address, count)

    def _texts(self, shell: Shell, address: int, count: int) -> int:
        for _ in range(count):
            data = bytearray()
            while len(data) < LONGEST_TEXT and (byte := read(
                shell, address + len(data), 1, self.physical
            )) != b"\0":
                data += byte
            shell.line(f"{address:08x}: {quoted(bytes(data))}")
            address += len(data) + 1
        return address

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return (*shell.machine.processor.registers.table, *shell.symbol_names())


class ExaminePhysical(Examine):
    names = ("xp",)
    help = "Show memory at a physical address, in the formats of `x`."
    physical = True


def cell(shell: Shell, value: int, style: str, unit: int) -> str:
    """One number of a memory dump."""
    match style:
        case "x":
            return f"{value:0{2 * unit}x}"
        case "t":
            return f"{value:0{8 * unit}b}"
        case "c":
            return quoted(bytes([value]), "'")
        case "a":
            return diagnosis.place(shell.machine, value)
    return str(value)


def printable(data: bytes) -> str:
    """Bytes as text, dots for what cannot be shown."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)


def quoted(data: bytes, quote: str = '"') -> str:
    """Bytes as a quoted text with the escapes of C."""
    escapes = {10: "\\n", 13: "\\r", 9: "\\t", 92: "\\\\", ord(quote): f"\\{quote}"}
    text = "".join(
        escapes.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in data
    )
    return f"{quote}{text}{quote}"


def code_range(machine: Machine, text: str) -> tuple[int, int]:
    """Which code `[ADDRESS [COUNT]]` is: where, and how many instructions."""
    if not text:
        return machine.linear_pc, FEW
    expression, rest = parse_first(text, machine)
    address = expression(machine) & 0xFFFFFFFF
    if rest:
        return address, max(1, min(evaluate(rest, machine), MOST))
    symbol = machine.symbols.find(expression.text)
    if symbol is None or not symbol.size:
        return address, FEW
    count = symbol.size // diagnosis.FIXED_SIZE.get(machine.processor.architecture, 1)
    shown = machine.processor.disassemble(address, count)
    return address, sum(at < address + symbol.size for at, _, _ in shown) or 1


def list_code(shell: Shell, address: int, count: int) -> int:
    """Show instructions with symbols and source lines; returns the address behind them."""
    machine = shell.machine
    found = code.disassemble(machine, address, count)
    if not found:
        raise CommandError(f"nothing is mapped at {address:#010x}")
    for text in code.lines(found, machine.linear_pc):
        shell.line(text, "current" if text.startswith("=>") else "")
    return found[-1].address + len(found[-1].data)


class Disassemble(Command):
    names = ("disassemble", "dis")
    group = "Looking"
    usage = ("[ADDRESS [COUNT]]",)
    help = (
        "Show instructions, privileged ones included, with symbols and source lines, from the next"
        " one or from an address; a function's name shows all of it."
    )

    def run(self, shell: Shell, text: str) -> None:
        list_code(shell, *code_range(shell.machine, text))

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return shell.symbol_names()


class Write(Command):
    names = ("write",)
    group = "Acting"
    usage = ("[/UNIT] ADDRESS VALUE ...", 'ADDRESS "TEXT"')
    help = (
        "Write memory at an address of the processor, ROM too: words of 4 bytes in the guest's byte"
        " order, or of UNIT b, h, w or g, or the bytes of a text. Values with operators stand in"
        " parentheses."
    )

    def run(self, shell: Shell, text: str) -> None:
        machine = shell.machine
        found = LAYOUT.match(text)
        unit = UNITS.get(found[2], 0) if found else 4
        if not unit:
            raise CommandError("write /UNIT: b, h, w or g")
        where, *values = words(found[3] if found else text) or [""]
        address = evaluate(where, machine) & 0xFFFFFFFF
        if not values:
            raise CommandError("write ADDRESS VALUE ...: what is to be written?")
        if values[0].startswith('"'):
            data = text_bytes(text[text.index('"'):])
        else:
            data = b"".join(in_bytes(machine, value, unit) for value in values)
        write(shell, address, data)
        shell.line(f"{len(data)} bytes written at {address:08x}")

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return shell.symbol_names()


def in_bytes(machine: Machine, text: str, size: int) -> bytes:
    """The value of an expression in the guest's byte order."""
    value = evaluate(text, machine)
    if not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
        raise CommandError(f"{text} is {value:#x}: more than {size} bytes")
    return (value & (1 << 8 * size) - 1).to_bytes(size, machine.processor.byteorder)


def text_bytes(text: str) -> bytes:
    """The bytes of a quoted text with the escapes of C."""
    import ast

    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        value = None
    if not isinstance(value, str) or not text.startswith('"'):
        raise CommandError("a text stands in double quotes")
    return value.encode("latin-1", "replace")


class Assemble(Command):
    names = ("assemble", "asm")
    group = "Acting"
    usage = ("ADDRESS INSTRUCTION[; INSTRUCTION ...]",)
    help = (
        "Assemble instructions, in the syntax that disassemble shows, and write them over the code"
        " at an address of the processor."
    )

    def run(self, shell: Shell, text: str) -> None:
        machine = shell.machine
        where, _, source = text.partition(" ")
        if not source.strip():
            raise CommandError("assemble ADDRESS INSTRUCTION")
        address = evaluate(where, machine) & 0xFFFFFFFF
        data = assemble(machine, address, source.strip())
        write(shell, address, data)
        count = sum(at < address + len(data) for at, _, _ in
                    machine.processor.disassemble(address, len(data)))
        list_code(shell, address, count)

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return shell.symbol_names()


class Symbols(Command):
    names = ("symbols", "sym")
    group = "Looking"
    usage = ("[PATTERN]", "at ADDRESS")
    help = (
        "List symbols by address, those that a shell pattern fits; or name the one at an address."
    )

    def run(self, shell: Shell, text: str) -> None:
        machine = shell.machine
        if text.startswith("at "):
            address = evaluate(text[3:], machine) & 0xFFFFFFFF
            name = machine.symbols.name(address)
            shell.line(f"{address:08x} <{name}>" if name else f"no symbol at {address:08x}")
            return
        found = [one for one in machine.symbols if not text or fnmatchcase(one.name, text)]
        if not found:
            raise CommandError(f"no symbol {text!r}" if text else "nothing loaded has symbols")
        shell.table(
            ("address", "size", "name"),
            [(f"{one.address:08x}", str(one.size), one.name) for one in found],
        )

    def complete(self, shell: Shell, text: str) -> Iterable[str]:
        return ("at", *shell.symbol_names())


COMMANDS = (Examine, ExaminePhysical, Disassemble, Symbols, Write, Assemble)
