# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of a guest's page tables that made no exit are followed before anything is asked.

The native layer lets stores to tables through that a pre-virtualized guest's
build has marked, and notes the frames (annotated.c).  The memory policy looks
at those frames before it is next asked for something, so what it knows is
never older than what it is asked about.
"""

from __future__ import annotations

from vmm.monitor.base import Monitor

PAGE = 0x1000


def follow_noted(monitor: Monitor) -> None:
    """From now on have the policy look at noted frames at each exit and each fill."""
    virtual, memory = monitor.engine.virtual, monitor.memory
    assert virtual is not None
    noted, handlers = virtual.noted, virtual.handlers
    exit_handler, fill_handler = handlers.exit, handlers.fill

    def follow() -> None:
        for frame in noted():
            memory.wrote(frame * PAGE, PAGE)

    def left(kind: int) -> int:
        follow()
        return exit_handler(kind)

    def fill(address: int, access: int) -> int:
        follow()
        return fill_handler(address, access)

    handlers.exit, handlers.fill = left, fill
