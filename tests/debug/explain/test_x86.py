# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 traps explained: every trap of the guest, against memory and the registers."""

from __future__ import annotations

from collections import Counter

import pytest
from stops import Stopped, boot, traps

from vmm.debug.explain import Explanation, explain
from vmm.debug.explain.x86 import Frame, Gate
from vmm.machine.machine import Machine

PAGE_FAULT, SOFTWARE, INTERRUPT = 14, 256, 512


@pytest.mark.parametrize("cpu", ["qemu32", "486"])
def test_every_trap_of_the_guest_is_explained_as_it_was(cpu: str) -> None:
    machine = boot("pc", "x86/traps", cpu)
    seen: Counter[str] = Counter()
    for trap in traps(machine):
        told = explain(machine, trap)
        text = "\n".join(told.lines())
        last = machine.engine.recent_traps()[-1]
        delivered = (trap.count, trap.kind) == last[:2]
        gate = told.section("Gate")
        assert gate is not None and isinstance(gate.data, Gate), text
        if trap.kind == PAGE_FAULT:
            _check_walk(trap, told)
            seen["walks"] += 1
        entry = told.section("Entry")
        if not delivered:
            assert entry is None, text
            seen["failed"] += 1
            continue
        assert not gate.data.failed, text
        assert entry is not None and entry.data == machine.linear_pc, text
        seen["delivered"] += 1
        frame = told.section("Frame")
        if frame is not None:
            _check_frame(machine, trap, frame.data, text)
            seen["frames"] += 1
        else:
            assert "task switch" in entry.lines[0], text
    assert seen["failed"] > 10
    assert seen["delivered"] > 400
    assert seen["frames"] > 400
    assert seen["walks"] > 30


def _check_walk(trap: Stopped, told: Explanation) -> None:
    """The walk fails with the very error code that the processor gave."""
    walk = told.section("Walk")
    assert walk is not None
    assert walk.data.status == trap.info, "\n".join(told.lines())


def _check_frame(machine: Machine, trap: Stopped, frame: Frame, text: str) -> None:
    """What is said to be pushed is in memory, and is what the processor had."""
    before, found = trap.before, dict(frame.values)
    mask = (1 << 8 * frame.width) - 1
    assert found["CS"] == before["cs"], text
    if trap.kind < SOFTWARE or trap.kind >= INTERRUPT:
        assert found["EIP"] == before["eip"] & mask, text
    # RF is pushed as the processor sees fit for a fault
    assert found["EFLAGS"] | 1 << 16 & mask == (before["eflags"] | 1 << 16) & mask, text
    if "error code" in found:
        assert found["error code"] == trap.info & mask, text
    if "SS" in found:
        assert (found["SS"], found["ESP"]) == (before["ss"], before["esp"] & mask), text
    physical = machine.processor.translate(frame.address)
    assert physical is not None
    data = machine.bus.read_memory(physical, frame.width)
    assert data is not None
    assert int.from_bytes(data, "little") == frame.values[0][1]
