# SPDX-License-Identifier: GPL-2.0-or-later
"""The I/O APIC of the PC (Intel 82093AA data sheet 290566).

Twenty-four pins, each with an entry of the redirection table, edge or level
triggered.  An edge at a masked pin is lost, as the data sheet says.  Messages
are delivered at once, so the delivery status is always idle; one that no local
APIC accepts is lost.  Delivery modes SMI and ExtINT have no effect: there is no
system management mode, and the 8259A is wired to the processor.
"""

from __future__ import annotations

import ctypes as C
from typing import Protocol

from vmm.devices.device import Register, Unknown
from vmm.devices.shared import Shared, SharedState

BASE = 0xFEC00000
PINS = 24
SELECT, WINDOW = 0x00, 0x10
ID, VERSION, ARBITRATION, TABLE = 0x00, 0x01, 0x02, 0x10
VERSION_VALUE = 0x11 | (PINS - 1) << 16
ID_BITS = 0x0F000000
# The low word of an entry.
VECTOR, LOGICAL, ACTIVE_LOW, REMOTE_IRR, LEVEL, MASKED = (
    0xFF, 0x800, 0x2000, 0x4000, 0x8000, 0x10000
)
WRITABLE, HIGH_WRITABLE = 0x1AFFF, 0xFF000000
EXTINT = 7


class Messages(Protocol):
    """Where messages go: `vmm.devices.local_apic.LocalApic.message`."""

    def __call__(
        self, destination: int, logical: bool, mode: int, vector: int, level: bool
    ) -> bool: ...


class IoApicState(Shared):
    """`struct vmm_io_apic`."""

    id: int
    select: int  # IOREGSEL
    inputs: int  # levels of the pins, bit n for pin n
    low: C.Array[C.c_uint32]  # the entries' low words
    high: C.Array[C.c_uint32]
    _fields_ = (
        ("id", C.c_uint32), ("select", C.c_uint32), ("inputs", C.c_uint32),
        ("low", C.c_uint32 * PINS), ("high", C.c_uint32 * PINS),
    )


def initial(inputs: int) -> IoApicState:
    """After reset: every entry masked."""
    state = IoApicState(inputs=inputs)
    for pin in range(PINS):
        state.low[pin] = MASKED
    return state


class IoApic(SharedState[IoApicState]):
    """``send`` takes the messages; the pins are changed by `drive`."""

    name = "io-apic"
    size = 0x1000
    registers = (Register(SELECT, "IOREGSEL"), Register(WINDOW, "IOWIN"))

    def __init__(self, send: Messages) -> None:
        self.send = send
        self.unknown = Unknown(self.name)
        self.state = initial(0)

    def reset(self) -> None:
        self.state = initial(self.state.inputs)

    def resume(self) -> None:
        """Nothing runs by itself."""

    def drive(self, pin: int, level: bool) -> None:
        """Change a pin."""
        s = self.state
        s.inputs = s.inputs & ~(1 << pin) | level << pin
        if s.low[pin] & LEVEL or level != bool(s.low[pin] & ACTIVE_LOW):
            self._service(pin)

    def end_of_interrupt(self, vector: int) -> None:
        """A local APIC's EOI message."""
        s = self.state
        for pin in range(PINS):
            if s.low[pin] & (LEVEL | REMOTE_IRR | VECTOR) == LEVEL | REMOTE_IRR | vector:
                s.low[pin] &= ~REMOTE_IRR
                self._service(pin)

    def _service(self, pin: int) -> None:
        """Send a pin's message: its edge has come, or it is at its level."""
        s = self.state
        entry = int(s.low[pin])
        if entry & MASKED or entry >> 8 & 7 == EXTINT:
            return
        level = bool(entry & LEVEL)
        active = bool(s.inputs >> pin & 1) != bool(entry & ACTIVE_LOW)
        if level and (not active or entry & REMOTE_IRR):
            return
        accepted = self.send(
            s.high[pin] >> 24, bool(entry & LOGICAL), entry >> 8 & 7, entry & VECTOR, level)
        if accepted and level:
            s.low[pin] |= REMOTE_IRR

    # -- registers ------------------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        s = self.state
        if offset == SELECT:
            return int(s.select)
        if offset != WINDOW or size != 4:
            return self.unknown.read(offset, size)
        match s.select:
            case 0 | 2:  # ID and ARBITRATION, which follows it
                return int(s.id)
            case 1:
                return VERSION_VALUE
        pin = (s.select - TABLE) >> 1
        if not 0 <= pin < PINS:
            return self.unknown.read(offset, size)
        return int(s.high[pin] if s.select & 1 else s.low[pin])

    def write(self, offset: int, size: int, value: int) -> None:
        s = self.state
        pin = (s.select - TABLE) >> 1
        if offset == SELECT:
            s.select = value & 0xFF
        elif offset != WINDOW or size != 4:
            self.unknown.write(offset, size, value)
        elif s.select == ID:
            s.id = value & ID_BITS
        elif not 0 <= pin < PINS:
            self.unknown.write(offset, size, value)
        elif s.select & 1:
            s.high[pin] = value & HIGH_WRITABLE
        else:
            self._set_low(pin, value)

    def _set_low(self, pin: int, value: int) -> None:
        """Remote IRR is the chip's own, and gone with level triggering."""
        s = self.state
        kept = s.low[pin] & REMOTE_IRR if value & LEVEL else 0
        s.low[pin] = value & WRITABLE | kept
        if value & LEVEL:
            self._service(pin)
