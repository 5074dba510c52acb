# SPDX-License-Identifier: GPL-2.0-or-later
"""The 8254 interval timer (Intel data sheet 231164).

Three counters with all six modes, binary and BCD, latch and read-back
commands, gates.  A count is derived from the clock when somebody looks; the
only events are the changes of an output that a line is attached to.  A count
written becomes effective at the next CLK, as on the chip.  Departures: in
modes 2 and 3 a new count starts with the next full period (the chip: mode 3
with the next half), and the low pulse of modes 2, 4 and 5, one CLK long, is
put on the line together with its end.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Sequence
from functools import partial

from vmm.devices.byte_port import read_bytes, write_bytes
from vmm.devices.device import Register, Unknown
from vmm.devices.shared import Shared, SharedState
from vmm.machine.clock import Clock
from vmm.machine.line import Line

FREQUENCY = 1_193_182

READ_BACK = 3  # the counter number that means the read-back command
RB_NO_COUNT, RB_NO_STATUS = 0x20, 0x10
RW_LATCH, RW_LOW, RW_HIGH, RW_BOTH = range(4)
STATUS_OUT, STATUS_NULL = 0x80, 0x40
TRIGGERED = (1, 5)  # modes that a rising gate starts
PERIODIC = (2, 3)
NONE = -1


class CounterState(Shared):
    """One counter, `struct vmm_i8254_counter`.  Ticks are CLK periods since reset of the machine.

    NONE stands for a tick, count or byte that there is not.
    """

    start: int  # the tick of the first CLK with `count`; NONE: not counting
    held: int  # ticks gone by when the gate stopped the count, or NONE
    next_start: int  # the period at which `reload` takes over, or NONE
    mode: int
    bcd: int  # 0 or 1
    rw: int
    gate: int  # 0 or 1
    reload: int  # CR: what was written, 0 meaning the largest count
    count: int  # the count in use, 0 as above
    low_written: int  # first byte of two, or NONE
    high_next: int  # 1: the next read gives the high byte
    latched_count: int  # bytes of `latched` that are still to be read, the last of them
    latched: C.Array[C.c_int32]
    latched_status: int  # or NONE
    _fields_ = (
        ("start", C.c_int64),
        ("held", C.c_int64),
        ("next_start", C.c_int64),
        ("mode", C.c_int32),
        ("bcd", C.c_int32),
        ("rw", C.c_int32),
        ("gate", C.c_int32),
        ("reload", C.c_int32),
        ("count", C.c_int32),
        ("low_written", C.c_int32),
        ("high_next", C.c_int32),
        ("latched_count", C.c_int32),
        ("latched", C.c_int32 * 2),
        ("latched_status", C.c_int32),
    )


class I8254State(Shared):
    """Three counters, `struct vmm_i8254`; after power-on counter 2's gate is low."""

    counters: C.Array[CounterState]
    _fields_ = (("counters", CounterState * 3),)


def initial(start: int) -> I8254State:
    """As QEMU leaves it: mode 3 with the largest count, from tick ``start``."""
    state = I8254State()
    for n, c in enumerate(state.counters):
        c.mode, c.rw, c.gate = 3, RW_BOTH, n < 2
        c.start, c.held = start, NONE if n < 2 else 0
        c.next_start = c.low_written = c.latched_status = NONE
    return state


def largest(count: int, bcd: int) -> int:
    """The number of CLKs that a count register means."""
    if bcd:
        count = sum((count >> 4 * n & 15) * 10**n for n in range(4))
    return count or (10_000 if bcd else 0x10000)


def to_bcd(value: int) -> int:
    """Four decimal digits."""
    return sum(value // 10**n % 10 << 4 * n for n in range(4))


class I8254(SharedState[I8254State]):
    """``lines[n]``, where given, follows the output of counter n."""

    name = "i8254"
    size = 4
    registers = (
        Register(0, "COUNTER0"),
        Register(1, "COUNTER1"),
        Register(2, "COUNTER2"),
        Register(3, "CONTROL", "wo"),
    )

    def __init__(self, clock: Clock, lines: Sequence[Line | None] = (None, None, None)) -> None:
        self.clock = clock
        self.lines = tuple(lines) + (None,) * (3 - len(lines))
        self.unknown = Unknown(self.name)
        self.state = initial(0)
        self._counters = [self.state.counters[n] for n in range(3)]  # the state's own
        self.timers = tuple(
            None if line is None else clock.timer(partial(self._change, n), f"i8254 counter {n}")
            for n, line in enumerate(self.lines)
        )
        self.reset()

    def reset(self) -> None:
        self.state = initial(self._now() + 1)
        self.resume()

    def resume(self) -> None:
        """After the state was replaced: lines and events again."""
        for n in range(3):
            self._follow(n)

    def read(self, offset: int, size: int) -> int:
        return read_bytes(self._read, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        write_bytes(self._write, offset, size, value)

    # -- pins ---------------------------------------------------------------

    def output(self, n: int) -> bool:
        """The level of OUT ``n`` now."""
        return self._output(self._settled(n), self._now())

    def gate(self, n: int, level: bool) -> None:
        """Drive GATE ``n``."""
        c = self._settled(n)
        if level == c.gate:
            return
        now = self._now()
        c.gate = level
        if c.mode in TRIGGERED:
            if level and (c.start != NONE or c.next_start != NONE):
                self._load(c, now + 1)
        elif not level:
            c.held = NONE if c.start == NONE else max(now - c.start, 0)
        elif c.held != NONE:
            # Modes 2 and 3 begin a period, 0 and 4 go on where they stopped.
            if c.mode in PERIODIC:
                self._load(c, now + 1)
            else:
                c.start = now - c.held
            c.held = NONE
        self._follow(n)

    # -- registers ----------------------------------------------------------

    def _read(self, offset: int) -> int:
        if offset > 2:
            return self.unknown.read(offset, 1, 0xFF)
        c = self._settled(offset)
        if c.latched_status != NONE:
            status, c.latched_status = c.latched_status, NONE
            return status
        if c.latched_count:
            c.latched_count -= 1
            return c.latched[1 - c.latched_count]
        value = self._value(c, self._now())
        if c.rw == RW_LOW:
            return value & 0xFF
        if c.rw == RW_HIGH:
            return value >> 8
        c.high_next ^= 1
        return value & 0xFF if c.high_next else value >> 8

    def _write(self, offset: int, value: int) -> None:
        if offset == 3:
            self._control(value)
            return
        if offset > 3:
            self.unknown.write(offset, 1, value)
            return
        c = self._settled(offset)
        if c.rw == RW_LOW:
            self._new_count(c, value)
        elif c.rw == RW_HIGH:
            self._new_count(c, value << 8)
        elif c.low_written == NONE:
            c.low_written = value
            if c.mode == 0:
                c.start = NONE  # the first byte stops the count
        else:
            low, c.low_written = c.low_written, NONE
            self._new_count(c, value << 8 | low)
        self._follow(offset)

    def _control(self, value: int) -> None:
        n, rw = value >> 6, value >> 4 & 3
        if n == READ_BACK:
            for channel in range(3):
                if value >> (channel + 1) & 1:
                    self._read_back(channel, value)
            return
        c = self._settled(n)
        if rw == RW_LATCH:
            self._latch(c)
            return
        mode = value >> 1 & 7
        c.mode = mode if mode < 6 else mode - 4
        c.bcd = value & 1
        c.rw = rw
        c.start = c.held = c.next_start = c.low_written = c.latched_status = NONE
        c.high_next = c.latched_count = 0
        self._follow(n)

    def _read_back(self, n: int, command: int) -> None:
        c = self._settled(n)
        if not command & RB_NO_COUNT:
            self._latch(c)
        if not command & RB_NO_STATUS and c.latched_status == NONE:
            now = self._now()
            null = c.start == NONE or c.next_start != NONE or now < c.start
            c.latched_status = (
                (STATUS_OUT if self._output(c, now) else 0)
                | (STATUS_NULL if null else 0)
                | c.rw << 4
                | c.mode << 1
                | c.bcd
            )

    def _latch(self, c: CounterState) -> None:
        if c.latched_count:
            return
        value = self._value(c, self._now())
        low, high = value & 0xFF, value >> 8
        c.latched[:] = [low, low if c.rw == RW_LOW else high]
        c.latched_count = 2 if c.rw == RW_BOTH else 1

    # -- counting -----------------------------------------------------------

    def _now(self) -> int:
        return self.clock.ticks(FREQUENCY)

    def _new_count(self, c: CounterState, value: int) -> None:
        """A complete count was written into CR."""
        now = self._now()
        c.reload = value
        if c.mode in TRIGGERED:
            # Waits for the gate; a count that runs is not disturbed.
            c.next_start = now if c.start == NONE else c.next_start
        elif c.mode in PERIODIC and c.start != NONE and c.held == NONE:
            n = largest(c.count, c.bcd)
            periods = (now - c.start) // n + 1 if now >= c.start else 0
            c.next_start = c.start + periods * n
        else:
            self._load(c, now + 1)
            c.held = NONE if c.gate else 0

    @staticmethod
    def _load(c: CounterState, start: int) -> None:
        c.count, c.start, c.next_start = c.reload, start, NONE

    def _settled(self, n: int) -> CounterState:
        """The counter, with a count that has taken over since in its place."""
        c = self._counters[n]
        if c.mode in PERIODIC and c.next_start != NONE and self._now() >= c.next_start:
            self._load(c, c.next_start)
        return c

    def _elapsed(self, c: CounterState, now: int) -> int:
        if c.held != NONE:
            return c.held
        return 0 if c.start == NONE else max(now - c.start, 0)

    def _value(self, c: CounterState, now: int) -> int:
        """What a read of the counting element gives."""
        n = largest(c.count if c.start != NONE else c.reload, c.bcd)
        elapsed = self._elapsed(c, now)
        if c.mode == 2:
            value = n - elapsed % n
        elif c.mode == 3:
            high = (n + 1) // 2
            phase = elapsed % n
            value = (n & ~1) - 2 * (phase if phase < high else phase - high)
        else:
            value = n - elapsed
        value %= 10_000 if c.bcd else 0x10000
        return to_bcd(value) if c.bcd else value

    def _output(self, c: CounterState, now: int) -> bool:
        if c.start == NONE:
            return c.mode != 0
        n = largest(c.count, c.bcd)
        elapsed = self._elapsed(c, now)
        match c.mode:
            case 0:
                return elapsed >= n
            case 1:
                return elapsed >= n
            case 2:
                return not c.gate or n == 1 or elapsed % n != n - 1
            case 3:
                return not c.gate or elapsed % n < (n + 1) // 2
            case _:
                return elapsed != n

    def _next_change(self, c: CounterState, now: int) -> int | None:
        """The next tick after ``now`` at which a line must be looked at."""
        if c.start == NONE or c.held != NONE:
            return None
        n = largest(c.count, c.bcd)
        if c.mode in PERIODIC:
            if n == 1:
                return None
            begin = c.start if now < c.start else now - (now - c.start) % n
            if c.mode == 3 and now < begin + (n + 1) // 2:
                return begin + (n + 1) // 2
            return begin + n
        end = c.start + n + (0 if c.mode < 2 else 1)
        return end if end > now else None

    def _follow(self, n: int) -> None:
        """Drive the line of a counter and ask for its next change."""
        line, timer = self.lines[n], self.timers[n]
        if line is None or timer is None:
            return
        c, now = self._settled(n), self._now()
        line.set(self._output(c, now))
        tick = self._next_change(c, now)
        if tick is None:
            timer.cancel()
        else:
            timer.at_tick(FREQUENCY, tick)

    def _change(self, n: int) -> None:
        line, c = self.lines[n], self._counters[n]
        if line is not None and c.mode not in (0, 1, 3):
            line.set(False)  # the pulse that ends now
        self._follow(n)
