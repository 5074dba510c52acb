# SPDX-License-Identifier: GPL-2.0-or-later
"""PL011: the PrimeCell UART (ARM DDI 0183G, chapter 3).

Transmission takes no time: a byte written to UARTDR is in the sink at once, so
the transmit FIFO is always empty and each write is one passage through the
trigger level.  Reception keeps the 16-byte FIFO, its trigger level (UARTIFLS)
and the receive timeout of 32 bit periods at the programmed rate.

Departures: a byte is sent even while CR.UARTEN or CR.TXE is clear, as QEMU does
and kernels written for `virt` rely on; DMA and the modem lines are registers
without effect.  Accesses narrower than 32 bits reach their byte lanes.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable

from vmm.devices.device import CharSink, Register, Unknown
from vmm.devices.shared import Cell, Shared, SharedState
from vmm.machine.clock import NS, Clock, Event
from vmm.machine.line import Line

DR, RSR, FR, ILPR, IBRD, FBRD, LCR_H = 0x00, 0x04, 0x18, 0x20, 0x24, 0x28, 0x2C
CR, IFLS, IMSC, RIS, MIS, ICR, DMACR = 0x30, 0x34, 0x38, 0x3C, 0x40, 0x44, 0x48

FR_TXFE, FR_RXFF, FR_RXFE = 0x80, 0x40, 0x10
LCR_FEN = 0x10
CR_LBE = 0x80
INT_RX, INT_TX, INT_RT, INT_BE, INT_OE = 0x010, 0x020, 0x040, 0x200, 0x400
DR_BE, DR_OE = 0x400, 0x800
RSR_OE = 0x8

FIFO_DEPTH = 16
NEVER = -1
TRIGGERS = (2, 4, 8, 12, 14)  # bytes, by UARTIFLS.RXIFLSEL; reserved values as the last
IDENTITY = bytes((0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1))  # from 0xfe0
TIMEOUT_BITS = 32

REGISTERS = (
    Register(DR, "UARTDR"),
    Register(RSR, "UARTRSR/UARTECR"),
    Register(FR, "UARTFR", "ro", 0x90),
    Register(ILPR, "UARTILPR"),
    Register(IBRD, "UARTIBRD"),
    Register(FBRD, "UARTFBRD"),
    Register(LCR_H, "UARTLCR_H"),
    Register(CR, "UARTCR", "rw", 0x300),
    Register(IFLS, "UARTIFLS", "rw", 0x12),
    Register(IMSC, "UARTIMSC"),
    Register(RIS, "UARTRIS", "ro"),
    Register(MIS, "UARTMIS", "ro"),
    Register(ICR, "UARTICR", "wo"),
    Register(DMACR, "UARTDMACR"),
    *(Register(0xFE0 + 4 * i, f"ID{i}", "ro", value) for i, value in enumerate(IDENTITY)),
)

# Bits that can be written, of registers that are nothing but storage here.
STORED = {ILPR: 0xFF, IBRD: 0xFFFF, FBRD: 0x3F, LCR_H: 0xFF, CR: 0xFFFF, IFLS: 0x3F, DMACR: 0x7}


class State(Shared):
    """Everything a snapshot of the port keeps."""

    stored: C.Array[C.c_uint32]  # registers that are only storage, by offset / 4
    imsc: int
    ris: int
    rsr: int
    used: int  # entries in the receive FIFO, the oldest first
    fifo: C.Array[C.c_uint32]  # data, with UARTDR's error bits
    timeout: int  # when the receive timeout strikes, ns; NEVER: none is running
    _fields_ = (
        ("stored", C.c_uint32 * (DMACR // 4 + 1)),
        ("imsc", C.c_uint32),
        ("ris", C.c_uint32),
        ("rsr", C.c_uint32),
        ("used", C.c_uint32),
        ("fifo", C.c_uint32 * FIFO_DEPTH),
        ("timeout", C.c_int64),
    )

    @classmethod
    def fresh(cls) -> State:
        """As after reset."""
        state = cls(timeout=NEVER)
        for row in REGISTERS:
            if row.offset in STORED:
                state.stored[row.offset // 4] = row.reset
        return state

    def pop(self) -> int:
        """Take the oldest entry of a FIFO that is not empty."""
        first, *rest = self.fifo
        self.fifo[:] = [*rest, 0]
        self.used -= 1
        return first


class Pl011(SharedState[State]):
    """``sink`` gets what the guest sends; ``receive`` is what it is sent."""

    size = 0x1000
    registers = REGISTERS

    def __init__(
        self,
        clock: Clock,
        line: Line,
        sink: CharSink,
        on_room: Callable[[], None] | None = None,
        name: str = "pl011",
        frequency: int = 24_000_000,
    ) -> None:
        self.name = name
        self.clock = clock
        self.line = line
        self.sink = sink
        self.on_room = on_room
        self.frequency = frequency  # UARTCLK, Hz
        self.unknown = Unknown(name)
        self._event: Event | None = None
        self.state = State.fresh()
        self.cells = [
            Cell(offset, self.state, "stored", offset // 4, STORED[offset])
            for offset in (ILPR, IBRD, FBRD)
        ]
        self.reset()

    def reset(self) -> None:
        self.state = State.fresh()
        self.resume()

    def resume(self) -> None:
        """Schedule and drive what the state says, after it was replaced."""
        self.clock.cancel(self._event)
        self._event = None
        if self.state.timeout != NEVER:
            self._event = self.clock.at(self.state.timeout, self._timed_out, self.name)
        self._update()

    # -- the host side ------------------------------------------------------

    def room(self) -> int:
        """How many bytes the receiver takes now."""
        return max(0, self._depth() - self.state.used)

    def receive(self, data: bytes) -> int:
        """Put as many bytes into the receive FIFO as fit; return how many."""
        taken = data[: self.room()]
        for byte in taken:
            self._receive_byte(byte)
        return len(taken)

    def receive_break(self) -> None:
        """The far end sends a break (3.3.1): an entry of zero with UARTDR.BE."""
        if self.room():
            self.state.ris |= INT_BE
            self._receive_byte(DR_BE)

    # -- the guest side -----------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        lane = 8 * (offset & 3)
        return (self._read(offset & ~3, size) >> lane) & ((1 << 8 * size) - 1)

    def stable(self, offset: int, size: int, value: int) -> bool:
        """Reading the flag register changes nothing."""
        return offset == FR

    def write(self, offset: int, size: int, value: int) -> None:
        self._write(offset & ~3, size, (value & ((1 << 8 * size) - 1)) << 8 * (offset & 3))

    def _read(self, offset: int, size: int) -> int:
        state = self.state
        if offset == DR:
            return self._take()
        if offset == RSR:
            return state.rsr
        if offset == FR:
            full = FR_RXFF if not self.room() else 0
            return FR_TXFE | full | (0 if state.used else FR_RXFE)
        if offset in STORED:
            return state.stored[offset // 4]
        if offset == IMSC:
            return state.imsc
        if offset == RIS:
            return state.ris
        if offset == MIS:
            return state.ris & state.imsc
        if 0xFE0 <= offset < 0x1000:
            return IDENTITY[(offset - 0xFE0) >> 2]
        return 0 if offset == ICR else self.unknown.read(offset, size)

    def _write(self, offset: int, size: int, value: int) -> None:
        state = self.state
        if offset == DR:
            self._send(value & 0xFF)
        elif offset == RSR:
            state.rsr = 0
        elif offset in STORED:
            self._store(offset, value & STORED[offset])
        elif offset == IMSC:
            state.imsc = value & 0x7FF
        elif offset == ICR:
            state.ris &= ~value
        else:
            self.unknown.write(offset, size, value)
        self._update()

    def _store(self, offset: int, value: int) -> None:
        had_fifo = self.state.stored[LCR_H // 4] & LCR_FEN
        self.state.stored[offset // 4] = value
        if offset == LCR_H and (value ^ had_fifo) & LCR_FEN:
            # Turning the FIFOs on or off flushes them.
            self.state.used = 0
            self._stop_timeout()
            if self.on_room is not None:
                self.on_room()

    # -- behaviour ----------------------------------------------------------

    def _depth(self) -> int:
        return FIFO_DEPTH if self.state.stored[LCR_H // 4] & LCR_FEN else 1

    def _trigger(self) -> int:
        if not self.state.stored[LCR_H // 4] & LCR_FEN:
            return 1
        level = self.state.stored[IFLS // 4] >> 3
        return TRIGGERS[min(level, len(TRIGGERS) - 1)]

    def _send(self, byte: int) -> None:
        if self.state.stored[CR // 4] & CR_LBE:
            self._receive_byte(byte)
        else:
            self.sink(bytes((byte,)))
        self.state.ris |= INT_TX

    def _receive_byte(self, byte: int) -> None:
        """An entry for the FIFO: data, and the error bits of UARTDR."""
        state = self.state
        if not self.room():
            # Only loop back gets here: the shift register overruns the full FIFO.
            state.ris |= INT_OE
            state.rsr |= RSR_OE
            state.fifo[state.used - 1] |= DR_OE
            self._update()
            return
        state.fifo[state.used] = byte
        state.used += 1
        if state.used >= self._trigger():
            state.ris |= INT_RX
        self._start_timeout()
        self._update()

    def _take(self) -> int:
        state = self.state
        if not state.used:
            return 0
        entry = state.pop()
        state.rsr = entry >> 8
        if state.used < self._trigger():
            state.ris &= ~INT_RX
        if state.used:
            self._start_timeout()
        else:
            state.ris &= ~INT_RT
            self._stop_timeout()
        self._update()
        if self.on_room is not None:
            self.on_room()
        return entry

    def _bit_time(self) -> int:
        """Nanoseconds of one bit; 115200 baud until a divisor is programmed."""
        stored = self.state.stored
        divisor = stored[IBRD // 4] * 64 + stored[FBRD // 4]
        if not stored[IBRD // 4]:
            return NS // 115200
        return NS * 16 * divisor // (64 * self.frequency)

    def _start_timeout(self) -> None:
        if not self.state.stored[LCR_H // 4] & LCR_FEN:
            return
        self.clock.cancel(self._event)
        self.state.timeout = self.clock.now() + TIMEOUT_BITS * self._bit_time()
        self._event = self.clock.at(self.state.timeout, self._timed_out, self.name)

    def _stop_timeout(self) -> None:
        self.clock.cancel(self._event)
        self._event = None
        self.state.timeout = NEVER

    def _timed_out(self) -> None:
        self._stop_timeout()
        if self.state.used:
            self.state.ris |= INT_RT
            self._update()

    def _update(self) -> None:
        self.line.set(bool(self.state.ris & self.state.imsc))
