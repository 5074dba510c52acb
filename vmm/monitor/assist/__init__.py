# SPDX-License-Identifier: GPL-2.0-or-later
"""Assist: the guest runs in the processor's own modes, and leaves where its controls say.

The way of Intel VT-x, AMD-V and ARM's Virtualization Extensions: no
instruction is replaced or emulated; a control block (`control_block`) says which
traps, which classes of sensitive instructions (`classes`), which accesses and
halts leave the guest, and a handler decides what comes of each exit.
"""

from __future__ import annotations

from vmm.machine.machine import Machine
from vmm.monitor.assist.classes import CLASSES
from vmm.monitor.assist.control_block import (
    Action,
    ControlBlock,
    Controls,
    Event,
    Exit,
    ExitHandler,
    Reason,
)
from vmm.monitor.assist.monitor import Monitor
from vmm.monitor.base import Monitor as AnyMonitor
from vmm.monitor.base import MonitorError
from vmm.monitor.memory.base import MemoryPolicy

__all__ = ["Action", "ControlBlock", "Controls", "Event", "Exit", "Monitor", "Reason", "Technique"]


def resume(block: ControlBlock) -> Action:
    """The handler that lets everything happen as on the bare machine."""
    return Action.RESUME


class Technique:
    """``controls``: what leaves the guest (by default nothing); ``handler``: who hears of it."""

    name = "assist"

    def __init__(self, controls: Controls | None = None, handler: ExitHandler = resume) -> None:
        self.controls = controls or Controls()
        self.handler = handler

    def refusal(self, machine: Machine) -> str | None:
        processor = machine.processor
        known = CLASSES[processor.architecture]
        for name in sorted(self.controls.instructions - known.keys()):
            return f"no instruction class {name!r} on {processor.architecture}:" \
                   f" {', '.join(known)}"
        for kind in sorted(self.controls.traps - processor.trap_kinds().keys()):
            return f"no trap {kind} on {processor.architecture}"
        return None

    def monitor(self, machine: Machine, memory: MemoryPolicy) -> Monitor:
        """The monitor of a machine that runs assisted."""
        return Monitor(machine, self, memory, self.controls, self.handler)

    def attach(self, monitor: AnyMonitor) -> None:
        if not isinstance(monitor, Monitor):
            raise MonitorError("assist takes the processor as it is")
