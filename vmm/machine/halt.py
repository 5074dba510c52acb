# SPDX-License-Identifier: GPL-2.0-or-later
"""Time passes while a machine's processor is halted, until something wakes it.

What can be done without Python is done in `vmm/native/src/halt.c`; the rest
comes here: events of Python's clock, several processors, sleeps that take
real time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm.machine.clock import NS

if TYPE_CHECKING:
    from vmm.machine.machine import Machine


class Halts:
    """The sleeps of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.idle_input: Callable[[], bool] | None = None  # wait for input; False: none will come
        self._woken = False

    def let_sleep(self) -> None:
        """Tell the native layer whether sleeps may last as long as virtual time says."""
        machine = self._machine
        machine.engine.native.held = machine.outside.holds

    def wake(self) -> None:
        """End the present sleep, though no interrupt has come."""
        self._woken = True

    def halt(self) -> bool:
        """The engine's handler of a halt: True if the run is to end there."""
        return self.sleep(self._machine.processor.wakes)

    def sleep(self, wakes: Callable[[], bool]) -> bool:
        """Let time pass until ``wakes``; True if the run is to end instead."""
        machine = self._machine
        self._woken = False
        while not (wakes() or self._woken):
            sleeps = machine.engine.native.sleeps = machine.engine.native.sleeps + 1
            if not sleeps & 0x3FF:
                machine.look_outside()
            if machine.outcome is not None or not machine.processor.can_wake():
                return True
            cycle = machine.clock.next_cycle()
            if cycle is None:
                if self._idle():
                    continue
                return True
            cycles = cycle - machine.engine.cycles
            if cycles > 0:
                self._pass(cycles)
            machine.clock.run_due()
            machine.bus.cool()
        self.let_sleep()
        machine.rearm()
        return machine.outcome is not None

    def _pass(self, cycles: int) -> None:
        """Let so many cycles pass, or fewer if the outside has something."""
        machine = self._machine
        if machine.outside.holds:
            now, hz = machine.clock.now(), machine.clock.hz
            gone = machine.outside.sleep(now, now + cycles * NS // hz)
            machine.engine.native.idle += min(cycles, gone * hz // NS + 1)
            machine.look_outside()
        else:
            machine.engine.native.idle += cycles

    def _idle(self) -> bool:
        """Nothing is due, ever: wait for the outside; False if nothing will come from there."""
        if self.idle_input is not None and self.idle_input():
            return True
        if not self._machine.outside.holds:
            return False
        self._pass(self._machine.clock.hz)
        return True
