# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell's `attach`: the keyboard is the guest's console while the guest runs."""

from __future__ import annotations

from vmm.cli.terminal import Input, Output
from vmm.cli.ticking import TICK, ticking
from vmm.debug.session import Session
from vmm.debug.stops import Stop

STDIN = 0


def attach(session: Session, output: Output) -> Stop:
    """Run with raw keys going to the guest, until it stops or Ctrl-A c (or x) is typed."""
    machine = session.machine
    keys = Input(STDIN, machine.console.type, session.interrupt, session.interrupt)

    def look() -> None:
        output.flush()
        keys.poll()

    def idle() -> bool:
        output.flush()
        return keys.poll(TICK) or machine.outcome is not None

    before = machine.halts.idle_input
    machine.halts.idle_input = idle
    try:
        with keys.raw(), ticking(machine, look, session.interrupt):
            return session.run()
    finally:
        machine.halts.idle_input = before
        output.flush()
