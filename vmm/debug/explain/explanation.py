# SPDX-License-Identifier: GPL-2.0-or-later
"""What an explanation is, and how it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Protocol

from vmm.debug.explain import code
from vmm.debug.explain.code import Instruction
from vmm.debug.explain.fields import fields, lines
from vmm.debug.explain.view import View
from vmm.machine.machine import Machine

WIDTH = 100  # columns of a sentence


class Trap(Protocol):
    """A trap that was just delivered: the machine stands at its handler's first instruction.

    ``kind``, ``count``, ``pc``, ``status`` and ``info`` are as the ledger has them; ``before``
    is every register just before the delivery.
    """

    @property
    def kind(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def pc(self) -> int: ...
    @property
    def status(self) -> int: ...
    @property
    def info(self) -> int: ...
    @property
    def before(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an explanation: heading, lines, and the facts they were made of."""

    name: str  # "Walk", "Gate", ...: stable
    lines: tuple[str, ...]
    data: Any = None  # a Walk, a Gate, ...; what it is, the maker's docstring says


@dataclass(frozen=True, slots=True)
class Explanation:
    """A trap in the architecture's own terms."""

    title: str
    summary: tuple[str, ...]
    instruction: Instruction | None
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def all(self, name: str) -> list[Section]:
        """All sections of that name: an instruction may need more than one walk."""
        return [section for section in self.sections if section.name == name]

    def lines(self) -> list[str]:
        """The explanation as text, without control characters."""
        shown = [self.title]
        one = self.instruction
        if one is not None:
            if one.line is not None:
                shown.append(f"   {one.line.short}  {(one.source or '').strip()}".rstrip())
            shown.append(f"   {one.address:08x}  {one.encoding}  {one.shown}")
        for sentence in self.summary:
            shown += wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")
        for section in self.sections:
            shown.append(f"{section.name}:")
            shown += [f"  {line}" for line in section.lines]
        return shown


class Context:
    """What every explainer starts from: the trap, the registers around it, and memory."""

    def __init__(self, machine: Machine, trap: Trap) -> None:
        self.machine, self.trap = machine, trap
        self.before = trap.before
        self.after = machine.processor.registers.snapshot()
        self.then = View(machine, self.before)  # memory as the trapped instruction saw it
        self.now = View(machine, self.after)

    def place(self, address: int) -> str:
        """An address with its symbol."""
        return code.place(self.machine, address)

    def instruction(self, address: int) -> Instruction | None:
        """The instruction at an address as it ran."""
        return code.instruction(self.machine, address, self.then)

    def title(self, what: str) -> str:
        """The first line: what, where, when."""
        where = self.place(self.then.pc if self.then.architecture == "x86" else self.trap.pc)
        return f"{what} at {where}, after {self.trap.count} instructions"

    def register(self, name: str, value: int, label: str | None = None) -> list[str]:
        """A register and its fields, a line each."""
        decoded = fields(self.machine.processor.architecture, name, value)
        return [f"{label or name} = {value:08x}", *lines(decoded)]

    def marked(self, name: str, value: int, only_set: bool = True) -> str:
        """A register in a line, with the names of its fields that are not zero."""
        decoded = fields(self.machine.processor.architecture, name, value)
        shown = [
            f.name if f.high == f.low else f"{f.name}={f.value:x}"
            for f in decoded if f.value or not only_set
        ]
        return f"{value:08x}" + (f" ({' '.join(shown)})" if shown else "")
