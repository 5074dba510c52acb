# SPDX-License-Identifier: GPL-2.0-or-later
"""Two machines that get one sequence of accesses, line changes, acknowledges and time that passes.

In one of them the native layer answers what it can; values, states and the processors'
interrupt requests must stay equal.
"""

from __future__ import annotations

import ctypes as C
import random
from collections.abc import Callable
from pathlib import Path

from vmm import boards
from vmm.boards.options import Options
from vmm.machine.machine import Machine
from vmm.native import library as native

NEVER = 1 << 62
GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
STEPS = 3000
INTERRUPT_REQUEST, SPARC_INTERRUPT_INDEX = 0x1C, 244
IRQMP, TIMER = 0x80000200, 0x80000300
GICD, GICC, PL011 = 0x08000000, 0x08010000, 0x09000000


def machine(board: str, processors: int = 1, *extensions: str) -> Machine:
    architecture = {"leon3": "sparc", "virt": "arm", "pc": "x86"}[board]
    kernel = GUESTS / architecture / "hello.elf"
    properties = dict.fromkeys(extensions, "on")
    return boards.create(Options(board, properties, kernel=kernel, processors=processors))


class Both:
    """The two machines, and one step for both."""

    def __init__(self, board: str, processors: int = 1, *extensions: str) -> None:
        self.modelled, self.plain = (machine(board, processors, *extensions) for _ in range(2))
        self.plain.bus.hot_reads = False
        self.native = 0  # accesses that a model answered
        self.expired = 0  # times that a model ran its timer

    def read(self, address: int, size: int, port: bool = False) -> int:
        m = self.modelled
        flag, value = native.PORT if port else 0, C.c_uint64()
        if m.engine.library.dll.vmm_model_read(m.engine.pointer, address | flag, size, value):
            self.native += 1
            found = value.value
        else:
            found = m.bus.port_in(address, size) if port else m.bus.read(address, size)
        bus = self.plain.bus
        expected = bus.port_in(address, size) if port else bus.read(address, size)
        assert found == expected, hex(address)
        return found

    def write(self, address: int, size: int, value: int, port: bool = False) -> None:
        m = self.modelled
        flag = native.PORT if port else 0
        if m.engine.library.dll.vmm_model_write(m.engine.pointer, address | flag, size, value):
            self.native += 1
        elif port:
            m.bus.port_out(address, size, value)
        else:
            m.bus.write(address, size, value)
        bus = self.plain.bus
        if port:
            bus.port_out(address, size, value)
        else:
            bus.write(address, size, value)

    def each(self, act: Callable[[Machine], None]) -> None:
        act(self.modelled)
        act(self.plain)

    def acknowledge(self, level: int) -> None:
        m = self.modelled
        found = m.engine.library.dll.vmm_acknowledge(m.engine.pointer, level)
        assert found == self.plain.engine.handlers.acknowledge(level)

    def cycle(self, m: Machine) -> int:
        return m.clock.next_cycle() or m.engine.cycles + 1000

    def sleep(self, cycles: int) -> None:
        """Let time pass, at most to the next event, and run what is due."""
        for m in (self.modelled, self.plain):
            m.engine.native.idle += max(min(cycles, self.cycle(m) - m.engine.cycles), 0)
        m = self.modelled
        m.engine.native.event_cycle = NEVER  # nothing of Python's is due
        m.engine.native.event_at = m.turns.state.end.value if m.turns else NEVER
        if m.engine.library.dll.vmm_timers_run(m.engine.pointer):
            self.expired += 1
        else:
            m.clock.run_due()
        self.plain.clock.run_due()

    def device(self, m: Machine, name: str) -> object:
        spaces = (m.bus.devices, m.bus.ports)
        return next(p.device for space in spaces for p in space if p.device.name == name)

    def compare(self, *names: str) -> None:
        for name in names:
            states = [self.device(m, name).state for m in (self.modelled, self.plain)]  # type: ignore[attr-defined]
            assert states[0] == states[1], name
        clocks = [(m.clock.sequence.value, [(e.cycle, e.name) for e in m.clock.pending()])
                  for m in (self.modelled, self.plain)]
        assert clocks[0] == clocks[1]
        words = [m.engine.words(0, 80) for m in (self.modelled, self.plain)]
        requests = [
            [C.c_uint32.from_address(p.engine.cpu + INTERRUPT_REQUEST).value for p in m.processors]
            for m in (self.modelled, self.plain)
        ]
        assert requests[0] == requests[1]
        ends = [m.turns.state.end.value if m.turns else NEVER
                for m in (self.modelled, self.plain)]
        assert ends[0] == ends[1] >= self.modelled.engine.native.event_at
        if self.plain.name == "leon3":
            index = SPARC_INTERRUPT_INDEX // 4
            assert words[0][index] == words[1][index]


def wide(rng: random.Random) -> int:
    """A value with few or many bits."""
    return rng.choice((0, 1 << rng.randrange(32), rng.getrandbits(32), 0xFFFFFFFF))
