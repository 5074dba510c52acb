# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at the user while a guest runs: some times a second, and at Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vmm.machine.machine import Machine

TICK = 0.05  # seconds of real time between looks at the user


@contextmanager
def ticking(
    machine: Machine, look: Callable[[], None], interrupt: Callable[[], None],
    terminate: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Call ``look`` some times a second of real time, and ``interrupt`` before it at Ctrl-C.

    The machine looks after so many instructions, which is too late for a
    user when each of them is a device access.  A signal handler may run
    inside any callback, so it only asks the engine for an event: the look
    comes at the next boundary and the guest cannot tell.  ``interrupt`` is
    called in the handler itself, and a second Ctrl-C does not wait; so is
    ``terminate``, if it is given, when the process is asked to end (SIGTERM).
    """
    handlers = machine.engine.handlers
    machine_event = handlers.event
    wanted = False

    def event() -> bool:
        nonlocal wanted
        if wanted:
            wanted = False
            look()
        return machine_event()

    def tick(number: int, frame: object) -> None:
        nonlocal wanted
        wanted = True
        machine.engine.ask_look()

    def stop(number: int, frame: object) -> None:
        nonlocal wanted
        wanted = True
        asked[number]()
        signal.signal(number, before[number])
        machine.engine.ask_look()

    asked: dict[int, Callable[[], None]] = {signal.SIGINT: interrupt}
    if terminate is not None:
        asked[signal.SIGTERM] = terminate
    before = {number: signal.signal(number, stop) for number in asked}
    signal.signal(signal.SIGALRM, tick)
    handlers.event = event
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for number, handler in before.items():
            signal.signal(number, handler)
        handlers.event = machine_event
