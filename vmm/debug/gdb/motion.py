# SPDX-License-Identifier: GPL-2.0-or-later
"""Resuming: ``vCont``, ``c``, ``s``, ``bc``, ``bs``, and the reply that tells of the stop."""

from __future__ import annotations

from collections.abc import Callable

from vmm.debug.gdb.points import Points
from vmm.debug.gdb.registers import Target
from vmm.debug.gdb.words import PacketError, number
from vmm.debug.session import Session
from vmm.debug.stops import Stop, Why
from vmm.machine.outcome import Outcome
from vmm.state.snapshot import SnapshotError

SIGINT, SIGTRAP = 2, 5
THREADS = ("", "1", "p1.1", "-1", "0", "p1.-1")  # what may stand after a colon: our one thread


class Motion:
    """Moves the session as the debugger asks."""

    def __init__(
        self, session: Session, target: Target, points: Points, say: Callable[[str], None]
    ) -> None:
        self._session = session
        self._target = target
        self._points = points
        self._say = say  # text for the debugger's user
        self.interrupts: Callable[[], bool] = lambda: False  # take a request to stop, if any
        self.ended: Outcome | None = None  # the guest's end, told once already
        self.quit = False  # the user ended the run
        self._last = b""  # the last stop reply
        # gdb expects an ARM processor to stop before the access (arm-tdep.c has no choice).
        self._before_access = session.machine.processor.architecture == "arm"

    # -- packets -----------------------------------------------------------------------

    def v_cont(self, text: str) -> bytes:
        """``vCont`` with its actions; the first that applies to our one thread counts."""
        for action in text.split(";"):
            command, _, thread = action.partition(":")
            if thread not in THREADS:
                continue
            match command[:1]:
                case "c" | "C":
                    return self.forwards(step=False)
                case "s" | "S":
                    return self.forwards(step=True)
                case "r":
                    return self._range(command[1:])
                case _:
                    raise PacketError
        raise PacketError

    def forwards(self, step: bool) -> bytes:
        """Continue, or run one instruction."""
        if self.ended is not None:
            return b"W%02x" % self.ended.status
        session = self._session
        return self._move(session.step if step else session.run)

    def backwards(self, step: bool) -> bytes:
        """The same, towards the beginning; an error if the machine has no past."""
        try:
            if step:
                return self._move(self._session.back_step)
            # Going back, gdb expects to stand where the access is yet to come.
            self._session.machine.engine.watchpoints.before = True
            return self._move(self._session.back_run)
        except SnapshotError as error:
            raise PacketError from error

    def _range(self, text: str) -> bytes:
        """Step until the pc leaves ``start,end``."""
        start, _, end = text.partition(",")
        inside = range(number(start), number(end))
        if self.ended is not None:
            return b"W%02x" % self.ended.status
        return self._move(lambda: self._step_out_of(inside))

    def _step_out_of(self, inside: range) -> Stop:
        session = self._session
        while True:
            stop = session.step()
            pc = session.machine.linear_pc
            if stop.why is not Why.STEP or pc not in inside or self._at_breakpoint(pc):
                return stop
            if self.interrupts():
                return Stop(Why.INTERRUPTED, stop.position, "interrupted")

    def _at_breakpoint(self, pc: int) -> bool:
        return any(one.address == pc for one in self._session.breakpoints.active("code"))

    def _move(self, motion: Callable[[], Stop]) -> bytes:
        engine = self._session.machine.engine
        engine.watchpoints.before = engine.watchpoints.before or self._before_access
        self.ended = None
        try:
            stop = motion()
        finally:
            engine.watchpoints.before = False
        outcome = self._session.machine.outcome
        if stop.why is Why.INTERRUPTED and outcome is not None and outcome.status:
            self.quit = True  # not the debugger's wish: the user's
        self.interrupts()
        self._last = self._tell(stop)
        return self._last

    # -- the reply ----------------------------------------------------------------------

    def last(self) -> bytes:
        """Why the machine stands; a debugger that has just come stopped it by coming."""
        return self._last or f"T{SIGTRAP:02x}{self._expedited()}thread:1;".encode("ascii")

    def _tell(self, stop: Stop) -> bytes:
        signal, reason = SIGTRAP, ""
        match stop.why:
            case Why.INTERRUPTED:
                signal = SIGINT
            case Why.BREAKPOINT | Why.WATCHPOINT if stop.breakpoint is not None:
                reason = self._points.reason(stop.breakpoint, stop.access)
            case Why.START:
                reason = "replaylog:begin;"
            case Why.ENDED:
                # The end can be looked at, and left backwards; going on from it is the exit.
                self.ended = stop.outcome
                self._say(f"{stop.text}\n")
                reason = "replaylog:end;"
        return f"T{signal:02x}{self._expedited()}{reason}thread:1;".encode("ascii")

    def _expedited(self) -> str:
        registers = self._target.registers
        order = self._session.machine.processor.byteorder
        return "".join(
            f"{index:02x}:{registers[index].read().to_bytes(registers[index].size, order).hex()};"
            for index in self._target.expedited
        )
