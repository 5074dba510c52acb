# SPDX-License-Identifier: GPL-2.0-or-later
"""PL031: the PrimeCell real-time clock (ARM DDI 0224C).

A 32-bit counter of seconds, which starts at ``epoch`` and follows virtual time,
and a match register that raises one interrupt.  Departures, as QEMU: the clock
cannot be stopped (RTCCR reads one), and a load takes effect at once instead of
at the next 1 Hz edge.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.devices.device import Register, Unknown
from vmm.machine.clock import NS, Clock, Event
from vmm.machine.line import Line

DR, MR, LR, CR, IMSC, RIS, MIS, ICR = range(0x00, 0x20, 4)
IDENTITY = bytes((0x31, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1))  # from 0xfe0
WRAP = 1 << 32

REGISTERS = (
    Register(DR, "RTCDR", "ro"),
    Register(MR, "RTCMR"),
    Register(LR, "RTCLR"),
    Register(CR, "RTCCR", "rw", 1),
    Register(IMSC, "RTCIMSC"),
    Register(RIS, "RTCRIS", "ro"),
    Register(MIS, "RTCMIS", "ro"),
    Register(ICR, "RTCICR", "wo"),
    *(Register(0xFE0 + 4 * i, f"ID{i}", "ro", value) for i, value in enumerate(IDENTITY)),
)


@dataclass
class State:
    offset: int = 0  # the counter at virtual time zero
    mr: int = 0
    lr: int = 0
    imsc: int = 0
    ris: int = 0
    match: int | None = None  # the second of virtual time at which the counter meets RTCMR


class Pl031:
    """``epoch`` is the counter's first value, in seconds since 1970 by convention."""

    size = 0x1000
    registers = REGISTERS

    def __init__(self, clock: Clock, line: Line, epoch: int = 0, name: str = "pl031") -> None:
        self.name = name
        self.clock = clock
        self.line = line
        self.epoch = epoch
        self.unknown = Unknown(name)
        self.state = State()
        self._event: Event | None = None
        self.reset()

    def reset(self) -> None:
        self.state = State(offset=self.epoch % WRAP)
        self.resume()

    def resume(self) -> None:
        """Schedule and drive what the state says, after it was replaced."""
        self._schedule()
        self._update()

    def read(self, offset: int, size: int) -> int:
        return (self._read(offset & ~3, size) >> 8 * (offset & 3)) & ((1 << 8 * size) - 1)

    def _read(self, offset: int, size: int) -> int:
        state = self.state
        if 0xFE0 <= offset < 0x1000:
            return IDENTITY[(offset - 0xFE0) >> 2]
        values = {
            DR: self._count(),
            MR: state.mr,
            LR: state.lr,
            CR: 1,
            IMSC: state.imsc,
            RIS: state.ris,
            MIS: state.ris & state.imsc,
            ICR: 0,
        }
        return values[offset] if offset in values else self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        state = self.state
        if offset == MR:
            state.mr = value % WRAP
            self._aim()
        elif offset == LR:
            state.lr = value % WRAP
            state.offset = (state.offset + value - self._count()) % WRAP
            if state.match is not None:
                self._aim()
        elif offset == IMSC:
            state.imsc = value & 1
        elif offset == ICR:
            state.ris &= ~value
        elif offset != CR:
            self.unknown.write(offset, size, value)
        self._update()

    def _seconds(self) -> int:
        return self.clock.now() // NS

    def _count(self) -> int:
        return (self.state.offset + self._seconds()) % WRAP

    def _aim(self) -> None:
        """Find when the counter meets RTCMR; a match that holds already counts at once."""
        distance = (self.state.mr - self._count()) % WRAP
        if distance:
            self.state.match = self._seconds() + distance
        else:
            self.state.match = None
            self.state.ris = 1
        self._schedule()

    def _schedule(self) -> None:
        self.clock.cancel(self._event)
        self._event = None
        if self.state.match is not None:
            self._event = self.clock.at(self.state.match * NS, self._matched, self.name)

    def _matched(self) -> None:
        self.state.match = None
        self._event = None
        self.state.ris = 1
        self._update()

    def _update(self) -> None:
        self.line.set(bool(self.state.ris & self.state.imsc))
