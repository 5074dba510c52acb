"""The ARM generic timer: the timers of one processor, on virtual time.

ARM DDI 0406C, part B8.  The counters themselves are read natively; this is
the comparators: a timer's condition holds once the counter has reached CVAL,
and its line is up while it is enabled, not masked, and the condition holds.
Registers are reached by system-register accesses, not through the bus.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from functools import partial

from vmm.devices.shared import Shared, SharedState
from vmm.machine.clock import NEVER, Clock
from vmm.machine.line import Line

ENABLE, IMASK, ISTATUS = 1, 2, 4
MASK64 = (1 << 64) - 1
PHYSICAL, VIRTUAL, HYPERVISOR, SECURE = range(4)
NAMES = ("physical", "virtual", "hypervisor", "secure")


class State(Shared):
    """`struct vmm_generic_timer`: all comparators of one processor, and CNTVOFF."""

    compare: C.Array[C.c_uint64]  # CVAL
    control: C.Array[C.c_uint32]  # ENABLE and IMASK
    virtual_offset: int
    _fields_ = (
        ("compare", C.c_uint64 * len(NAMES)),
        ("control", C.c_uint32 * len(NAMES)),
        ("virtual_offset", C.c_uint64),
    )


class GenericTimer(SharedState[State]):
    """Four comparators; ``lines`` are their interrupt wires in the order of NAMES."""

    name = "generic-timer"
    size = 0  # bytes on the bus

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
        self.timers = [
            clock.timer(partial(self._update, number), f"{name} timer")
            for number, name in enumerate(NAMES)
        ]

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
        return self.counter(timer) >= self.state.compare[timer]

    # -- registers ----------------------------------------------------------------

    def read_control(self, timer: int) -> int:
        """CTL: ISTATUS is only valid while the timer is enabled, and then shows the condition."""
        control = self.state.control[timer]
        if control & ENABLE and self.condition(timer):
            control |= ISTATUS
        return control

    def write_control(self, timer: int, value: int) -> None:
        """CTL."""
        self.state.control[timer] = value & (ENABLE | IMASK)
        self._update(timer)

    def read_compare(self, timer: int) -> int:
        """CVAL."""
        return self.state.compare[timer]

    def write_compare(self, timer: int, value: int) -> None:
        """CVAL."""
        self.state.compare[timer] = value & MASK64
        self._update(timer)

    def read_value(self, timer: int) -> int:
        """TVAL: the low 32 bits of what is left."""
        return (self.state.compare[timer] - self.counter(timer)) & 0xFFFFFFFF

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
        self.timers[timer].cancel()
        state = self.state
        control, compare = state.control[timer], state.compare[timer]
        if not control & ENABLE:
            self.lines[timer].set(False)
            return
        distance = compare - self.counter(timer)
        fired = distance <= 0
        self.lines[timer].set(fired and not control & IMASK)
        if not fired:
            tick = self.clock.ticks(self.frequency) + distance
            if tick < NEVER:
                self.timers[timer].at_tick(self.frequency, tick)
