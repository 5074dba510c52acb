# SPDX-License-Identifier: GPL-2.0-or-later
"""A paravirtual LEON3 kernel: what the native layer answers is what Python would."""

from __future__ import annotations

import pytest
from runs import machine, virtual

from vmm.monitor import virtualize
from vmm.monitor.memory import exposed
from vmm.monitor.memory.frame_types import FrameTypes
from vmm.monitor.memory.physical import PhysicalMemory


@pytest.mark.parametrize("policy", ["strict", "exposed", "nested"])
def test_native_answers_are_those_of_python(policy: str) -> None:
    """Console, instructions, and every trap with its pc, npc and status."""
    native, monitor = virtual("leon3", "sparc/nucleus-para-quick", "para", policy)
    python, readable = virtual("leon3", "sparc/nucleus-para-quick", "para", policy, native=False)
    assert native == python
    assert native.traps > 1000
    assert monitor.counters.total < readable.counters.total / 3


def test_system_calls_do_not_come_to_the_monitor() -> None:
    """Traps, windows and the way back to user mode are the native layer's."""
    seen, monitor = virtual("leon3", "sparc/nucleus-para-syscalls", "para")
    assert monitor.counters.total < 1000 < 200_000 < seen.traps


def test_the_account_of_tables_is_that_of_memory_though_the_native_layer_changed_them() -> None:
    guest = machine("leon3", "sparc/nucleus-para-quick")
    monitor = virtualize(guest, "para", "exposed")
    policy = monitor.memory
    assert isinstance(policy, exposed.Policy)
    leaves = []
    for part in (3_500_000, 4_000_000, 4_500_000, 6_500_000):  # processes come and go
        guest.run(until=part)
        fresh = FrameTypes(
            PhysicalMemory(guest.bus), policy._guest.tables, exposed.addresses, lambda *told: None)
        for root in policy._pinned:
            fresh.pin(root)
        assert tables(policy._types) == tables(fresh)
        leaves += [known for known in policy._types._known.values() if known.open]
    assert len(leaves) > 8
    assert policy.counters.updates > 2 * monitor.counters.total


def tables(types: FrameTypes) -> object:
    """All that is known of tables in use."""
    return (
        {base: (known.level, known.size, known.pins, known.parents)
         for base, known in types._known.items()},
        types._writable, types._frames,
    )
