"""The ARM generic timer: the timers of one processor, on virtual time.

ARM DDI 0406C, part B8.  The counters themselves are read natively; this is
the comparators: a timer's condition holds once the counter has reached CVAL,
and its line is up while it is enabled, not masked, and the condition holds.
Registers are reached by system-register accesses, not through the bus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from vmm.machine.clock import Clock, Event
from vmm.machine.line import Line

ENABLE, IMASK, ISTATUS = 1, 2, 4
MASK64 = (1 << 64) - 1
PHYSICAL, VIRTUAL, HYPERVISOR, SECURE = range(4)
NAMES = ("physical", "virtual", "hypervisor", "secure")


@dataclass(slots=True)
class TimerState:
    """One comparator."""

    control: int = 0  # ENABLE and IMASK
    compare: int = 0  # CVAL


@dataclass(slots=True)
class State:
    """All comparators of one processor, and CNTVOFF."""

    timers: list[TimerState] = field(default_factory=lambda: [TimerState() for _ in NAMES])
    virtual_offset: int = 0


class GenericTimer:
    """Four comparators; ``lines`` are their interrupt wires in the order of NAMES."""

    name = "generic-timer"

    def __init__(
        self,
        clock: Clock,
        frequency: int,
        lines: list[Line],
        on_offset: Callable[[int], None] = lambda offset: None,
    ) -> None:
        self.clock = clock
        self.frequency = frequency
        self.lines = lines
        self.on_offset = on_offset
        self.state = State()
        self._events: list[Event | None] = [None] * len(NAMES)

    def reset(self) -> None:
        """All timers disabled."""
        self.state = State()
        self.resume()

    def resume(self) -> None:
        """After the state was replaced: drive the lines and schedule anew."""
        self.on_offset(self.state.virtual_offset)
        for timer in range(len(NAMES)):
            self._update(timer)

    def counter(self, timer: int) -> int:
        """What the timer compares with: the physical count, less CNTVOFF for the virtual one."""
        count = self.clock.ticks(self.frequency)
        if timer == VIRTUAL:
            count -= self.state.virtual_offset
        return count & MASK64

    def condition(self, timer: int) -> bool:
        """Whether the counter has reached the compare value (as signed 64-bit distance)."""
        return self.counter(timer) >= self.state.timers[timer].compare

    # -- registers ----------------------------------------------------------------

    def read_control(self, timer: int) -> int:
        """CTL: ISTATUS is only valid while the timer is enabled, and then shows the condition."""
        control = self.state.timers[timer].control
        if control & ENABLE and self.condition(timer):
            control |= ISTATUS
        return control

    def write_control(self, timer: int, value: int) -> None:
        """CTL."""
        self.state.timers[timer].control = value & (ENABLE | IMASK)
        self._update(timer)

    def read_compare(self, timer: int) -> int:
        """CVAL."""
        return self.state.timers[timer].compare

    def write_compare(self, timer: int, value: int) -> None:
        """CVAL."""
        self.state.timers[timer].compare = value & MASK64
        self._update(timer)

    def read_value(self, timer: int) -> int:
        """TVAL: the low 32 bits of what is left."""
        return (self.state.timers[timer].compare - self.counter(timer)) & 0xFFFFFFFF

    def write_value(self, timer: int, value: int) -> None:
        """TVAL: a signed 32-bit distance from now."""
        signed = (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
        self.write_compare(timer, self.counter(timer) + signed)

    def write_offset(self, value: int) -> None:
        """CNTVOFF."""
        self.state.virtual_offset = value & MASK64
        self.on_offset(self.state.virtual_offset)
        self._update(VIRTUAL)

    # -- events -------------------------------------------------------------------

    def _update(self, timer: int) -> None:
        self.clock.cancel(self._events[timer])
        self._events[timer] = None
        state = self.state.timers[timer]
        if not state.control & ENABLE:
            self.lines[timer].set(False)
            return
        now = self.clock.ticks(self.frequency)
        offset = self.state.virtual_offset if timer == VIRTUAL else 0
        distance = state.compare - (now - offset & MASK64)
        fired = distance <= 0
        self.lines[timer].set(fired and not state.control & IMASK)
        if not fired:
            tick = now + distance
            if tick < 1 << 62:
                self._events[timer] = self.clock.at_tick(
                    self.frequency, tick, partial(self._update, timer), f"{NAMES[timer]} timer"
                )
