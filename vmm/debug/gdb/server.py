# SPDX-License-Identifier: GPL-2.0-or-later
"""The server: accepts a debugger and lets it drive the machine.

Nobody attached, the machine runs as it would without a server.  The
connection is looked at whenever the machine looks outside (some times a
second), so a debugger that attaches, and Ctrl-C in it, stop the guest at
the next boundary.  All of it happens on the thread that runs the machine.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

from vmm.debug.gdb import address
from vmm.debug.gdb.link import Link
from vmm.debug.gdb.stub import Stub
from vmm.debug.session import Session
from vmm.debug.shell import run_command
from vmm.debug.stops import Why
from vmm.machine.outcome import Outcome

TICK = 0.05  # seconds of real time between looks at the user while the machine stands
KILLED = "ended by the debugger"


class GdbServer:
    """Serves one debugger at a time at a listening socket."""

    def __init__(
        self,
        session: Session,
        listening: socket.socket,
        *,
        wait: bool = False,
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        """``wait``: nothing runs before a debugger has come.  ``idle`` is called every now and
        then while the machine stands; a stop that it asks the machine for ends the run."""
        self.session = session
        self._listening = listening
        self._wait = wait
        self._idle = idle
        self._link: Link | None = None
        listening.setblocking(False)
        session.machine.on_heartbeat.append(self.look)

    @property
    def name(self) -> str:
        """Where it listens, as one types it after ``target remote``."""
        return address.name(self._listening)

    def run(self) -> Outcome:
        """Run the machine to its end, at a debugger's will while one is attached."""
        try:
            while True:
                if self._wait or self._link is not None:
                    outcome = self._stand()
                else:
                    outcome = self._run_free()
                if outcome is not None:
                    return outcome
        finally:
            if self._link is not None:
                self._link.close()
            self._listening.close()

    def look(self) -> None:
        """The machine looks outside: has a debugger come, or does it want a stop?"""
        link = self._link
        if link is None:
            self._accept()
            if self._link is not None:
                self.session.interrupt()
            return
        self._accept()
        if link.interrupted or link.closed:
            self.session.interrupt()

    def _accept(self) -> None:
        if self._link is not None:
            self._link.poll()
            if self._link.closed:
                return  # the next one has to wait until this one is cleaned up
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        if self._link is None:
            self._link = Link(connection)
        else:
            connection.close()  # one debugger at a time

    def _run_free(self) -> Outcome | None:
        stop = self.session.run()
        outcome = self.session.machine.outcome
        user = stop.why is Why.INTERRUPTED and outcome is not None and outcome.status
        return outcome if user else stop.outcome

    def _stand(self) -> Outcome | None:
        """Serve while the debugger wants the machine; how the run ended, if it did."""
        machine = self.session.machine
        machine.outcome = None
        while self._link is None:
            select.select([self._listening], [], [], TICK)
            self._accept()
            self._idle()
            if machine.outcome is not None:
                return machine.outcome
        self._wait = False
        link = self._link
        stub = Stub(self.session, link.reply, lambda line: run_command(self.session, line))
        stub.on_no_ack = lambda: setattr(link, "acknowledging", False)

        def interrupts() -> bool:
            link.poll()
            asked, link.interrupted = link.interrupted, False
            return asked or link.closed

        stub.motion.interrupts = interrupts
        try:
            return self._serve(link, stub)
        finally:
            stub.points.clear()
            link.finish()
            self._link = None

    def _serve(self, link: Link, stub: Stub) -> Outcome | None:
        machine = self.session.machine
        while not (link.closed or stub.detached):
            if not link.packets:
                link.interrupted = False  # the machine stands already
                link.poll(TICK)
                self._accept()
                self._idle()
                if machine.outcome is not None:
                    return machine.outcome
                continue
            reply = stub.handle(link.packets.popleft())
            if stub.motion.quit:
                return machine.outcome
            machine.outcome = None
            if reply is not None:
                link.reply(reply)
            if stub.killed:
                return Outcome.stopped(KILLED)
        return None
