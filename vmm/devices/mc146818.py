# SPDX-License-Identifier: GPL-2.0-or-later
"""The MC146818 real-time clock and CMOS memory of the PC (Motorola data sheet).

The time is an offset to the virtual clock; registers are worked out when read.
Events exist only for the interrupt sources that are enabled, and each for its
next occurrence.  The three flags of register C are set whether enabled or not,
as on the chip.  The date is Gregorian; the day of the week follows from it.
Register 0x32 is the century, as PC firmware has it.  The square wave output
and daylight saving are not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vmm.devices.byte_port import read_bytes, write_bytes
from vmm.devices.device import Register, Unknown
from vmm.machine.clock import NS, Clock, Event
from vmm.machine.line import Line

SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM = range(6)
WEEKDAY, DAY, MONTH, YEAR, A, B, C, D = range(6, 14)
CENTURY = 0x32
TIME_REGISTERS = (SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY)

A_UIP, A_DIVIDER, A_RATE = 0x80, 0x70, 0x0F
DIVIDER_RUNS, DIVIDER_RESET = 0x20, 0x60
B_SET, B_PIE, B_AIE, B_UIE, B_DM, B_24H = 0x80, 0x40, 0x20, 0x10, 0x04, 0x02
C_IRQF, C_PF, C_AF, C_UF = 0x80, 0x40, 0x20, 0x10
D_VRT = 0x80
HOUR_PM = 0x80
ALARM_ANY = 0xC0  # an alarm byte with both bits set matches everything

CRYSTAL = 32_768
UPDATE_NS = 244_000  # UIP is set this long before an update
DAY_SECONDS = 86_400
EPOCH = datetime(1970, 1, 1)
DEFAULT_TIME = 1_767_225_600  # 2026-01-01 00:00:00


@dataclass(slots=True)
class Mc146818State:
    """RAM, and where calendar time stands against virtual time."""

    ram: list[int] = field(default_factory=lambda: [0] * 128)
    index: int = 0
    nmi_disabled: bool = False
    offset: int = DEFAULT_TIME * NS  # calendar nanoseconds since 1970 at virtual time zero
    collected: int = DEFAULT_TIME * NS  # calendar time up to which flags were worked out


class Mc146818:
    """Ports 0x70 (index, and the NMI mask in bit 7) and 0x71 (data)."""

    name = "mc146818"
    size = 2
    registers = (Register(0, "INDEX", "wo"), Register(1, "DATA"))

    def __init__(
        self, clock: Clock, line: Line, memory: int = 0, epoch: int = DEFAULT_TIME
    ) -> None:
        """``memory`` is the size of RAM in bytes, ``epoch`` the time at start (Unix seconds)."""
        self.clock = clock
        self.line = line
        self.unknown = Unknown(self.name)
        start = epoch * NS
        self.state = Mc146818State(offset=start - clock.now(), collected=start)
        self._event: Event | None = None
        ram = self.state.ram
        ram[A], ram[B], ram[D] = DIVIDER_RUNS | 6, B_24H, D_VRT
        self._set_memory(memory)

    def reset(self) -> None:
        """RESET clears interrupt enables and flags; time and RAM have a battery."""
        ram = self.state.ram
        ram[B] &= ~(B_PIE | B_AIE | B_UIE)
        ram[C] = 0
        self.state.index = 0
        self.state.nmi_disabled = False
        self.state.collected = self._calendar()
        self.resume()

    def resume(self) -> None:
        """After the state was replaced: the line and the event again."""
        self._update()

    def read(self, offset: int, size: int) -> int:
        return read_bytes(self._read, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        write_bytes(self._write, offset, size, value)

    def set_ram(self, index: int, value: int) -> None:
        """Put a byte of configuration where firmware looks for it (0x0E to 0x7F)."""
        self.state.ram[index] = value & 0xFF

    def _set_memory(self, memory: int) -> None:
        """The sizes as a PC's firmware leaves them: base, extended, above 16 MiB."""
        if not memory:
            return
        base = min(memory >> 10, 640)
        extended = min(max((memory >> 10) - 1024, 0), 0xFFFF)
        high = min(max((memory >> 16) - 256, 0), 0xFFFF)
        for index, value in ((0x15, base), (0x17, extended), (0x30, extended), (0x34, high)):
            self.set_ram(index, value)
            self.set_ram(index + 1, value >> 8)

    # -- registers ----------------------------------------------------------

    def _read(self, offset: int) -> int:
        if offset != 1:
            return 0xFF  # the index cannot be read back
        self._collect()
        ram, index = self.state.ram, self.state.index
        if index in TIME_REGISTERS and not self._frozen():
            self._show_time()
        if index == A:
            return ram[A] | (A_UIP if self._updating() else 0)
        if index == C:
            value, ram[C] = ram[C], 0
            self._update()
            return value
        return ram[index]

    def _write(self, offset: int, value: int) -> None:
        s = self.state
        if offset == 0:
            s.index = value & 0x7F
            s.nmi_disabled = bool(value & 0x80)
            return
        if offset != 1:
            self.unknown.write(offset, 1, value)
            return
        self._collect()
        if s.index in TIME_REGISTERS:
            self._set_time_register(s.index, value)
        elif s.index == A:
            self._set_a(value & ~A_UIP)
        elif s.index == B:
            self._set_b(value)
        elif s.index in (C, D):
            self.unknown.note(f"write of {value:#x} to a read-only register")
        else:
            s.ram[s.index] = value
        self._update()

    def _set_time_register(self, index: int, value: int) -> None:
        if not self._frozen():
            self._show_time()
        self.state.ram[index] = value
        if not self._frozen():
            self._take_time()

    def _set_a(self, value: int) -> None:
        s = self.state
        held = s.ram[A] & DIVIDER_RESET == DIVIDER_RESET
        holds = value & DIVIDER_RESET == DIVIDER_RESET
        if holds and not self._frozen():
            self._show_time()
        s.ram[A] = value
        if held and not holds:
            # The first update comes half a second after the divider starts.
            self._take_time(NS // 2)

    def _set_b(self, value: int) -> None:
        s = self.state
        if value & B_SET:
            if not self._frozen():
                self._show_time()
            value &= ~B_UIE
            s.ram[B] = value
            return
        frozen = s.ram[B] & B_SET
        s.ram[B] = value
        if frozen and not self._frozen():
            self._take_time()

    # -- calendar -----------------------------------------------------------

    def _calendar(self) -> int:
        return self.clock.now() + self.state.offset

    def _frozen(self) -> bool:
        ram = self.state.ram
        return bool(ram[B] & B_SET) or ram[A] & DIVIDER_RESET == DIVIDER_RESET

    def _updating(self) -> bool:
        return not self._frozen() and self._calendar() % NS >= NS - UPDATE_NS

    def _encode(self, value: int) -> int:
        return value if self.state.ram[B] & B_DM else value // 10 << 4 | value % 10

    def _decode(self, value: int) -> int:
        return value if self.state.ram[B] & B_DM else (value >> 4) * 10 + (value & 15)

    def _encode_hour(self, hour: int) -> int:
        if self.state.ram[B] & B_24H:
            return self._encode(hour)
        return self._encode((hour + 11) % 12 + 1) | (HOUR_PM if hour >= 12 else 0)

    def _decode_hour(self, value: int) -> int:
        if self.state.ram[B] & B_24H:
            return self._decode(value)
        return self._decode(value & ~HOUR_PM) % 12 + (12 if value & HOUR_PM else 0)

    def _show_time(self) -> None:
        """Put the present time into the registers."""
        ram = self.state.ram
        now = EPOCH + timedelta(seconds=self._calendar() // NS)
        for index, value in (
            (SECONDS, now.second),
            (MINUTES, now.minute),
            (WEEKDAY, now.isoweekday() % 7 + 1),
            (DAY, now.day),
            (MONTH, now.month),
            (YEAR, now.year % 100),
            (CENTURY, now.year // 100),
        ):
            ram[index] = self._encode(value)
        ram[HOURS] = self._encode_hour(now.hour)

    def _take_time(self, fraction: int | None = None) -> None:
        """Make the registers the present time; values out of range carry over."""
        ram = self.state.ram
        seconds, minutes, day, month, year, century = (
            self._decode(ram[n]) for n in (SECONDS, MINUTES, DAY, MONTH, YEAR, CENTURY)
        )
        first = datetime(min(max(century, 1), 98) * 100 + year % 100, min(max(month, 1), 12), 1)
        moment = (
            first
            - EPOCH
            + timedelta(
                days=day - 1, hours=self._decode_hour(ram[HOURS]), minutes=minutes, seconds=seconds
            )
        )
        if fraction is None:
            fraction = self._calendar() % NS
        calendar = (moment.days * DAY_SECONDS + moment.seconds) * NS + fraction
        self.state.offset = calendar - self.clock.now()
        self.state.collected = calendar

    # -- flags and interrupts -----------------------------------------------

    def _period(self) -> int | None:
        """The periodic rate in crystal cycles, or None."""
        ram = self.state.ram
        rate = ram[A] & A_RATE
        if not rate or ram[A] & A_DIVIDER != DIVIDER_RUNS:
            return None
        return 1 << (rate - 1 + (7 if rate <= 2 else 0))

    def _next_alarm(self, second: int) -> int | None:
        """The first calendar second after ``second`` that the alarm matches."""
        ram = self.state.ram

        def matching(index: int, limit: int, hour: bool = False) -> list[int]:
            byte = ram[index]
            if byte & ALARM_ANY == ALARM_ANY:
                return list(range(limit))
            value = self._decode_hour(byte) if hour else self._decode(byte)
            return [value] if value < limit else []

        hours = matching(HOURS_ALARM, 24, hour=True)
        minutes, seconds = matching(MINUTES_ALARM, 60), matching(SECONDS_ALARM, 60)
        if not (hours and minutes and seconds):
            return None
        today = second - second % DAY_SECONDS
        for day in (today, today + DAY_SECONDS):
            for h in hours:
                if day + h * 3600 + 3599 <= second:
                    continue
                for m in minutes:
                    begin = day + h * 3600 + m * 60
                    if begin + 59 <= second:
                        continue
                    found = next((begin + s for s in seconds if begin + s > second), None)
                    if found is not None:
                        return found
        return None

    def _collect(self) -> None:
        """Set the flags of everything that happened since the last look."""
        s = self.state
        now, before = self._calendar(), s.collected
        s.collected = now
        if now <= before:
            return
        period = self._period()
        if period and now * CRYSTAL // NS // period != before * CRYSTAL // NS // period:
            s.ram[C] |= C_PF
        if not self._frozen() and now // NS != before // NS:
            s.ram[C] |= C_UF
            alarm = self._next_alarm(before // NS)
            if alarm is not None and alarm <= now // NS:
                s.ram[C] |= C_AF

    def _next_event(self) -> int | None:
        """The calendar time at which an enabled flag is next set."""
        ram = self.state.ram
        now = self._calendar()
        times = []
        period = self._period()
        if ram[B] & B_PIE and period:
            tick = (now * CRYSTAL // NS // period + 1) * period
            times.append(-(-tick * NS // CRYSTAL))
        if not self._frozen():
            if ram[B] & B_UIE:
                times.append((now // NS + 1) * NS)
            alarm = self._next_alarm(now // NS) if ram[B] & B_AIE else None
            if alarm is not None:
                times.append(alarm * NS)
        return min(times, default=None)

    def _update(self) -> None:
        """Drive the line; while it is low, wait for the next enabled flag."""
        ram = self.state.ram
        requested = bool(ram[C] & ram[B] & (C_PF | C_AF | C_UF))
        ram[C] = ram[C] & ~C_IRQF | (C_IRQF if requested else 0)
        self.line.set(requested)
        self.clock.cancel(self._event)
        self._event = None
        if not requested and (when := self._next_event()) is not None:
            self._event = self.clock.at(when - self.state.offset, self._due, "mc146818")

    def _due(self) -> None:
        self._event = None
        self._collect()
        self._update()
