# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM exceptions explained: every one of the guests, against the processor's own status."""

from __future__ import annotations

from collections import Counter

import pytest
from stops import Stopped, boot, traps

from vmm.cpu.arm import traps as kinds
from vmm.debug.explain import Explanation, explain
from vmm.debug.explain.fields_arm import short_status
from vmm.machine.machine import Machine

GUESTS = (
    ("traps", "cortex-a15", {}, 280),
    ("traps", "cortex-a7", {}, 280),
    ("hyp", "cortex-a15", {"virtualization": "on"}, 50),
    ("monitor", "cortex-a15", {"secure": "on"}, 20),
    ("v5", "arm926", {}, 45),
)


@pytest.mark.parametrize(("guest", "cpu", "properties", "least"), GUESTS,
                         ids=[f"{g[0]}-{g[1]}" for g in GUESTS])
def test_every_exception_is_explained_as_it_was(
    guest: str, cpu: str, properties: dict[str, str], least: int
) -> None:
    machine = boot("virt", f"arm/{guest}", cpu, **properties)
    walks = Counter[bool]()
    count = 0
    for trap in traps(machine):
        count += 1
        told = explain(machine, trap)
        registers = machine.processor.registers
        entry = told.section("Entry")
        assert entry is not None
        if entry.data is not None:
            assert entry.data == machine.processor.pc
            assert registers["spsr"] == trap.status
        else:
            assert trap.kind in machine.traps.services, "\n".join(told.lines())
        if trap.kind in (kinds.PREFETCH_ABORT, kinds.DATA_ABORT):
            walks[_check_abort(machine, trap, told)] += 1
    assert count >= least
    if guest != "monitor":
        assert walks[True]


def _check_abort(machine: Machine, trap: Stopped, told: Explanation) -> bool:
    """The walk fails exactly if the status says that the tables were at fault, and equally."""
    section, cause = told.section("Walk"), told.section("Cause")
    assert section is not None and cause is not None
    walk, text = section.data, "\n".join(told.lines())
    hyp = machine.processor.registers["cpsr"] & 0x1F == 0x1A
    long = hyp or bool(cause.data & 1 << 9)
    status = cause.data & 0x3F if long else short_status(cause.data)
    alignment, external = (0x21, 0x10) if long else (0x01, 0x08)
    if status == alignment:
        assert "not aligned" in told.summary[0], text
        return False
    if status == external:
        assert walk.physical is not None, text
        return False
    assert walk.status == status, text
    return True
