# SPDX-License-Identifier: GPL-2.0-or-later
"""Disassembly with symbols and source lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vmm.cpu.arm import decode as arm_decode
from vmm.cpu.sparc import decode as sparc_decode
from vmm.cpu.x86 import decode as x86_decode
from vmm.debug.explain.source import Line, sources
from vmm.debug.explain.view import View
from vmm.machine.machine import Machine

# Mnemonics whose last operand is a place in the code.
BRANCHES = {
    "sparc": re.compile(r"(call|f?b\w+(,a)?|cb\w+(,a)?) (?P<target>0x[0-9a-f]+)$"),
    "arm": re.compile(r"(b|bl|blx|b\w\w|bl\w\w|b(\w\w)?\.[nw]|cbn?z) .*#(?P<target>0x[0-9a-f]+)$"),
    "x86": re.compile(r"(call|j\w+|loop\w*) (?P<target>0x[0-9a-f]+)$"),
}
LITERAL = re.compile(r"ldr[\w.]* \w+, \[pc, #(?P<minus>-?)0x(?P<offset>[0-9a-f]+)\]$")
NO_NOTES: Mapping[int, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of guest code."""

    address: int
    data: bytes
    encoding: str  # hexadecimal, as the architecture's listings have it
    text: str
    symbol: str  # where it is: ``main+0x10``, or nothing
    comment: str  # the symbol that it branches to, or the value that it loads
    line: Line | None
    source: str | None  # the source line's text

    @property
    def shown(self) -> str:
        """Text with the comment."""
        return f"{self.text}  <{self.comment}>" if self.comment else self.text


def disassemble(
    machine: Machine, address: int, count: int, view: View | None = None
) -> list[Instruction]:
    """Up to ``count`` instructions from a virtual (x86: linear) address.

    ``view`` says in which state: ARM or Thumb, 16 or 32 bits, and what is mapped.
    """
    view = view or View(machine)
    found: list[Instruction] = []
    while len(found) < count:
        one = _one(machine, view, address)
        if one is None:
            break
        found.append(one)
        address = address + len(one.data) & 0xFFFFFFFF
    return found


def instruction(machine: Machine, address: int, view: View | None = None) -> Instruction | None:
    """The instruction at an address, or None if nothing can be read there."""
    return _one(machine, view or View(machine), address)


def _one(machine: Machine, view: View, address: int) -> Instruction | None:
    code, size, text = b"", 0, ""
    if view.architecture == "sparc":
        code = view.read(address, 4) or b""
        if len(code) == 4:
            size, text = 4, sparc_decode.text(int.from_bytes(code, "big"), address)
    elif view.architecture == "arm":
        code = _available(view, address, 4, 2)
        if len(code) >= (2 if view.thumb else 4):
            size, text = arm_decode.instruction(code, address, view.thumb)
    else:
        code = _available(view, address, x86_decode.LONGEST, 1)
        if code:
            size, text = x86_decode.instruction(code, address, view.wide_code)
    if not size:
        return None
    known = sources(machine.symbols)
    line = known.at(address)
    return Instruction(
        address, code[:size], _encoding(view, code[:size]), text, machine.symbols.name(address),
        _comment(machine, view, address, text), line, known.text(line) if line else None,
    )


def _encoding(view: View, code: bytes) -> str:
    """ARM: numbers of the unit that is fetched, words or Thumb's halfwords."""
    if view.architecture != "arm":
        return code.hex()
    unit = 2 if view.thumb else 4
    return " ".join(code[i : i + unit][::-1].hex() for i in range(0, len(code), unit))


def _available(view: View, address: int, size: int, unit: int) -> bytes:
    """As much code as there is, in steps of ``unit`` bytes across the end of a page."""
    whole = view.read(address, size)
    if whole is not None:
        return whole
    code = b""
    while len(code) < size:
        piece = view.read(address + len(code), unit)
        if piece is None:
            break
        code += piece
    return code


def _comment(machine: Machine, view: View, address: int, text: str) -> str:
    branch = BRANCHES[view.architecture].match(text)
    if branch is not None:
        return machine.symbols.name(int(branch["target"], 16))
    literal = LITERAL.match(text) if view.architecture == "arm" else None
    if literal is None:
        return ""
    offset = int(literal["offset"], 16)
    base = (address & ~3) + (4 if view.thumb else 8)
    value = view.number(base + (-offset if literal["minus"] else offset))
    if value is None:
        return ""
    name = machine.symbols.name(value)
    return f"{value:08x} {name}".rstrip()


def lines(
    instructions: list[Instruction], current: int | None = None, with_source: bool = True,
    notes: Mapping[int, Sequence[str]] = NO_NOTES,
) -> list[str]:
    """The listing: symbols as headings, source lines above their code, an arrow at ``current``.

    ``notes`` are lines to show below the instruction at an address.
    """
    width = max((len(one.encoding) for one in instructions), default=0)
    shown: list[str] = []
    function, line = None, None
    for one in instructions:
        name = one.symbol.partition("+")[0]
        if name and name != function:
            shown.append(f"{one.symbol}:")
        if with_source and one.line is not None and one.line != line:
            shown.append(f"  {one.line.short}  {(one.source or '').strip()}".rstrip())
        function, line = name, one.line
        mark = "=>" if one.address == current else "  "
        shown.append(f"{mark} {one.address:08x}  {one.encoding:<{width}}  {one.shown}")
        shown += [f"{'':{width + 17}}{note}" for note in notes.get(one.address, ())]
    return shown


def place(machine: Machine, address: int) -> str:
    """An address with its symbol: ``40000010 <main+0x10>``."""
    name = machine.symbols.name(address)
    return f"{address:08x} <{name}>" if name else f"{address:08x}"
