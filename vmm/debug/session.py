# SPDX-License-Identifier: GPL-2.0-or-later
"""A debugging session: motion through a run.

Every motion ends with a `Stop`.  A motion never changes what the guest does:
stops are at instruction boundaries, and a run in pieces is the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from vmm.debug import flow
from vmm.debug.breakpoints import Breakpoint, Breakpoints
from vmm.debug.flow import Flow
from vmm.debug.stops import Position, Stop, TrapFilter, TrapInfo, TrapRecord, Why
from vmm.machine import diagnosis
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.state import snapshot
from vmm.state.snapshot import Snapshot, SnapshotError

KEEP = 256 << 20  # bytes of history


@dataclass(slots=True)
class Halt:
    """An internal place to stop at: an address, if the condition holds there."""

    address: int
    condition: Callable[[], bool]


@dataclass(slots=True)
class Request:
    """What one motion looks for besides the breakpoints."""

    until: int | None = None  # instruction count
    time: int | None = None  # virtual nanoseconds
    trap: TrapFilter | None = None  # stop after a trap that matches
    halts: list[Halt] = field(default_factory=list)
    why: Why = Why.COUNT  # what a stop at ``until`` is called


class Session:
    """One machine, its breakpoints, and where it stands."""

    def __init__(self, machine: Machine, *, keep: int = KEEP) -> None:
        self.machine = machine
        self.keep = keep
        self.breakpoints = Breakpoints()
        self.snapshots: dict[str, Snapshot] = {}
        self._ended: Outcome | None = None
        self._interrupted = False
        self._timed = False
        self._trap: TrapInfo | None = None  # the last one that the present motion looked for
        self._handled: list[TrapInfo] = []  # traps stopped at whose handlers may still run
        machine.on_heartbeat.append(self._look)
        self.last = self._stop(Why.COUNT)

    def position(self) -> Position:
        """Where the machine stands."""
        engine = self.machine.engine
        return Position(engine.count, int(engine.native.recent_count))

    # -- forwards -------------------------------------------------------------------

    def run(self, *, to_count: int | None = None, to_time: int | None = None) -> Stop:
        """Run to a breakpoint, an instruction count, a virtual time (ns), or the guest's end."""
        return self._go(Request(to_count, to_time))

    def step(self, count: int = 1) -> Stop:
        """Run ``count`` instructions."""
        return self._go(Request(self.machine.engine.count + count, why=Why.STEP))

    def until(self, address: int) -> Stop:
        """Run to ``address`` (x86: linear)."""
        return self._go(Request(halts=[Halt(address, lambda: True)], why=Why.STEP))

    def trap(self, wanted: TrapFilter | None = None) -> Stop:
        """Run to the next trap that matches, just after it was taken."""
        return self._go(Request(trap=wanted or TrapFilter()))

    def trap_return(self) -> Stop:
        """Run until the handler of the trap taken last returns to where the trap came from."""
        info = self._handled[-1] if self._handled else None
        if info is None:
            record = self._last_trap()
            if record is None:
                return self._arrived(Stop(Why.STEP, self.position(), "no trap has been taken"))
            info = self._info(record, {})
        return self._go(Request(halts=self._returns(info), why=Why.STEP))

    def next(self) -> Stop:
        """Run one instruction, with all of a function it calls or of a trap's handler."""
        machine = self.machine
        instruction = flow.at_pc(machine)
        if instruction.flow is Flow.CALL:
            depth, mode = flow.stack_pointer(machine), flow.privilege(machine)
            back = Halt(instruction.following, lambda: (
                flow.stack_pointer(machine) >= depth and flow.privilege(machine) == mode
            ))
            return self._go(Request(halts=[back], why=Why.STEP))
        return self._step_over_trap()

    def _step_over_trap(self) -> Stop:
        before = self.machine.processor.registers.snapshot()
        taken = self.position().traps
        stop = self.step()
        record = self._last_trap()
        if stop.why is not Why.STEP or record is None or self.position().traps == taken:
            return stop
        return self._go(Request(halts=self._returns(self._info(record, before)), why=Why.STEP))

    def finish(self) -> Stop:
        """Run until the current function, or trap handler, returns."""
        while True:
            kind = flow.at_pc(self.machine).flow
            if kind in (Flow.RETURN, Flow.TRAP_RETURN):
                delayed = self.machine.processor.architecture == "sparc"
                returning = kind is Flow.RETURN or not delayed
                return self.step(2 if delayed and returning else 1)
            stop = self.next()
            if stop.why is not Why.STEP:
                return stop

    def interrupt(self) -> None:
        """Stop the motion under way soon; from another thread or a signal handler."""
        self._interrupted = True
        self.machine.engine.request_stop()

    # -- backwards ------------------------------------------------------------------

    def to_count(self, count: int) -> Stop:
        """Go to where ``count`` instructions have begun, before interrupts are taken there."""
        return self.run(to_count=count)

    # -- snapshots by name -------------------------------------------------------------

    def snapshot(self, name: str) -> None:
        """Keep the present state under ``name``."""
        self.snapshots[name] = snapshot.take(self.machine)

    def restore(self, name: str) -> None:
        """Go to the state kept under ``name``; SnapshotError if there is none."""
        if name not in self.snapshots:
            raise SnapshotError(f"no snapshot {name!r}")
        snapshot.restore(self.machine, self.snapshots[name])
        self._ended = None
        self._handled.clear()
        self.last = self._stop(Why.COUNT)

    # -- one motion ----------------------------------------------------------------------

    def _look(self) -> None:
        if self._interrupted:
            self.machine.stop(Outcome.stopped("interrupted"))

    def _go(self, request: Request) -> Stop:
        """Run until something of ``request``, a breakpoint, or the end."""
        machine = self.machine
        if self._ended is not None:
            return self._arrived(self._stop(Why.ENDED, outcome=self._ended))
        if request.until is not None and machine.engine.count >= request.until:
            return self._arrived(self._stop(request.why))
        if request.time is not None and machine.clock.now() >= request.time:
            return self._arrived(self._stop(Why.TIME))
        self._trap, self._timed = None, False
        self._set_stops(request.halts)
        timer = None
        if request.time is not None:
            timer = machine.clock.at(request.time, self._time_is_up, "session", host=True)
        if request.trap is not None:
            machine.watch_traps(lambda kind: self._watch(kind, request.trap or TrapFilter()))
        try:
            while True:
                outcome = machine.run(until=request.until)
                stop = self._reason(request, outcome)
                if stop is not None:
                    return self._arrived(stop)
        finally:
            machine.clock.cancel(timer)
            if request.trap is not None:
                machine.watch_traps(None)
            self._interrupted = False

    def _set_stops(self, halts: Iterable[Halt]) -> None:
        machine = self.machine
        addresses = {one.address for one in self.breakpoints.active("code")}
        machine.set_breakpoints(addresses | {halt.address for halt in halts})
        machine.set_watchpoints(
            (one.address, one.size, one.kind)
            for one in self.breakpoints.active("write", "read", "access") if one.kind != "code"
        )

    def _time_is_up(self) -> None:
        self._timed = True
        self.machine.stop(Outcome.stopped("the time has come"))

    def _reason(self, request: Request, outcome: Outcome) -> Stop | None:
        """What the run just made stopped for; None if it is to go on."""
        machine = self.machine
        access = machine.stopped_at_watchpoint
        if access is not None:
            for one in self.breakpoints.active("write", "read", "access"):
                if one.touched_by(access) and one.holds(machine):
                    return self._stop(Why.WATCHPOINT, breakpoint=self._hit(one), access=access)
            if not machine.stopped_at_count:
                return None
        if machine.stopped_at_breakpoint:
            pc = machine.linear_pc
            if any(halt.address == pc and halt.condition() for halt in request.halts):
                return self._stop(request.why)
            for one in self.breakpoints.active("code"):
                if one.address == pc and one.holds(machine):
                    return self._stop(Why.BREAKPOINT, breakpoint=self._hit(one))
            return None
        if self._trap is not None:
            self._handled.append(self._trap)
            return self._stop(Why.TRAP, trap=self._trap)
        if machine.stopped_at_count:
            return self._stop(request.why)
        if self._timed:
            return self._stop(Why.TIME)
        if self._interrupted:
            return self._stop(Why.INTERRUPTED)
        if outcome.ending is not Ending.STOPPED:
            if outcome.ending is not Ending.TIME:
                self._ended = outcome
            return self._stop(Why.ENDED, outcome=outcome)
        return self._stop(Why.INTERRUPTED)

    def _hit(self, one: Breakpoint) -> Breakpoint:
        one.hits += 1
        if one.temporary:
            self.breakpoints.remove(one.number)
        return one

    # -- traps ---------------------------------------------------------------------------

    def _last_trap(self) -> TrapRecord | None:
        recent = self.machine.engine.recent_traps()
        return recent[-1] if recent else None

    def _info(self, record: TrapRecord, before: dict[str, int]) -> TrapInfo:
        count, kind, pc, status, info = record
        name = self.machine.processor.trap_name(kind)
        return TrapInfo(kind, name, count, pc, status, info, before)

    def _watch(self, kind: int, wanted: TrapFilter) -> None:
        """A trap is about to be taken."""
        machine = self.machine
        record = self._last_trap()
        if record is None or record[1] != kind:  # a semihosting call: no trap of the guest's
            return
        if wanted.matches(machine, record):
            self._trap = self._info(record, machine.processor.registers.snapshot())
            machine.stop(Outcome.stopped(f"trap {self._trap.name}"))

    def _returns(self, info: TrapInfo) -> list[Halt]:
        """Where the handler of a trap may return to: the instruction, or one after it."""
        machine = self.machine
        base = machine.linear_pc - machine.processor.pc if not info.before else (
            info.before.get("cs.base", 0)
        )
        pc = (info.pc + base) & 0xFFFFFFFF
        mode = self._mode_before(info)
        places = {pc}
        if "npc" in info.before:
            places |= {info.before["npc"], info.before["npc"] + 4}
        lines = machine.processor.disassemble(pc, 2)
        places |= {address for address, _, _ in lines}
        if lines:
            places.add(lines[0][0] + len(lines[0][1]))

        def back() -> bool:
            if mode is not None and flow.privilege(machine) != mode:
                return False
            return not info.before or (
                flow.stack_pointer(machine) >= self._stack_before(info.before)
            )

        return [Halt(place, back) for place in sorted(places)]

    def _mode_before(self, info: TrapInfo) -> int | None:
        match self.machine.processor.architecture:
            case "sparc":
                return info.before["psr"] & 0x9F if info.before else None
            case "arm":
                return info.status & 0x1F
            case _:
                return info.before["cs"] & 3 if info.before else None

    def _stack_before(self, registers: Mapping[str, int]) -> int:
        architecture = self.machine.processor.architecture
        value = int(registers[flow.STACK_POINTER[architecture]])
        if architecture == "x86":
            value = (value + int(registers["ss.base"])) & 0xFFFFFFFF
        return value

    # -- stops ----------------------------------------------------------------------------

    def _arrived(self, stop: Stop) -> Stop:
        self.last = stop
        return stop

    def _stop(self, why: Why, **what: object) -> Stop:
        return Stop(why, self.position(), self._text(why, what), **what)  # type: ignore[arg-type]

    def _text(self, why: Why, what: dict[str, object]) -> str:
        machine = self.machine
        where = f"at {diagnosis.place(machine, machine.linear_pc)}"
        match why:
            case Why.BREAKPOINT | Why.WATCHPOINT:
                one = what["breakpoint"]
                assert isinstance(one, Breakpoint)
                return f"{why.value} {one.number} {where}"
            case Why.TRAP:
                info = what["trap"]
                assert isinstance(info, TrapInfo)
                return f"trap {info.name}({info.kind:#x}) of {info.pc:#010x}, handler {where}"
            case Why.ENDED:
                outcome = what["outcome"]
                assert isinstance(outcome, Outcome)
                return f"{outcome.text}, {where}"
            case Why.START:
                return f"the oldest point that is kept, {where}"
            case _:
                return f"{why.value}: {machine.engine.count} instructions, {where}"
