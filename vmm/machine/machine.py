# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine: processors, memory, bus, devices, clock.

The machine owns the loop.  Everything that happens reaches one flat method:
`_event` (a look at a block boundary: time, limits, stop requests),
`Halts.halt` (the processor sleeps), `Traps.trap` (an intercepted trap), and
the bus for devices.  A run ends with an `Outcome`.
"""

from __future__ import annotations

import ctypes as C
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from vmm.cpu.processor import Processor
from vmm.cpu.watch import Access, Watchpoint
from vmm.machine.bus import Bus
from vmm.machine.clock import NS, Clock
from vmm.machine.console import Console
from vmm.machine.guest_memory import peek
from vmm.machine.halt import Halts
from vmm.machine.ledger import Ledger
from vmm.machine.loader import LoadError
from vmm.machine.mapping import map_bus
from vmm.machine.network import Port
from vmm.machine.outcome import Outcome
from vmm.machine.outside import Outside
from vmm.machine.power import PowerOn
from vmm.machine.symbols import Symbols
from vmm.machine.traps import Traps
from vmm.machine.turns import Turns
from vmm.native import library as native

CRASHES = (
    native.REASON_ERROR_MODE, native.REASON_SHUTDOWN, native.REASON_HALTED, native.REASON_UNHANDLED,
)
HEARTBEAT = 10_000_000  # instructions between looks at the host's world
NEVER = 1 << 62



@dataclass(slots=True)
class Counters:
    """What a run did (`--stats`)."""

    host_seconds: float = 0.0
    processor_seconds: float = 0.0  # of the host's processors, this process's


class Machine:
    """One board with one processor, ready to run."""

    def __init__(self, name: str, processor: Processor, bus: Bus, hz: int) -> None:
        self.name = name
        self.processor = processor  # with several: the one whose turn it is
        self.turns: Turns | None = None  # of several processors
        self.bus = bus
        engine = processor.engine
        self.engine = engine
        self.clock = Clock(hz, self._cycles, self.rearm)
        engine.native.clock_hz = hz
        engine.native.clock_sequence = C.pointer(self.clock.sequence)
        self.console = Console()
        self.debug = Console("debug")  # what firmware prints on a port of its own
        self.channels = [self.console.channel, self.console.breaks]  # all ways in from outside
        self.consoles: dict[str, Console] = {}  # of ports that a -chardev is for, by its id
        self.outside = Outside()
        self.traps = Traps(self)
        self.ledger = Ledger(self)
        self.halts = Halts(self)
        self.ports: list[Port] = []  # those of them that networks can be plugged into
        self.symbols = Symbols()
        self.outcome: Outcome | None = None
        self.options: object = None  # what the board was built from (vmm.boards.Options)
        self.counters = Counters()
        self.device_counters: dict[str, Callable[[], dict[str, int]]] = {}  # by device name
        self.ending_hook: Callable[[int], Outcome | None] = lambda reason: None
        self.on_heartbeat: list[Callable[[], None]] = []
        self.power_on: PowerOn | None = None  # None: a reset by the guest ends the run
        self.on_reset: list[Callable[[], None]] = []  # of what is on no bus
        self.resetting = False  # once the processor has stopped
        self.on_stopped: list[Callable[[Outcome], None]] = []  # told how each run ended
        self.on_commit: list[Callable[[], str]] = []  # write what -snapshot has kept; say what
        self.stepping = False  # look after every single instruction
        self.steps = 0
        self._last_step = 0
        self._stop_at: int | None = None
        self.stopped_at_count = self.stopped_at_breakpoint = False  # why the last run stopped
        self.stopped_at_watchpoint: Access | None = None
        self._before_access: int | None = None  # count of a stop before a watched access
        self._sample: Callable[[], None] | None = None
        self._sample_every, self._next_sample = 0, NEVER
        self._next_heartbeat = 0
        self._looks = 0
        self._wall_limit: float | None = None
        handlers = engine.handlers
        handlers.event = self._event
        handlers.halt = self.halts.halt
        handlers.trap = self.traps.trap
        handlers.ledger = self.ledger.take
        handlers.read = bus.read
        handlers.write = bus.write
        handlers.peek = partial(peek, self)
        handlers.port_in = bus.port_in
        handlers.port_out = bus.port_out
        processor.read_physical = bus.read_memory
        bus.on_host_write = self._host_wrote
        registers = engine.device_registers
        bus.set_hot, bus.clear_hot = registers.set_hot, registers.clear_hot
        bus.set_behind = engine.set_behind
        bus.set_models = registers.set_models

    @property
    def processors(self) -> tuple[Processor, ...]:
        """All processors, in the order of their numbers."""
        return (self.processor,) if self.turns is None else self.turns.processors

    def current(self) -> int:
        """The number of the processor whose turn it is."""
        return 0 if self.turns is None else self.turns.state.current

    def share(self, others: Iterable[Processor]) -> Turns:
        """Give the machine more processors, which take turns; before `connect`."""
        self.turns = Turns(self, (self.processor, *others))
        return self.turns

    def _cycles(self) -> int:
        return self.engine.cycles

    # -- building ----------------------------------------------------------------

    def connect(self) -> None:
        """Map the bus's memory and device pages into the engine, once, after building."""
        for processor in self.processors:
            map_bus(self.bus, processor.engine)
        for space, flag in ((self.bus.devices, 0), (self.bus.ports, native.PORT)):
            for placed in space:
                for cell in getattr(placed.device, "cells", ()):
                    cell.connect(self.engine.device_registers, placed.base | flag)
        self.bus.devices.complete = self.bus.ports.complete = True

    def set_rom_mode(self, base: int, size: int, readable: bool) -> None:
        """Switch mapped ROM between memory (writes still reach the device) and device."""
        for processor in self.processors:
            processor.engine.set_rom_mode(base, size, readable)

    def _host_wrote(self, address: int, size: int) -> None:
        if self.engine.count:
            for processor in self.processors:
                processor.engine.forget_code(address, size)

    def add_port(self, port: Port) -> None:
        """A network device's socket, while the board is built."""
        self.ports.append(port)
        self.channels.append(port.channel)

    # -- limits --------------------------------------------------------------------

    def limit_time(self, virtual_seconds: float | None, wall_seconds: float | None) -> None:
        """Stop with status 124 after so much virtual or wall-clock time from now."""
        if virtual_seconds is not None:
            text = f"virtual time limit of {virtual_seconds:g} s reached"
            when = self.clock.now() + int(virtual_seconds * NS)
            self.clock.at(when, lambda: self.stop(Outcome.time(text)), "time limit", host=True)
        if wall_seconds is not None:
            self._wall_limit = time.monotonic() + wall_seconds
            self._wall_seconds = wall_seconds

    # -- breakpoints ---------------------------------------------------------------

    @property
    def linear_pc(self) -> int:
        """The pc as an address that breakpoints and symbols use (x86: with the base of CS)."""
        return int(getattr(self.processor, "linear_pc", self.processor.pc))

    def set_breakpoints(self, addresses: Iterable[int]) -> None:
        """Stop before the instruction at any of these; replaces those set before.

        A run that begins at one of them goes on from there.  Only between runs.
        """
        wanted = list(addresses)
        for processor in self.processors:
            processor.engine.set_breakpoints(wanted)

    def set_watchpoints(self, watchpoints: Iterable[Watchpoint]) -> None:
        """Stop after an instruction that touches one of these; replaces those set before.

        The access is then `stopped_at_watchpoint`.  Only between runs.
        """
        wanted = list(watchpoints)
        for processor in self.processors:
            processor.engine.watchpoints.set(wanted)

    def sample(self, every: int, look: Callable[[], None] | None) -> None:
        """Have ``look`` called whenever a multiple of ``every`` instructions has begun.

        None: no more.  Guest state is exact in ``look``.  Only between runs.
        """
        self._sample, self._sample_every = look, every
        self._next_sample = NEVER if look is None else (self.engine.count // every + 1) * every

    def _take_sample(self, count: int) -> None:
        self._next_sample = (count // self._sample_every + 1) * self._sample_every
        if self._sample is not None:
            self._sample()

    # -- running -----------------------------------------------------------------

    def stop(self, outcome: Outcome) -> None:
        """End the run at the next boundary; the first reason given stands."""
        if self.outcome is None:
            self.outcome = outcome
        self.engine.stop()

    def rewind(self) -> None:
        """The account of instructions has been put back: nothing later has happened."""
        self.outcome = None
        self._next_heartbeat = 0
        self._last_step = self.engine.count

    def run(self, until: int | None = None, *, passing: bool = True) -> Outcome:
        """Run until the guest ends, a limit is reached, or ``until`` instructions have begun.

        With ``passing`` a breakpoint at the first instruction is not met.
        """
        self.outcome = None
        self._stop_at = until
        self.bus.cool()
        self.halts.let_sleep()
        self.stopped_at_count = self.stopped_at_breakpoint = False
        self.stopped_at_watchpoint = None
        self.engine.pass_access(self._before_access == self.engine.count)
        self._before_access = None
        if passing:
            self.engine.pass_breakpoint(self.linear_pc)
        started, busy = time.perf_counter(), time.process_time()
        try:
            reason = self._run_processors()
        finally:
            self.counters.host_seconds += time.perf_counter() - started
            self.counters.processor_seconds += time.process_time() - busy
            self._stop_at = None
        outcome = self._ended(reason)
        for told in self.on_stopped:
            told(outcome)
        return outcome

    def _run_processors(self) -> int:
        while True:
            reason = self._run_processor() if self.turns is None else self.turns.run()
            if not self.resetting:
                return reason
            self.resetting = False
            assert self.power_on is not None
            self.power_on.restore(self)
            if self.outcome is not None or self.stopped_at_count:
                return reason

    def _run_processor(self) -> int:
        """Run the one there is; if the last run has ended in its sleep, that goes on first."""
        if self.engine.asleep:
            if self._stop_at is not None and self.engine.count >= self._stop_at:
                self.stopped_at_count = True
                return native.REASON_STOPPED
            if self.halts.halt():
                return native.REASON_HALTED
            self.engine.wake()
        return self.processor.run()

    def guest_reset(self, text: str) -> None:
        """The guest asks for a reset: the run ends with ``text``, or the machine begins anew."""
        if self.power_on is None or self.engine.virtual is not None:
            self.stop(Outcome.exit(0, text))
        else:
            self.resetting = True
            self.engine.stop()

    @property
    def stopped_before_access(self) -> bool:
        """Whether the last run stopped before a watched access, at its instruction."""
        return self._before_access is not None

    def step(self, count: int = 1) -> Outcome:
        """Run exactly ``count`` instructions (fewer if the guest ends)."""
        return self.run(until=self.engine.count + count)

    def _ended(self, reason: int) -> Outcome:
        if self.outcome is not None:
            return self.outcome
        if reason in CRASHES:
            outcome = self.ending_hook(reason)
            if outcome is None:
                if reason == native.REASON_HALTED:
                    text = "halted, and nothing can wake the processor"
                else:
                    text = self.processor.crash_reason(reason)
                outcome = Outcome.crash(text)
        elif reason == native.REASON_ABORT:
            outcome = Outcome.failure(f"engine failure: {self.engine.native.message.decode()}")
        elif reason == native.REASON_ENGINE_ERROR:
            outcome = Outcome.failure(f"engine error: {self.engine.engine_error()}")
        else:
            outcome = Outcome.stopped("stopped")
        self.outcome = outcome
        return outcome

    # -- what the engine reports ---------------------------------------------------

    def rearm(self) -> None:
        """Something may be due earlier than was known."""
        self.engine.set_event(self._next_look())

    def _next_look(self) -> int:
        """The count of the next look; the clock's may come before (`event_cycle`)."""
        cycle = self.clock.next_unmodelled()
        self.engine.native.event_cycle = NEVER if cycle is None else min(cycle, NEVER)
        count = min(self._next_heartbeat, self._next_sample)
        if self._stop_at is not None:
            count = min(count, self._stop_at)
        if self.turns is not None:
            count = min(count, self.turns.state.end.value)
        if self.stepping:
            count = min(count, self._last_step + 1)
        return count

    def _event(self) -> bool:
        if self.engine.native.only_asked:
            return self.outcome is not None
        if self.clock.run_due():
            self.bus.cool()
        count = self.engine.count
        if self.stepping and count != self._last_step:
            self._last_step = count
            self.steps += 1
        access = self.engine.take_access()
        if access is not None:
            self.stopped_at_watchpoint = access if self.outcome is None else None
            self._before_access = count if self.engine.watchpoints.before else None
            self.stop(Outcome.stopped(f"watchpoint: {access.kind} of {access.address:#010x}"))
        if count >= self._next_sample:
            self._take_sample(count)
        if self._stop_at is not None and count >= self._stop_at:
            self.stopped_at_count = self.outcome is None
            return True
        if self.engine.take_breakpoint():
            self.stopped_at_breakpoint = self.outcome is None
            self.stop(Outcome.stopped(f"breakpoint at {self.linear_pc:#010x}"))
        self._looks += 1
        if count >= self._next_heartbeat or not self._looks & 0x3F:
            self._next_heartbeat = count + HEARTBEAT
            if self.outside.paced:
                self.outside.slow_down(self.clock.now())
            self.look_outside()
        self.engine.native.event_at = self._next_look()
        self.halts.let_sleep()
        if self.turns is not None and self.turns.is_over(count):
            return True
        return self.outcome is not None

    def look_outside(self) -> None:
        """See whether the outside has something: a limit of real time, input, a wish."""
        self.bus.cool()  # input may arrive
        if self._wall_limit is not None and time.monotonic() >= self._wall_limit:
            self.stop(Outcome.time(f"wall-clock limit of {self._wall_seconds:g} s reached"))
        for look in self.on_heartbeat:
            look()
        self.outside.look()

    # -- memory from outside ---------------------------------------------------------

    def load_bytes(self, address: int, data: bytes, what: str) -> None:
        """Put ``data`` into memory; LoadError if it is not all RAM or ROM."""
        if not self.bus.write_memory(address, data):
            raise LoadError(
                f"{what}: {len(data)} bytes at {address:#x} are not all inside this board's memory"
            )

    # -- device memory access -----------------------------------------------------------

    def dma_read(self, address: int, size: int) -> bytes:
        """A device's read of memory; ValueError if it is not all memory."""
        data = self.bus.read_memory(address, size)
        if data is None:
            raise ValueError(f"DMA read of {size} bytes at {address:#x} is not all memory")
        return data

    def dma_write(self, address: int, data: bytes) -> None:
        """A device's write to memory; ValueError if it is not all RAM."""
        if not self.bus.write_ram(address, data):
            raise ValueError(f"DMA write of {len(data)} bytes at {address:#x} is not all RAM")
