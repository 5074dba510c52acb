# SPDX-License-Identifier: GPL-2.0-or-later
"""Counters of a run, as `--stats` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.machine.machine import Machine


def statistics(machine: Machine) -> dict[str, object]:
    """Counters of the run, as `--stats` writes them."""
    n = machine.engine.native
    traps = {
        machine.processor.trap_name(kind): n.traps[kind]
        for kind in range(native.TRAP_KINDS)
        if n.traps[kind]
    }
    return {
        "machine": machine.name,
        "cpu": machine.processor.model,
        "instructions": machine.engine.count,
        "cycles": machine.engine.cycles,
        "virtual_seconds": machine.clock.now() / 1e9,
        "host_seconds": round(machine.counters.host_seconds, 6),
        "processor_seconds": round(machine.counters.processor_seconds, 6),
        "traps": traps,
        "exits": {
            "mmio_reads": n.mmio_reads,
            "mmio_writes": n.mmio_writes,
            "port_reads": n.port_reads,
            "port_writes": n.port_writes,
            "hot_reads": n.hot_reads,
            "hot_writes": n.hot_writes,
            "events": n.events,
            "halts": n.halts,
            "unmapped": n.unmapped_accesses,
            "translation_fills": n.fills,
            "blocks_translated": n.blocks_translated,
        },
        "devices": {name: counters() for name, counters in machine.device_counters.items()},
    }
