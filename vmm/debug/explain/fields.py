# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers and table entries, bit field by bit field, with the manuals' names.

A `Layout` is a table as the manual prints it: name, bits, meaning, and what
particular values mean.  The tables are in fields_sparc.py, fields_arm.py and
fields_x86.py; `fields` decodes a value by the table that fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bits:
    """A row of a layout: bits ``high`` to ``low``, what they are, what their values say."""

    name: str
    high: int
    low: int
    meaning: str = ""
    values: Mapping[int, str] = field(default_factory=dict)
    shift: int | None = None  # an address: how far left its bits belong

    def of(self, value: int) -> int:
        """The field's value inside a whole value."""
        return value >> self.low & (1 << self.high - self.low + 1) - 1

    def says(self, value: int) -> str:
        """What the field's own ``value`` means."""
        special = self.values.get(value)
        if special is None:
            return self.meaning
        return f"{self.meaning}: {special}" if self.meaning else special


Layout = tuple[Bits, ...]


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field of a register's value, decoded."""

    name: str
    high: int
    low: int
    value: int
    meaning: str
    address: int | None = None  # where a field points that is an address

    @property
    def bits(self) -> str:
        """``7`` or ``11:8``, as manuals number them."""
        return str(self.low) if self.high == self.low else f"{self.high}:{self.low}"


def flag(name: str, bit: int, on: str, off: str = "") -> Bits:
    """One bit: what it says when set, and when clear if that deserves words."""
    return Bits(name, bit, bit, "", {1: on, 0: off})


def address(name: str, high: int, low: int, meaning: str, shift: int | None = None) -> Bits:
    """Address bits; they belong where they are, unless ``shift`` says how far left of bit 0."""
    return Bits(name, high, low, meaning, {}, low if shift is None else shift)


def decode(layout: Layout, value: int) -> list[FieldValue]:
    """All fields of ``value``, most significant first."""
    return [
        FieldValue(
            bits.name, bits.high, bits.low, bits.of(value), bits.says(bits.of(value)),
            None if bits.shift is None else bits.of(value) << bits.shift,
        )
        for bits in layout
    ]


def layout(architecture: str, register: str, value: int = 0) -> Layout:
    """The layout of a register, empty if it is a plain number.

    Some registers have more than one layout; which one, their own bits say.
    """
    from vmm.debug.explain import fields_arm, fields_sparc, fields_x86

    tables = {
        "sparc": fields_sparc.layout, "arm": fields_arm.layout, "x86": fields_x86.layout,
    }
    return tables[architecture](register.lower(), value)


def fields(architecture: str, register: str, value: int) -> list[FieldValue]:
    """The fields of ``value`` read as ``register`` of an architecture (sparc, arm or x86)."""
    return decode(layout(architecture, register, value), value)


def lines(values: list[FieldValue], indent: int = 2) -> list[str]:
    """A field a line, in columns: name, bits, value, meaning."""
    if not values:
        return []
    names = max(len(value.name) for value in values)
    bits = max(len(value.bits) for value in values)
    shown = [_number(value) for value in values]
    width = max(map(len, shown))
    return [
        f"{'':{indent}}{value.name:<{names}}  {value.bits:>{bits}}  {text:>{width}}  "
        f"{value.meaning}".rstrip()
        for value, text in zip(values, shown, strict=True)
    ]


def _number(value: FieldValue) -> str:
    if value.address is not None:
        return f"{value.address:08x}"
    width = value.high - value.low + 1
    return f"{value.value:x}" if width <= 4 else f"{value.value:0{-(-width // 4)}x}"


def brief(values: list[FieldValue]) -> str:
    """The fields in one line: ``PIL=0 S=1 PS=1 ET=0``."""
    return " ".join(f"{value.name}={_number(value)}" for value in values)


def register_lines(architecture: str, register: str, value: int, bits: int = 32) -> list[str]:
    """A register's value and, below it, its fields."""
    return [
        f"{register} = {value:0{bits // 4}x}", *lines(fields(architecture, register, value)),
    ]
