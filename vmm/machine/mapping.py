# SPDX-License-Identifier: GPL-2.0-or-later
"""A bus's memory and device pages, mapped into an engine."""

from __future__ import annotations

from vmm.cpu.engine import Engine
from vmm.machine.bus import PAGE, Bus


def map_bus(bus: Bus, engine: Engine) -> None:
    """Map all memory, whole pages of devices, and a hole for what nobody answers."""
    for memory in bus.memory:
        address = memory.frames.address + memory.offset
        engine.map_memory(memory.base, memory.size, address, memory.rom, memory.secure)
    for shadow in bus.shadows:
        engine.map_behind(shadow.base, shadow.size, shadow.frames.address + shadow.offset)
    pages: list[list[int]] = []
    for placed in bus.devices:
        if bus.memory_at(placed.base) is not None:
            continue  # a ROM's own device: the engine sends it the writes
        start = placed.base & -PAGE
        end = -(-placed.end // PAGE) * PAGE
        if pages and start <= pages[-1][1]:
            pages[-1][1] = max(pages[-1][1], end)
        else:
            pages.append([start, end])
    for start, end in pages:
        engine.map_device(start, end - start)
    for start, size in bus.windows:
        engine.map_device(start, size)
    engine.map_hole()
