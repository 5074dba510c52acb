# SPDX-License-Identifier: GPL-2.0-or-later
"""PL061: the PrimeCell GPIO (ARM DDI 0190B).

Eight pins.  On `virt` pin 3 is the power key, an input that a guest watches for
a rising edge.  Pins that nobody drives are low.  Hardware control (GPIOAFSEL) is
a register without effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices.device import Register, Unknown
from vmm.machine.line import Line

DATA_END = 0x400  # GPIODATA: address bits 9:2 select the pins
DIR, IS, IBE, IEV, IE, RIS, MIS, IC, AFSEL = range(0x400, 0x424, 4)
IDENTITY = bytes((0x61, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1))  # from 0xfe0

REGISTERS = (
    Register(0x000, "GPIODATA"),
    Register(DIR, "GPIODIR"),
    Register(IS, "GPIOIS"),
    Register(IBE, "GPIOIBE"),
    Register(IEV, "GPIOIEV"),
    Register(IE, "GPIOIE"),
    Register(RIS, "GPIORIS", "ro"),
    Register(MIS, "GPIOMIS", "ro"),
    Register(IC, "GPIOIC", "wo"),
    Register(AFSEL, "GPIOAFSEL"),
    *(Register(0xFE0 + 4 * i, f"ID{i}", "ro", value) for i, value in enumerate(IDENTITY)),
)


@dataclass
class State:
    out: int = 0  # what the guest drives
    wires: int = 0  # what the board drives
    pins: int = 0  # the pins as last seen, for the edges
    dir: int = 0
    sense: int = 0  # GPIOIS: level instead of edge
    both: int = 0
    event: int = 0  # GPIOIEV: rising or high
    ie: int = 0
    edges: int = 0  # edges seen and not yet cleared
    afsel: int = 0


FIELDS = {DIR: "dir", IS: "sense", IBE: "both", IEV: "event", IE: "ie", AFSEL: "afsel"}


class Pl061:
    """``on_output(pins)`` is told when pins that the guest drives change."""

    size = 0x1000
    registers = REGISTERS

    def __init__(
        self, line: Line, on_output: Callable[[int], None] | None = None, name: str = "pl061"
    ) -> None:
        self.name = name
        self.line = line
        self.on_output = on_output
        self.unknown = Unknown(name)
        self.state = State()

    def reset(self) -> None:
        wires = self.state.wires
        self.state = State(wires=wires, pins=wires)
        self._update()

    def resume(self) -> None:
        """Drive the interrupt again, after the state was replaced."""
        self._update()

    def pin(self, number: int) -> Line:
        """The wire into input ``number``."""
        if not 0 <= number < 8:
            raise ValueError(f"a PL061 has pins 0 to 7, not {number}")
        return Line(lambda level: self._drive(number, level), f"{self.name}.{number}")

    def _drive(self, number: int, level: bool) -> None:
        bit = 1 << number
        self.state.wires = self.state.wires | bit if level else self.state.wires & ~bit
        self._update()

    def read(self, offset: int, size: int) -> int:
        state = self.state
        if offset < DATA_END:
            return state.pins & offset >> 2
        if offset in FIELDS:
            return int(getattr(state, FIELDS[offset]))
        if offset == RIS:
            return self._raw()
        if offset == MIS:
            return self._raw() & state.ie
        if 0xFE0 <= offset < 0x1000:
            return IDENTITY[(offset - 0xFE0) >> 2]
        return 0 if offset == IC else self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        state = self.state
        value &= 0xFF
        if offset < DATA_END:
            # Only output pins take the value.
            mask = offset >> 2 & state.dir
            state.out = state.out & ~mask | value & mask
        elif offset in FIELDS:
            setattr(state, FIELDS[offset], value)
        elif offset == IC:
            state.edges &= ~value
        else:
            self.unknown.write(offset, size, value)
        self._update()

    def _raw(self) -> int:
        state = self.state
        levels = ~(state.pins ^ state.event) & state.sense & 0xFF
        return levels | state.edges & ~state.sense

    def _update(self) -> None:
        state = self.state
        pins = state.out & state.dir | state.wires & ~state.dir & 0xFF
        changed = pins ^ state.pins
        state.pins = pins
        wanted = state.both | ~(pins ^ state.event)
        state.edges |= changed & wanted & ~state.sense & 0xFF
        if changed & state.dir and self.on_output is not None:
            self.on_output(pins & state.dir)
        self.line.set(bool(self._raw() & state.ie))
