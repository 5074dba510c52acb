# SPDX-License-Identifier: GPL-2.0-or-later
"""What is called while one run of a machine lasts: moments of virtual time, and limits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack

from vmm.machine.clock import NS
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome


def check(machine: Machine, **limits: float | None) -> None:
    """ValueError for a machine that runs already, and for limits that are none."""
    if machine.engine.native.running:
        raise ValueError("a hook cannot run the machine: it runs")
    for name, value in limits.items():
        if value is not None and not 0 <= value < math.inf:
            raise ValueError(f"{name}={value}: a limit is a number from 0 on")


def call_at(run: ExitStack, machine: Machine, when: int, call: Callable[[], None]) -> None:
    """Call back at a virtual time in nanoseconds, if the run lasts so long."""
    event = machine.clock.at(when, call, "run", host=True)
    run.callback(machine.clock.cancel, event)


def limit_virtual(run: ExitStack, machine: Machine, seconds: float) -> None:
    """Stop the run when so much virtual time has gone by from now."""
    outcome = Outcome.time(f"virtual time limit of {seconds:g} s reached")
    call_at(run, machine, machine.clock.now() + round(seconds * NS), lambda: machine.stop(outcome))


def limit_wall(run: ExitStack, machine: Machine, seconds: float) -> None:
    """Stop the run when so much real time has gone by from now."""
    end = time.monotonic() + seconds

    def look() -> None:
        if time.monotonic() >= end:
            machine.stop(Outcome.time(f"wall-clock limit of {seconds:g} s reached"))

    machine.on_heartbeat.append(look)
    run.callback(machine.on_heartbeat.remove, look)
