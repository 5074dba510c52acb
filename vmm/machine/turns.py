# SPDX-License-Identifier: GPL-2.0-or-later
"""Several processors of one machine take turns.

There is one account of instructions and of time: an instruction takes a cycle whichever
processor runs it, so while one runs the others stand still.  A turn is `TURN` instructions long
if another processor could run, and ends early when the processor sleeps (WFI), waits for an
event (WFE) or is switched off.  All of that is decided by counts, so the same inputs make the
same run; and a time that one processor has read is never later than one that another reads
afterwards.

The machine's `processor` and `engine` are always those whose turn it is.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.cpu.processor import Processor
    from vmm.machine.machine import Machine

TURN = native.TURN  # instructions
NEVER = 1 << 62


@dataclass(slots=True)
class State:
    """What a snapshot has to keep."""

    on: list[bool]  # by processor: whether it is switched on
    current: int = 0
    # The count at which the turn is over, if another could run; the native layer's too.
    end: C.c_int64 = field(default_factory=lambda: C.c_int64(NEVER))
    over: bool = False  # the current processor has given up its turn


class Turns:
    """Runs a machine's processors; the first one is on, the others wait to be switched on."""

    def __init__(self, machine: Machine, processors: Sequence[Processor]) -> None:
        first = processors[0].engine
        self.machine = machine
        self.processors = tuple(processors)
        self.state = State([index == 0 for index in range(len(processors))])
        for processor in self.processors:
            processor.engine.native.turn_end = C.pointer(self.state.end)
        for processor in self.processors[1:]:
            engine = processor.engine
            engine.join(first)
            engine.handlers = first.handlers
            engine.native.clock_hz = first.native.clock_hz
            engine.native.clock_sequence = first.native.clock_sequence
            processor.read_physical = machine.bus.read_memory
        first.handlers.halt = lambda: True  # leave the engine: another one may run
        machine.bus.set_hot = self._set_hot
        machine.bus.clear_hot = self._clear_hot
        machine.bus.set_models = self._set_models

    def _set_hot(self, address: int, size: int, value: int, port: bool = False) -> None:
        self.machine.engine.device_registers.set_hot(address, size, value, port)

    def _clear_hot(self) -> None:
        self.machine.engine.device_registers.clear_hot()

    def _set_models(self, on: bool) -> None:
        for processor in self.processors:
            processor.engine.device_registers.set_models(on)

    # -- switching processors on and off ------------------------------------------

    def switch_on(self, index: int) -> None:
        """From now on the processor, which has been reset, takes its turns."""
        self.state.on[index] = True
        self.soon()

    def switch_off(self) -> None:
        """The current processor stops where it is; for its own trap's handler."""
        self.state.on[self.state.current] = False
        self.state.over = True
        self.machine.engine.stop()

    def soon(self) -> None:
        """Another processor may have become able to run: this turn is no longer without end."""
        state = self.state
        if state.end.value == NEVER:
            state.end.value = self.machine.engine.count + TURN
            self.machine.rearm()

    def is_over(self, count: int) -> bool:
        """Whether the turn ends at ``count``; for the machine's look there."""
        if count >= self.state.end.value:
            self.state.over = True
        return self.state.over

    def reset(self) -> None:
        """As at power-on; the account of instructions and time goes on."""
        first = self.processors[0]
        if self.state.current:
            first.engine.take_turn(self.machine.engine)
        state = self.state
        state.on[:] = [index == 0 for index in range(len(self.processors))]
        state.current, state.end.value, state.over = 0, NEVER, False
        self.resume()

    def resume(self) -> None:
        """The state has been put back."""
        current = self.processors[self.state.current]
        self.machine.processor, self.machine.engine = current, current.engine

    # -- running --------------------------------------------------------------------

    def run(self) -> int:
        """Run until something other than the end of a turn stops the engine; a REASON_ value."""
        machine, state = self.machine, self.state
        while self._next():
            engine = machine.engine
            reason = machine.processor.run()
            if engine.native.yielded:
                engine.native.yielded = 0
                state.over = True
            if reason == native.REASON_HALTED:
                state.over = True
            if machine.outcome is not None or machine.resetting or machine.stopped_at_count:
                return reason
            if not state.over:
                return reason
            if reason not in (native.REASON_STOPPED, native.REASON_HALTED):
                return reason
        return native.REASON_HALTED

    def _next(self) -> bool:
        """Let the processor whose turn it is have it; False if the run is to end."""
        state, machine = self.state, self.machine
        if not state.over and self._can_run(state.current):
            return machine.outcome is None
        count = len(self.processors)
        while True:
            for step in range(1, count + 1):
                index = (state.current + step) % count
                if self._can_run(index):
                    self._take(index)
                    return machine.outcome is None
            if machine.halts.sleep(self._anybody_can_run):
                return False

    def _can_run(self, index: int) -> bool:
        processor = self.processors[index]
        return self.state.on[index] and (not processor.engine.asleep or processor.wakes())

    def _anybody_can_run(self) -> bool:
        return any(map(self._can_run, range(len(self.processors))))

    def _take(self, index: int) -> None:
        state, machine = self.state, self.machine
        processor = self.processors[index]
        engine = processor.engine
        if index != state.current:
            engine.take_turn(machine.engine)
            machine.processor, machine.engine = processor, engine
        if engine.asleep:
            engine.wake()
        state.current, state.over, state.end.value = index, False, NEVER
        others = (other for other in range(len(self.processors)) if other != index)
        if any(map(self._can_run, others)):
            state.end.value = engine.count + TURN
