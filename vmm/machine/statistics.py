# SPDX-License-Identifier: GPL-2.0-or-later
"""Counters of a run, as `--stats` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmm.machine.machine import Machine

COUNTERS = (
    "mmio_reads", "mmio_writes", "port_reads", "port_writes", "hot_reads", "hot_writes", "events",
    "halts",
)


def statistics(machine: Machine) -> dict[str, object]:
    """Counters of the run, as `--stats` writes them."""
    natives = [processor.engine.native for processor in machine.processors]

    def total(counter: str) -> int:
        return sum(getattr(native_cpu, counter) for native_cpu in natives)

    counts = [sum(each) for each in zip(*(one.traps for one in natives), strict=True)]
    return {
        "machine": machine.name,
        "cpu": machine.processor.model,
        "instructions": machine.engine.count,
        "cycles": machine.engine.cycles,
        "virtual_seconds": machine.clock.now() / 1e9,
        "host_seconds": round(machine.counters.host_seconds, 6),
        "processor_seconds": round(machine.counters.processor_seconds, 6),
        "traps": {
            machine.processor.trap_name(kind): count for kind, count in enumerate(counts) if count
        },
        "exits": {
            **{name: total(name) for name in COUNTERS},
            "unmapped": total("unmapped_accesses"),
            "translation_fills": total("fills"),
            "blocks_translated": total("blocks_translated"),
        },
        "devices": {name: counters() for name, counters in machine.device_counters.items()},
    }
