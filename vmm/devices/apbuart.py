# SPDX-License-Identifier: GPL-2.0-or-later
"""GRLIB APBUART: the serial port of LEON systems.

After the GRLIB IP Core User's Manual, chapter APBUART, with FIFOs of 8 bytes
in both directions (``fifo`` of the constructor).  Characters take no time: a
byte written while the transmitter is enabled is sent at once, so the transmit
FIFO is mostly empty and every byte sent makes it empty anew; the scaler is
kept but sets no speed; the delayed receiver interrupt is not delayed.  Parity,
framing and break errors cannot happen.  As on QEMU 7.2 the data register also
answers byte accesses at offset 3; other narrow stores are ignored and counted.
Unlike QEMU the FIFO fields of the status register are there, bytes written
while the transmitter is off wait in the FIFO, and while the receiver is off
the host keeps its input (`room` is 0) instead of losing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vmm.devices.ambapp import lanes
from vmm.devices.device import CharSink, Register, Unknown
from vmm.machine.line import Line

DATA = 0x00
STATUS = 0x04
CONTROL = 0x08
SCALER = 0x0C
DEBUG = 0x10

# Status
DR = 1 << 0  # data ready
TS = 1 << 1  # transmitter shift register empty
TE = 1 << 2  # transmitter FIFO empty
BR = 1 << 3  # break received
ERRORS = 0xF << 3  # break, overrun, parity, framing
OV = 1 << 4
TH = 1 << 7  # transmitter FIFO less than half full
RH = 1 << 8  # receiver FIFO at least half full
TF = 1 << 9  # transmitter FIFO full
RF = 1 << 10  # receiver FIFO full
_TCNT_SHIFT = 20
_RCNT_SHIFT = 26

# Control
RECEIVER_ENABLE = 1 << 0
TRANSMITTER_ENABLE = 1 << 1
RECEIVER_INTERRUPT = 1 << 2
TRANSMITTER_INTERRUPT = 1 << 3
LOOP_BACK = 1 << 7
TRANSMITTER_FIFO_INTERRUPT = 1 << 9
RECEIVER_FIFO_INTERRUPT = 1 << 10
FIFO_DEBUG = 1 << 11
SHIFT_EMPTY_INTERRUPT = 1 << 14
FIFO_AVAILABLE = 1 << 31

_CONTROL_BITS = 0xFFFF
_SCALER_BITS = 0xFFF


@dataclass(slots=True)
class State:
    control: int = 0
    errors: int = 0
    scaler: int = 0
    received: list[int] = field(default_factory=list)
    sending: list[int] = field(default_factory=list)


class Apbuart:
    """One port: ``sink`` gets what the guest sends, `receive` brings what it reads.

    ``on_room`` is called when a full receiver has room again.
    """

    registers = (
        Register(DATA, "DATA"),
        Register(STATUS, "STATUS", reset=TS | TE | TH),
        Register(CONTROL, "CONTROL", reset=FIFO_AVAILABLE),
        Register(SCALER, "SCALER"),
        Register(DEBUG, "FIFODEBUG"),
    )

    def __init__(
        self,
        irq: Line,
        sink: CharSink,
        on_room: Callable[[], None] | None = None,
        fifo: int = 8,
        name: str = "apbuart",
    ) -> None:
        if fifo not in (2, 4, 8, 16, 32):
            raise ValueError(f"{name}: a FIFO of 2, 4, 8, 16 or 32 bytes, not {fifo}")
        self.name = name
        self.size = 0x100
        self.unknown = Unknown(name)
        self.irq = irq
        self.sink = sink
        self.on_room = on_room or (lambda: None)
        self.fifo = fifo
        self.state = State()

    def reset(self) -> None:
        self.state = State()
        self._drive()

    def resume(self) -> None:
        """Drive the line again after the state was replaced."""
        self._drive()

    # -- the host's side -----------------------------------------------------

    def room(self) -> int:
        """Bytes that `receive` takes now."""
        if not self.state.control & RECEIVER_ENABLE:
            return 0
        return self.fifo - len(self.state.received)

    def receive(self, data: bytes) -> int:
        """Put bytes into the receiver FIFO; return how many it took."""
        taken = data[: self.room()]
        self.state.received += taken
        if taken:
            self._drive()
            if self.state.control & RECEIVER_INTERRUPT:
                self._pulse()
        return len(taken)

    def receive_break(self) -> None:
        """The far end sends a break: status bit BR, and no data."""
        if self.state.control & RECEIVER_ENABLE:
            self.state.errors |= BR
            self._drive()

    # -- interrupts ----------------------------------------------------------

    def _level(self) -> bool:
        """The FIFO interrupts last as long as their condition."""
        state, half = self.state, self.fifo // 2
        control = state.control
        receiver = control & RECEIVER_FIFO_INTERRUPT and control & RECEIVER_ENABLE
        transmitter = control & TRANSMITTER_FIFO_INTERRUPT and control & TRANSMITTER_ENABLE
        return bool(
            (receiver and len(state.received) >= half)
            or (transmitter and len(state.sending) < half)
        )

    def _drive(self) -> None:
        self.irq.set(self._level())

    def _pulse(self) -> None:
        if not self.irq.level:
            self.irq.pulse()

    # -- transmitter ---------------------------------------------------------

    def _transmit(self) -> None:
        state = self.state
        control = state.control
        if control & FIFO_DEBUG or not control & TRANSMITTER_ENABLE or not state.sending:
            return
        data = bytes(state.sending)
        state.sending.clear()
        if control & LOOP_BACK:
            if self.receive(data) < len(data) and control & RECEIVER_ENABLE:
                state.errors |= OV
        else:
            self.sink(data)
        if control & (TRANSMITTER_INTERRUPT | SHIFT_EMPTY_INTERRUPT):
            self._pulse()

    # -- the bus's side ------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        if size == 8:
            return self.read(offset, 4) << 32 | self.read(offset + 4, 4)
        state = self.state
        match offset & ~3:
            case 0x00:
                word = self._pop()
            case 0x04:
                word = self._status()
            case 0x08:
                word = state.control | FIFO_AVAILABLE
            case 0x0C:
                word = state.scaler
            case 0x10:
                if not state.control & FIFO_DEBUG or not state.sending:
                    return 0
                word = state.sending.pop(0)
                self._drive()
            case _:
                return self.unknown.read(offset, size)
        return lanes(word, offset, size)

    def _pop(self) -> int:
        received = self.state.received
        if not received:
            return 0
        was_full = len(received) == self.fifo
        value = received.pop(0)
        self._drive()
        if was_full:
            self.on_room()
        return value

    def _status(self) -> int:
        state, half = self.state, self.fifo // 2
        coming, going = len(state.received), len(state.sending)
        word = state.errors | TS | coming << _RCNT_SHIFT | going << _TCNT_SHIFT
        word |= DR if coming else 0
        word |= 0 if going else TE
        word |= TH if going < half else 0
        word |= RH if coming >= half else 0
        word |= TF if going == self.fifo else 0
        word |= RF if coming == self.fifo else 0
        return word

    def stable(self, offset: int, size: int, value: int) -> bool:
        """Reading the status register changes nothing."""
        return offset == STATUS

    def write(self, offset: int, size: int, value: int) -> None:
        if size == 8:
            self.write(offset, 4, value >> 32)
            self.write(offset + 4, 4, value & 0xFFFF_FFFF)
            return
        state = self.state
        if (offset, size) in ((DATA, 4), (DATA, 1), (DATA + 3, 1)):
            if len(state.sending) < self.fifo:
                state.sending.append(value & 0xFF)
            self._transmit()
        elif size != 4:
            self.unknown.write(offset, size, value)
            return
        elif offset == STATUS:
            state.errors = value & ERRORS
        elif offset == CONTROL:
            enabling = value & RECEIVER_ENABLE & ~state.control
            state.control = value & _CONTROL_BITS
            self._transmit()
            if enabling:
                self.on_room()
        elif offset == SCALER:
            state.scaler = value & _SCALER_BITS
        elif offset == DEBUG:
            self._debug_receive(value & 0xFF)
        else:
            self.unknown.write(offset, size, value)
            return
        self._drive()

    def _debug_receive(self, value: int) -> None:
        """A write to the FIFO debug register looks as if the line had brought it."""
        state = self.state
        if len(state.received) == self.fifo:
            return
        state.received.append(value)
        if state.control & FIFO_DEBUG and state.control & RECEIVER_INTERRUPT:
            self._pulse()
