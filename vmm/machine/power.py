# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets that a guest asks for: the machine begins anew where it was switched on.

The processors and devices are reset and what was loaded into RAM is put there again; the rest
of RAM keeps what it held, as with a warm reset, and so do disks.  Time, the account of
instructions, the console and networks go on, so a run with a reset in it is one run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.cpu import saved
from vmm.memory.frames import PAGE

if TYPE_CHECKING:
    from vmm.machine.machine import Machine


class PowerOn:
    """What a machine is before its first instruction."""

    def __init__(self, machine: Machine) -> None:
        self._registers = [saved.take(processor.engine) for processor in machine.processors]
        self._loaded = list(_loaded(machine))

    def restore(self, machine: Machine) -> None:
        """Reset ``machine``; only between runs of its engines."""
        if machine.turns is not None:
            machine.turns.reset()
        for processor, registers in zip(machine.processors, self._registers, strict=True):
            saved.restore_registers(processor.engine, registers)
        for space in (machine.bus.devices, machine.bus.ports):
            for device in space.known:
                reset_device(device)
        for reset in machine.on_reset:
            reset()
        for address, data in self._loaded:
            machine.bus.write_memory(address, data)
        machine.bus.cool()
        for processor in machine.processors:
            processor.engine.forget_translations()


def reset_device(device: object) -> None:
    """Reset a device; one of the user's own may have no reset, and keeps its state."""
    reset = getattr(device, "reset", None)
    if reset is not None:
        reset()


def _loaded(machine: Machine) -> list[tuple[int, bytes]]:
    """Address and content of the stretches of RAM that hold something."""
    found = []
    for memory in machine.bus.memory:
        if memory.rom:
            continue
        first, last = memory.offset, memory.offset + memory.size
        for pages in memory.frames.populated():
            start, end = max(pages.start * PAGE, first), min(pages.stop * PAGE, last)
            if start < end:
                found.append((memory.base + start - first, bytes(memory.frames.view[start:end])))
    return found
