# SPDX-License-Identifier: GPL-2.0-or-later
"""A debugging session: motion through a run, forwards and backwards.

Every motion ends with a `Stop`.  A motion never changes what the guest does:
stops are at instruction boundaries, a run in pieces is the same run, and going
back is running again.  Somebody who changes the machine between two motions
begins another future: it is noticed, and what came after is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vmm.debug import flow
from vmm.debug.breakpoints import Breakpoints
from vmm.debug.flow import Flow
from vmm.debug.motion import Halt, Mover, Request
from vmm.debug.reverse import Reverse
from vmm.debug.stops import Position, Stop, TrapFilter, TrapInfo, Why
from vmm.machine.machine import Machine
from vmm.state import snapshot
from vmm.state.history import History, Past
from vmm.state.memory import all_frames
from vmm.state.snapshot import Snapshot, SnapshotError

KEEP = 256 << 20  # bytes of history


class Session:
    """One machine, its breakpoints, its past, and where it stands.

    ``keep`` bounds the memory of the past, in bytes: fewer points are kept, and going back
    runs more instructions again.
    """

    def __init__(self, machine: Machine, *, keep: int = KEEP) -> None:
        self.machine = machine
        self.breakpoints = Breakpoints()
        self.history = History(machine, keep)
        self._mover = Mover(machine, self.breakpoints, self.history)
        self._reverse = Reverse(self._mover)
        self._named: dict[str, tuple[Snapshot, Past]] = {}
        self._handled: list[TrapInfo] = []  # traps stopped at whose handlers may still run
        self.history.note()
        self.last = self._mover.stop(Why.COUNT)
        self._seen = self._present()

    def position(self) -> Position:
        """Where the machine stands."""
        return self._mover.position()

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
        record = self._mover.last_trap()
        if info is None and record is not None:
            info = self._mover.trap_info(record, {})
        if info is None:
            return self._mover.stop(Why.STEP)
        return self._go(Request(halts=self._returns(info), why=Why.STEP))

    def next(self) -> Stop:
        """Run one instruction, with all of a function it calls or of a trap's handler."""
        machine = self.machine
        instruction = flow.at_pc(machine)
        if instruction.flow is not Flow.CALL:
            return self._step_over_trap()
        depth, mode = flow.stack_pointer(machine), flow.privilege(machine)

        def back() -> bool:
            return flow.stack_pointer(machine) >= depth and flow.privilege(machine) == mode

        return self._go(Request(halts=[Halt(instruction.following, back)], why=Why.STEP))

    def _step_over_trap(self) -> Stop:
        before = self.machine.processor.registers.snapshot()
        taken = self.position().traps
        stop = self.step()
        record = self._mover.last_trap()
        if stop.why is not Why.STEP or record is None or self.position().traps == taken:
            return stop
        info = self._mover.trap_info(record, before)
        return self._go(Request(halts=self._returns(info), why=Why.STEP))

    def finish(self) -> Stop:
        """Run until the current function, or trap handler, returns."""
        while True:
            kind = flow.at_pc(self.machine).flow
            if kind in (Flow.RETURN, Flow.TRAP_RETURN):
                delayed = self.machine.processor.architecture == "sparc" and kind is Flow.RETURN
                return self.step(2 if delayed else 1)
            stop = self.next()
            if stop.why is not Why.STEP:
                return stop

    def interrupt(self) -> None:
        """Stop the motion under way soon; from another thread or a signal handler."""
        self._mover.interrupted = True
        self.machine.engine.request_stop()

    # -- backwards ------------------------------------------------------------------

    def back_step(self, count: int = 1) -> Stop:
        """To where a step stopped, ``count`` steps ago: a count just reached."""
        return self._move(lambda: self._reverse.step(count))

    def back_run(self) -> Stop:
        """To the latest breakpoint or watchpoint hit before the present."""
        return self._move(self._reverse.run)

    def back_trap(self, wanted: TrapFilter | None = None) -> Stop:
        """To just after the latest trap before the present that matches."""
        return self._move(lambda: self._reverse.trap(wanted or TrapFilter()))

    def to_count(self, count: int) -> Stop:
        """To where ``count`` instructions have begun, before interrupts are taken there."""
        return self._move(lambda: self._reverse.to_count(count))

    def to_position(self, position: Position) -> Stop:
        """To exactly there, in either direction."""
        return self._move(lambda: self._reverse.go_to(position))

    # -- snapshots by name -------------------------------------------------------------

    def snapshot(self, name: str) -> None:
        """Keep the present state, and its past, under ``name``."""
        self._notice_changes()
        self._named[name] = snapshot.take(self.machine), self.history.past()

    def keep_snapshot(self, name: str, kept: Snapshot) -> None:
        """Have a snapshot from elsewhere, such as a file, under ``name``; it has no past."""
        self._named[name] = kept, Past([], [])

    def restore(self, name: str) -> None:
        """Go to the state kept under ``name``; SnapshotError if there is none."""
        if name not in self._named:
            raise SnapshotError(f"no snapshot {name!r}; there are: {', '.join(self._named)}")
        kept, past = self._named[name]
        snapshot.restore(self.machine, kept)
        self.history.return_to(past)
        self.history.note()
        self._mover.ended = None
        self.last = self._mover.stop(Why.COUNT)
        self._seen = self._present()

    def forget(self, name: str) -> None:
        """Keep the snapshot of that name no more; SnapshotError if there is none."""
        if self._named.pop(name, None) is None:
            raise SnapshotError(f"no snapshot {name!r}; there are: {', '.join(self._named)}")

    @property
    def snapshots(self) -> dict[str, Snapshot]:
        """The snapshots by name."""
        return {name: kept for name, (kept, _) in self._named.items()}

    # -- one motion ----------------------------------------------------------------------

    def _go(self, request: Request) -> Stop:
        return self._move(lambda: self._mover.go(request))

    def _move(self, move: Callable[[], Stop]) -> Stop:
        self._notice_changes()
        try:
            stop = move()
        finally:
            self._mover.interrupted = False
            self._seen = self._present()
        hit = stop.breakpoint
        if hit is not None:
            hit.hits += 1
            if hit.temporary:
                self.breakpoints.remove(hit.number)
        self._handled = [one for one in self._handled if one.count < stop.position.count]
        if stop.why is Why.TRAP and stop.trap is not None:
            self._handled.append(stop.trap)
        self.last = stop
        return stop

    def _present(self) -> tuple[dict[str, int], int]:
        """What changes if somebody changes the stopped machine."""
        machine = self.machine
        written = sum(frames.writes for frames in all_frames(machine))
        return machine.processor.registers.snapshot(), written

    def _notice_changes(self) -> None:
        if self._present() != self._seen:
            self.changed()

    def changed(self) -> None:
        """The machine was changed by hand: from here on it is another run.

        Changes of registers and memory are noticed; one of a device has to be told.
        """
        self._mover.ended = None
        self.history.diverge()
        self._seen = self._present()

    # -- where a trap's handler returns to ---------------------------------------------------

    def _returns(self, info: TrapInfo) -> list[Halt]:
        """The places: the instruction that trapped, or one of those after it."""
        machine, before = self.machine, info.before
        base = before.get("cs.base", 0) if before else machine.linear_pc - machine.processor.pc
        pc = (info.pc + base) & 0xFFFFFFFF
        places = {pc}
        if "npc" in before:
            places |= {before["npc"], before["npc"] + 4}
        for address, code, _ in machine.processor.disassemble(pc, 2):
            places |= {address, address + len(code)}
        mode = self._mode_before(info)

        def back() -> bool:
            if mode is not None and flow.privilege(machine) != mode:
                return False
            return not before or flow.stack_pointer(machine) >= self._stack_before(before)

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
        value = registers[flow.STACK_POINTER[architecture]]
        if architecture == "x86":
            value = (value + registers["ss.base"]) & 0xFFFFFFFF
        return value
