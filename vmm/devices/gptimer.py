# SPDX-License-Identifier: GPL-2.0-or-later
"""GRLIB GPTIMER: a prescaler and up to seven decrementing timers.

After the GRLIB IP Core User's Manual, chapter GPTIMER, without watchdog,
latches and external clock.  The 16-bit prescaler counts the system clock down
and ticks on underflow, every SRELOAD + 1 cycles, while any timer is enabled.
A tick decrements each enabled timer, or, for one with CH, the underflow of the
timer before it (of the last one, for the first).  A timer that underflows
reloads with RS and stops without, sets IP and pulses its interrupt with IE.

Nothing runs per tick: counters are computed from the clock when they are
looked at, and only the next interrupt is an event.  Loading (LD) is immediate,
so LD reads as zero; the one cycle that a chained underflow travels is left
out.  DF reads as one after reset, as on QEMU 7.2 (hardware: zero); debug stops
freeze virtual time, so it has no effect.  QEMU's departures not taken over:
no chains, EN stays set when a one-shot timer stops, prescaler reset to zero.
Registers are 32 bits wide; narrow stores are ignored and counted.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Sequence

from vmm.devices.ambapp import lanes
from vmm.devices.device import Register, Unknown
from vmm.devices.shared import Shared, SharedState
from vmm.machine.clock import NEVER, Clock
from vmm.machine.line import Line

SCALER = 0x00
SRELOAD = 0x04
CONFIG = 0x08
COUNTER = 0x0  # and below: of a timer, at 0x10 * its number
RELOAD = 0x4
CONTROL = 0x8

EN = 1 << 0
RS = 1 << 1
LD = 1 << 2
IE = 1 << 3
IP = 1 << 4
CH = 1 << 5

SI = 1 << 8  # separate interrupts
DF = 1 << 9  # disable timer freeze

_TIMER_REGISTERS = ((COUNTER, "CNTVAL"), (RELOAD, "RLDVAL"), (CONTROL, "CTRL"))
_SCALER_BITS = 0xFFFF
TIMERS = 7  # at most
_ONES = 0xFFFF_FFFF


class State(Shared):
    """`struct vmm_gptimer`.  Counters are as they were at tick ``since`` of the system clock."""

    scaler: int
    scaler_reload: int
    freeze: int
    since: int
    counter: C.Array[C.c_uint32]
    reload: C.Array[C.c_uint32]
    control: C.Array[C.c_uint32]
    due: int  # the tick of the system clock that the timer is set to
    _fields_ = (
        ("since", C.c_int64),
        ("scaler", C.c_uint32),
        ("scaler_reload", C.c_uint32),
        ("freeze", C.c_uint32),
        ("counter", C.c_uint32 * TIMERS),
        ("reload", C.c_uint32 * TIMERS),
        ("control", C.c_uint32 * TIMERS),
        ("due", C.c_int64),
    )


class Gptimer(SharedState[State]):
    """``lines`` has one interrupt line a timer, or one line for all of them.

    ``interrupt`` is the number of the first line, ``frequency`` that of the
    system clock in Hz.
    """

    def __init__(
        self,
        clock: Clock,
        lines: Sequence[Line],
        interrupt: int = 6,
        timers: int = 2,
        frequency: int = 40_000_000,
        name: str = "gptimer",
    ) -> None:
        if not 1 <= timers <= 7:
            raise ValueError(f"{name}: 1 to 7 timers, not {timers}")
        if len(lines) not in (1, timers):
            raise ValueError(f"{name}: {len(lines)} lines for {timers} timers")
        self.name = name
        self.size = 0x100
        self.unknown = Unknown(name)
        self.clock = clock
        self.frequency = frequency
        self.timers = timers
        self.lines = list(lines) if len(lines) == timers else list(lines) * timers
        self._config = timers | interrupt << 3 | (SI if len(lines) == timers else 0)
        self.timer = clock.timer(self._expire, name)
        self.registers = (
            Register(SCALER, "SCALER", reset=_SCALER_BITS),
            Register(SRELOAD, "SRELOAD", reset=_SCALER_BITS),
            Register(CONFIG, "CONFIG", reset=self._config | DF),
            *(
                Register(0x10 * n + offset, f"T{field_name}{n}")
                for n in range(1, timers + 1)
                for offset, field_name in _TIMER_REGISTERS
            ),
        )
        self.state = self._initial()

    def _initial(self) -> State:
        return State(
            scaler=_SCALER_BITS,
            scaler_reload=_SCALER_BITS,
            freeze=DF,
            since=self.clock.ticks(self.frequency),
        )

    def reset(self) -> None:
        self.state = self._initial()
        self._schedule()

    def resume(self) -> None:
        """Schedule the next interrupt again after the state was replaced."""
        self.timer.cancel()
        self._schedule()

    # -- time ----------------------------------------------------------------

    def _running(self) -> bool:
        return any(control & EN for control in self.state.control[: self.timers])

    def _catch_up(self) -> None:
        """Bring the state to the present, with all interrupts on the way."""
        state = self.state
        now = self.clock.ticks(self.frequency)
        elapsed = now - state.since
        state.since = now
        if elapsed <= 0 or not self._running():
            return
        period = state.scaler_reload + 1
        if elapsed <= state.scaler:
            state.scaler -= elapsed
            return
        beyond = elapsed - (state.scaler + 1)
        state.scaler = state.scaler_reload - beyond % period
        underflows = self._count(1 + beyond // period)
        if not self._running():
            # The prescaler stood still from the tick that stopped the last timer.
            state.scaler = state.scaler_reload
        for index, count in enumerate(underflows):
            if count and state.control[index] & IE:
                state.control[index] |= IP
                self.lines[index].pulse()

    def _count(self, ticks: int) -> list[int]:
        """Count every timer down; return how often each underflowed."""
        underflows = [0] * self.timers
        for index in self._order():
            events = underflows[index - 1] if self.state.control[index] & CH else ticks
            underflows[index] = self._decrement(index, events)
        return underflows

    def _decrement(self, index: int, events: int) -> int:
        state = self.state
        if not state.control[index] & EN or events == 0:
            return 0
        if events <= state.counter[index]:
            state.counter[index] -= events
            return 0
        if not state.control[index] & RS:
            state.counter[index] = _ONES
            state.control[index] &= ~EN
            return 1
        period = state.reload[index] + 1
        beyond = events - (state.counter[index] + 1)
        state.counter[index] = state.reload[index] - beyond % period
        return 1 + beyond // period

    def _order(self) -> list[int]:
        """Timers after the ones that they are chained to.

        A ring in which every timer waits for another is left out: it stands still.
        """
        control = self.state.control
        first = next((n for n in range(self.timers) if not control[n] & CH), None)
        if first is None:
            return []
        return [(first + n) % self.timers for n in range(self.timers)]

    def _ticks_until(self, index: int, underflows: int) -> int | None:
        """Prescaler ticks until a timer has underflowed so often, or None for never."""
        state = self.state
        for _ in range(self.timers):
            control = state.control[index]
            if not control & EN or (underflows > 1 and not control & RS):
                return None
            events = state.counter[index] + 1 + (underflows - 1) * (state.reload[index] + 1)
            if not control & CH:
                return events
            index, underflows = (index - 1) % self.timers, events
        return None

    def _schedule(self) -> None:
        state = self.state
        waits = []
        for index in range(self.timers):
            if state.control[index] & IE and (ticks := self._ticks_until(index, 1)) is not None:
                waits.append(ticks)
        if not waits:
            self.timer.cancel()
            return
        cycles = state.scaler + 1 + (min(waits) - 1) * (state.scaler_reload + 1)
        due = min(state.since + cycles, NEVER)  # chains count far
        if not self.timer.pending or due != state.due:
            state.due = due
            self.timer.at_tick(self.frequency, due)

    def _expire(self) -> None:
        self._catch_up()
        self._schedule()

    # -- the bus's side ------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        if size == 8:
            return self.read(offset, 4) << 32 | self.read(offset + 4, 4)
        self._catch_up()
        # Catching up may have used up the event's interrupt: plan anew.
        self._schedule()
        state = self.state
        word, number = offset & ~3, (offset >> 4) - 1
        value: int | None = None
        if word == SCALER:
            value = state.scaler
        elif word == SRELOAD:
            value = state.scaler_reload
        elif word == CONFIG:
            value = self._config | state.freeze
        elif 0 <= number < self.timers:
            match word & 0xF:
                case 0x0:
                    value = state.counter[number]
                case 0x4:
                    value = state.reload[number]
                case 0x8:
                    value = state.control[number]
        if value is None:
            return self.unknown.read(offset, size)
        return lanes(value, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        if size == 8:
            self.write(offset, 4, value >> 32)
            self.write(offset + 4, 4, value & _ONES)
            return
        if size != 4:
            self.unknown.write(offset, size, value)
            return
        self._catch_up()
        state = self.state
        number = (offset >> 4) - 1
        if offset == SCALER:
            state.scaler = value & _SCALER_BITS
        elif offset == SRELOAD:
            state.scaler_reload = state.scaler = value & _SCALER_BITS
        elif offset == CONFIG:
            state.freeze = value & DF
        elif 0 <= number < self.timers and offset & 0xF != 0xC:
            self._write_timer(number, offset & 0xF, value)
        else:
            self.unknown.write(offset, size, value)
        self._schedule()

    def _write_timer(self, number: int, register: int, value: int) -> None:
        state = self.state
        if register == COUNTER:
            state.counter[number] = value
        elif register == RELOAD:
            state.reload[number] = value
        elif register == CONTROL:
            pending = state.control[number] & IP & ~value
            state.control[number] = value & (EN | RS | IE | CH) | pending
            if value & LD:
                state.counter[number] = state.reload[number]
