# SPDX-License-Identifier: GPL-2.0-or-later
"""A 16550A serial port (National Semiconductor PC16550D data sheet).

Both FIFOs, interrupt identification in priority order, the receiver's
character timeout, loopback, and the scratch register.  As QEMU does, and the
data sheet does not say: a transmitted byte leaves at once, so THRE and TEMT
never read as zero; enabling the THRE interrupt raises it again; OUT2 does not
gate the interrupt line; and a far end is always ready (DCD, DSR and CTS set).
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable

from vmm.devices.byte_port import read_bytes, write_bytes
from vmm.devices.device import Register, Unknown
from vmm.devices.shared import Shared, SharedState
from vmm.machine.clock import NS, Clock, Event
from vmm.machine.line import Line

FIFO_SIZE = 16
NEVER = -1
CLOCK_DIVIDED = 115_200  # 1.8432 MHz / 16

RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR = range(8)

IER_RDI, IER_THRI, IER_RLSI, IER_MSI = 0x01, 0x02, 0x04, 0x08
IIR_NONE, IIR_THRI, IIR_RDI, IIR_RLSI, IIR_CTI, IIR_MSI = 0x01, 0x02, 0x04, 0x06, 0x0C, 0x00
IIR_FIFOS = 0xC0
FCR_ENABLE, FCR_CLEAR_RX, FCR_CLEAR_TX, FCR_KEPT = 0x01, 0x02, 0x04, 0xC9
LCR_DLAB, LCR_STOP, LCR_PARITY = 0x80, 0x04, 0x08
MCR_LOOP = 0x10
LSR_DR, LSR_OE, LSR_BI, LSR_THRE, LSR_TEMT = 0x01, 0x02, 0x10, 0x20, 0x40
LSR_ERRORS = 0x1E
MSR_DELTAS = 0x0F
MSR_READY = 0xB0  # DCD, DSR, CTS
TRIGGER_LEVELS = (1, 4, 8, 14)


class UartState(Shared):
    """Everything a snapshot of the port keeps, `struct vmm_uart16550`."""

    divider: int
    rbr: int
    ier: int
    iir: int
    fcr: int
    lcr: int
    mcr: int
    lsr: int
    msr: int
    scr: int
    thre_pending: int
    timeout_pending: int
    timeout_at: int  # nanoseconds; NEVER: no timeout is running
    used: int  # bytes in the receiver's FIFO, the oldest first
    fifo: C.Array[C.c_uint8]
    _fields_ = (
        *(
            (name, C.c_uint32)
            for name in (
                "divider", "rbr", "ier", "iir", "fcr", "lcr", "mcr", "lsr", "msr", "scr",
                "thre_pending", "timeout_pending",
            )
        ),
        ("timeout_at", C.c_int64),
        ("used", C.c_uint32),
        ("fifo", C.c_uint8 * FIFO_SIZE),
    )

    @classmethod
    def fresh(cls) -> UartState:
        """As after a master reset; 9600 baud."""
        return cls(
            divider=12, iir=IIR_NONE, mcr=0x08, lsr=LSR_TEMT | LSR_THRE, msr=MSR_READY,
            timeout_at=NEVER,
        )

    def push(self, byte: int) -> None:
        """Put a byte into the FIFO, which has room."""
        self.fifo[self.used] = byte
        self.used += 1

    def pop(self) -> int:
        """Take the oldest byte, 0 if there is none."""
        if not self.used:
            return 0
        first, *rest = self.fifo
        self.fifo[:] = [*rest, 0]
        self.used -= 1
        return first


class Uart16550(SharedState[UartState]):
    """One serial port: ``sink`` gets what the guest sends, `receive` takes input."""

    name = "uart16550"
    size = 8
    registers = (
        Register(RBR_THR, "RBR/THR/DLL"),
        Register(IER, "IER/DLM"),
        Register(IIR_FCR, "IIR/FCR", reset=IIR_NONE),
        Register(LCR, "LCR"),
        Register(MCR, "MCR", reset=0x08),
        Register(LSR, "LSR", "ro", LSR_TEMT | LSR_THRE),
        Register(MSR, "MSR", "ro", MSR_READY),
        Register(SCR, "SCR"),
    )

    def __init__(
        self,
        clock: Clock,
        line: Line,
        sink: Callable[[bytes], None],
        on_room: Callable[[], None] | None = None,
    ) -> None:
        self.clock = clock
        self.line = line
        self.sink = sink
        self.on_room = on_room
        self.unknown = Unknown(self.name)
        self.state = UartState.fresh()
        self._timeout: Event | None = None

    def reset(self) -> None:
        """Master reset; the interrupt line goes low."""
        self.state = UartState.fresh()
        self.resume()

    def resume(self) -> None:
        """After the state was replaced: the timeout event and the line again."""
        self.clock.cancel(self._timeout)
        self._timeout = None
        if self.state.timeout_at != NEVER:
            self._timeout = self.clock.at(self.state.timeout_at, self._expire, "uart timeout")
        self._update()

    def read(self, offset: int, size: int) -> int:
        return read_bytes(self._read, offset, size)

    def stable(self, offset: int, size: int, value: int) -> bool:
        """Reading LSR clears error bits, and nothing if there are none."""
        return offset == LSR and size == 1 and not value & LSR_ERRORS

    def write(self, offset: int, size: int, value: int) -> None:
        write_bytes(self._write, offset, size, value)

    # -- the far end --------------------------------------------------------

    def room(self) -> int:
        """How many bytes `receive` would take now."""
        s = self.state
        if s.mcr & MCR_LOOP:
            return 0
        if s.fcr & FCR_ENABLE:
            return FIFO_SIZE - s.used
        return 0 if s.lsr & LSR_DR else 1

    def receive(self, data: bytes) -> int:
        """Put input into the receiver; return how many bytes it took."""
        taken = data[: self.room()]
        for byte in taken:
            self._accept(byte)
        return len(taken)

    def receive_break(self) -> None:
        """The far end sends a break: a character of zero with LSR.BI."""
        if self.room():
            self.state.lsr |= LSR_BI
            self._accept(0)

    # -- registers ----------------------------------------------------------

    def _read(self, offset: int) -> int:
        s = self.state
        match offset:
            case 0 if s.lcr & LCR_DLAB:
                return s.divider & 0xFF
            case 0:
                return self._take()
            case 1:
                return s.divider >> 8 if s.lcr & LCR_DLAB else s.ier
            case 2:
                value = s.iir
                if value & 0x0F == IIR_THRI:
                    s.thre_pending = 0
                    self._update()
                return value
            case 3:
                return s.lcr
            case 4:
                return s.mcr
            case 5:
                value = s.lsr
                s.lsr &= ~(LSR_OE | LSR_BI)
                self._update()
                return value
            case 6:
                return self._modem_status()
            case 7:
                return s.scr
            case _:
                return self.unknown.read(offset, 1, 0xFF)

    def _write(self, offset: int, value: int) -> None:
        s = self.state
        match offset:
            case 0 if s.lcr & LCR_DLAB:
                s.divider = s.divider & 0xFF00 | value
            case 0:
                self._transmit(value)
            case 1 if s.lcr & LCR_DLAB:
                s.divider = s.divider & 0xFF | value << 8
            case 1:
                if (s.ier ^ value) & IER_THRI:
                    s.thre_pending = bool(value & IER_THRI)
                s.ier = value & 0x0F
                self._update()
            case 2:
                self._fifo_control(value)
            case 3:
                s.lcr = value
            case 4:
                s.mcr = value & 0x1F
            case 5 | 6:
                self.unknown.note(f"write of {value:#x} to a read-only register")
            case 7:
                s.scr = value
            case _:
                self.unknown.write(offset, 1, value)

    def _modem_status(self) -> int:
        s = self.state
        if s.mcr & MCR_LOOP:  # OUT2, OUT1, DTR, RTS come back as DCD, RI, DSR, CTS
            return (s.mcr & 0x0C) << 4 | (s.mcr & 0x02) << 3 | (s.mcr & 0x01) << 5
        value = s.msr
        s.msr &= ~MSR_DELTAS
        self._update()
        return value

    def _fifo_control(self, value: int) -> None:
        s = self.state
        if (s.fcr ^ value) & FCR_ENABLE:
            value |= FCR_CLEAR_RX | FCR_CLEAR_TX
        if value & FCR_CLEAR_RX:
            s.lsr &= ~(LSR_DR | LSR_BI)
            s.used = 0
            self._arm(None)
            s.timeout_pending = 0
        if value & FCR_CLEAR_TX:
            s.thre_pending = 1
        s.fcr = value & FCR_KEPT
        self._update()
        if value & FCR_CLEAR_RX:
            self._tell_room()

    # -- data ---------------------------------------------------------------

    def _transmit(self, value: int) -> None:
        s = self.state
        s.thre_pending = 0
        self._update()  # low for a moment: the controller must see a new edge
        if s.mcr & MCR_LOOP:
            self._accept(value)
        else:
            self.sink(bytes((value,)))
        s.thre_pending = 1
        self._update()

    def _accept(self, byte: int) -> None:
        s = self.state
        if s.fcr & FCR_ENABLE:
            if s.used < FIFO_SIZE:
                s.push(byte)
            else:
                s.lsr |= LSR_OE
            self._arm(self.clock.now() + 4 * self._character_time())
        else:
            if s.lsr & LSR_DR:
                s.lsr |= LSR_OE
            s.rbr = byte
        s.lsr |= LSR_DR
        self._update()

    def _take(self) -> int:
        s = self.state
        if s.fcr & FCR_ENABLE:
            value = s.pop()
            empty = not s.used
            self._arm(None if empty else self.clock.now() + 4 * self._character_time())
            s.timeout_pending = 0
        else:
            value = s.rbr
            empty = True
        if empty:
            s.lsr &= ~(LSR_DR | LSR_BI)
        self._update()
        self._tell_room()
        return value

    def _tell_room(self) -> None:
        if self.on_room is not None and self.room():
            self.on_room()

    # -- the character timeout and the interrupt ----------------------------

    def _character_time(self) -> int:
        s = self.state
        bits = 1 + 5 + (s.lcr & 3) + 1 + bool(s.lcr & LCR_STOP) + bool(s.lcr & LCR_PARITY)
        return NS * bits * max(s.divider, 1) // CLOCK_DIVIDED

    def _arm(self, when: int | None) -> None:
        self.clock.cancel(self._timeout)
        self.state.timeout_at = NEVER if when is None else when
        self._timeout = None
        if when is not None:
            self._timeout = self.clock.at(when, self._expire, "uart timeout")

    def _expire(self) -> None:
        self._timeout = None
        self.state.timeout_at = NEVER
        if self.state.used:
            self.state.timeout_pending = 1
            self._update()

    def _update(self) -> None:
        s = self.state
        cause = IIR_NONE
        trigger = TRIGGER_LEVELS[s.fcr >> 6] if s.fcr & FCR_ENABLE else 0
        if s.ier & IER_RLSI and s.lsr & LSR_ERRORS:
            cause = IIR_RLSI
        elif s.ier & IER_RDI and s.timeout_pending:
            cause = IIR_CTI
        elif s.ier & IER_RDI and s.lsr & LSR_DR and s.used >= trigger:
            cause = IIR_RDI
        elif s.ier & IER_THRI and s.thre_pending:
            cause = IIR_THRI
        elif s.ier & IER_MSI and s.msr & MSR_DELTAS:
            cause = IIR_MSI
        s.iir = cause | (IIR_FIFOS if s.fcr & FCR_ENABLE else 0)
        self.line.set(cause != IIR_NONE)
