"""A machine: processors, memory, bus, devices, clock.

The machine owns the loop.  Everything that happens reaches one flat method:
`_event` (a look at a block boundary: time, limits, stop requests), `_halt`
(the processor sleeps), `_trap` (an intercepted trap), and the bus for
devices.  A run ends with an `Outcome`.
"""

from __future__ import annotations

import ctypes as C
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from vmm.cpu.engine import Engine
from vmm.cpu.processor import Processor
from vmm.cpu.watch import Access, Watchpoint
from vmm.machine.bus import PAGE, Bus
from vmm.machine.clock import NS, Clock
from vmm.machine.console import Console
from vmm.machine.loader import LoadError
from vmm.machine.network import Port
from vmm.machine.outcome import Outcome
from vmm.machine.outside import Outside
from vmm.machine.power import PowerOn
from vmm.machine.symbols import Symbols
from vmm.machine.turns import Turns
from vmm.native import library as native

CRASHES = (
    native.REASON_ERROR_MODE, native.REASON_SHUTDOWN, native.REASON_HALTED, native.REASON_UNHANDLED,
)
HEARTBEAT = 10_000_000  # instructions between looks at the host's world
NEVER = 1 << 62

TrapHandler = Callable[[int], int]
TrapRecord = tuple[int, int, int, int, int]  # count, kind, pc, status, info
LedgerSink = Callable[[list[TrapRecord]], None]


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
        self.ports: list[Port] = []  # those of them that networks can be plugged into
        self.symbols = Symbols()
        self.outcome: Outcome | None = None
        self.delivery: Literal["native", "python"] = "native"
        self.options: object = None  # what the board was built from (vmm.boards.Options)
        self.counters = Counters()
        self.device_counters: dict[str, Callable[[], dict[str, int]]] = {}  # by device name
        self.board_traps: dict[int, TrapHandler] = {}  # PSCI, semihosting: the board's services
        self.ending_hook: Callable[[int], Outcome | None] = lambda reason: None
        # Told of every intercepted trap; what it returns, unless None, is done (NATIVE, ...).
        self.on_trap: Callable[[int], int | None] | None = None
        self._trap_watcher: Callable[[int], None] | None = None
        self.on_heartbeat: list[Callable[[], None]] = []
        self.idle_input: Callable[[], bool] | None = None  # wait for input; False: none will come
        self.power_on: PowerOn | None = None  # None: a reset by the guest ends the run
        self.on_reset: list[Callable[[], None]] = []  # of what is on no bus
        self.resetting = False  # once the processor has stopped
        self.on_ledger: list[LedgerSink] = []
        self.on_stopped: list[Callable[[Outcome], None]] = []  # told how each run ended
        self.on_commit: list[Callable[[], str]] = []  # write what -snapshot has kept; say what
        self.stepping = False  # look after every single instruction
        self.steps = 0
        self._last_step = 0
        self._intercepted: set[int] = set()
        self._kind_watchers: dict[int, Callable[[int], None]] = {}
        self._stop_at: int | None = None
        self.stopped_at_count = self.stopped_at_breakpoint = False  # why the last run stopped
        self.stopped_at_watchpoint: Access | None = None
        self._before_access: int | None = None  # count of a stop before a watched access
        self._sample: Callable[[], None] | None = None
        self._sample_every, self._next_sample = 0, NEVER
        self._next_heartbeat = 0
        self._woken = False
        self._looks = 0
        self._wall_limit: float | None = None
        handlers = engine.handlers
        handlers.event = self._event
        handlers.halt = self._halt
        handlers.trap = self._trap
        handlers.ledger = self._ledger
        handlers.read = bus.read
        handlers.write = bus.write
        handlers.peek = self.peek
        handlers.port_in = bus.port_in
        handlers.port_out = bus.port_out
        processor.read_physical = bus.read_memory
        bus.on_host_write = self._host_wrote
        bus.set_hot, bus.clear_hot = engine.set_hot, engine.clear_hot
        bus.set_behind = engine.set_behind
        bus.set_models = engine.set_models

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
            self._map(processor.engine)
        for space, flag in ((self.bus.devices, 0), (self.bus.ports, native.PORT)):
            for placed in space:
                for cell in getattr(placed.device, "cells", ()):
                    cell.connect(self.engine, placed.base | flag)
        self.bus.devices.complete = self.bus.ports.complete = True

    def _map(self, engine: Engine) -> None:
        for memory in self.bus.memory:
            address = memory.frames.address + memory.offset
            engine.map_memory(memory.base, memory.size, address, memory.rom, memory.secure)
        for shadow in self.bus.shadows:
            engine.map_behind(shadow.base, shadow.size, shadow.frames.address + shadow.offset)
        pages: list[list[int]] = []
        for placed in self.bus.devices:
            if self.bus.memory_at(placed.base) is not None:
                continue  # a ROM's own device: the engine sends it the writes
            start = placed.base & -PAGE
            end = -(-placed.end // PAGE) * PAGE
            if pages and start <= pages[-1][1]:
                pages[-1][1] = max(pages[-1][1], end)
            else:
                pages.append([start, end])
        for start, end in pages:
            engine.map_device(start, end - start)
        for start, size in self.bus.windows:
            engine.map_device(start, size)
        engine.map_hole()

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

    # -- limits and intercepts ---------------------------------------------------

    def serve(self, kind: int, handler: TrapHandler) -> None:
        """Have the board answer traps of this kind itself: PSCI calls, semihosting."""
        self.board_traps[kind] = handler
        self._apply_intercepts()

    def intercept(self, kinds: Iterable[int]) -> None:
        """Have these kinds of traps come to Python, besides those the board needs."""
        self._intercepted = set(kinds)
        self._apply_intercepts()

    @property
    def intercepted(self) -> frozenset[int]:
        """The kinds that `intercept` was last asked for."""
        return frozenset(self._intercepted)

    def set_delivery(self, delivery: Literal["native", "python"]) -> None:
        """Who enters traps: the engine, or the readable Python entry."""
        self.delivery = delivery
        self._apply_intercepts()

    def watch_traps(self, watcher: Callable[[int], None] | None) -> None:
        """Have every trap shown to ``watcher`` before anything else; it cannot answer it."""
        self._trap_watcher = watcher
        self._apply_intercepts()

    def watch_kinds(self, kinds: Iterable[int], watcher: Callable[[int], None] | None) -> None:
        """Have traps of these kinds shown to ``watcher`` (None: no more), which cannot answer."""
        for kind in kinds:
            if watcher is None:
                self._kind_watchers.pop(kind, None)
            else:
                self._kind_watchers[kind] = watcher
        self._apply_intercepts()

    def _apply_intercepts(self) -> None:
        everything = range(native.TRAP_KINDS)
        every = self.delivery == "python" or self._trap_watcher is not None
        wanted = everything if every else self._intercepted
        for processor in self.processors:
            processor.engine.intercept({*wanted, *self.board_traps, *self._kind_watchers})

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
            processor.engine.set_watchpoints(wanted)

    def peek(self, address: int, size: int) -> int | None:
        """The number in memory at a virtual address, or None: devices are not asked."""
        data = self.read_virtual(address, size)
        return None if data is None else int.from_bytes(data, self.processor.byteorder)

    def read_virtual(self, address: int, size: int) -> bytes | None:
        """Memory at a virtual address, or None if some of it is not mapped or not memory."""
        data = bytearray()
        while len(data) < size:
            at = address + len(data) & 0xFFFFFFFF
            chunk = min(size - len(data), PAGE - at % PAGE)
            physical = self.processor.translate(at)
            part = None if physical is None else self.bus.read_memory(physical, chunk)
            if part is None:
                return None
            data += part
        return bytes(data)

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
        self._let_sleep()
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
            if self._halt():
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
            self._before_access = count if self.engine.watch_before else None
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
            self._look_outside()
        self.engine.native.event_at = self._next_look()
        self._let_sleep()
        if self.turns is not None and self.turns.is_over(count):
            return True
        return self.outcome is not None

    def _look_outside(self) -> None:
        self.bus.cool()  # input may arrive
        if self._wall_limit is not None and time.monotonic() >= self._wall_limit:
            self.stop(Outcome.time(f"wall-clock limit of {self._wall_seconds:g} s reached"))
        for look in self.on_heartbeat:
            look()
        self.outside.look()

    def _sleep(self, cycles: int) -> None:
        """Let so many cycles pass, or fewer if the outside has something."""
        if self.outside.holds:
            now = self.clock.now()
            gone = self.outside.sleep(now, now + cycles * NS // self.clock.hz)
            self.engine.native.idle += min(cycles, gone * self.clock.hz // NS + 1)
            self._look_outside()
        else:
            self.engine.native.idle += cycles

    def _let_sleep(self) -> None:
        """Tell the native layer whether sleeps may last as long as virtual time says."""
        self.engine.native.held = self.outside.holds

    def wake(self) -> None:
        """End the present sleep, though no interrupt has come."""
        self._woken = True

    def _halt(self) -> bool:
        return self.sleep(self.processor.wakes)

    def sleep(self, wakes: Callable[[], bool]) -> bool:
        """Let time pass until ``wakes``; True if the run is to end instead."""
        self._woken = False
        while not (wakes() or self._woken):
            sleeps = self.engine.native.sleeps = self.engine.native.sleeps + 1
            if not sleeps & 0x3FF:
                self._look_outside()
            if self.outcome is not None or not self.processor.can_wake():
                return True
            cycle = self.clock.next_cycle()
            if cycle is None:
                if self._idle():
                    continue
                return True
            sleep = cycle - self.engine.cycles
            if sleep > 0:
                self._sleep(sleep)
            self.clock.run_due()
            self.bus.cool()
        self._let_sleep()
        self.rearm()
        return self.outcome is not None

    def _idle(self) -> bool:
        """Nothing is due, ever: wait for the outside; False if nothing will come from there."""
        if self.idle_input is not None and self.idle_input():
            return True
        if not self.outside.holds:
            return False
        self._sleep(self.clock.hz)
        return True

    def _trap(self, kind: int) -> int:
        if self._trap_watcher is not None:
            self._trap_watcher(kind)
        if kind in self._kind_watchers:
            self._kind_watchers[kind](kind)
        if self.on_trap is not None:
            wanted = self.on_trap(kind)
            if wanted is not None:
                return wanted
        handler = self.board_traps.get(kind)
        if handler is not None:
            action = handler(kind)
            if action != native.NATIVE:
                return action
        if self.delivery == "python":
            self.processor.deliver(kind)
            return native.HANDLED
        return native.NATIVE

    def _ledger(self, records: list[TrapRecord]) -> None:
        for sink in self.on_ledger:
            sink(records)

    def record_ledger(self, sink: LedgerSink) -> None:
        """Report every trap as (count, kind, pc, status, info), in batches."""
        self.on_ledger.append(sink)
        for processor in self.processors:
            processor.engine.native.ledger_on = 1

    def forget_ledger(self, sink: LedgerSink) -> None:
        """Report traps to ``sink`` no more."""
        for processor in self.processors:
            processor.engine.drain_ledger()
        self.on_ledger.remove(sink)
        for processor in self.processors:
            processor.engine.native.ledger_on = int(bool(self.on_ledger))

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
