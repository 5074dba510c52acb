# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM guests translated: they cannot tell, and neither can whoever reads the ledger."""

from __future__ import annotations

import ctypes as C

import pytest

from tests.monitor import runs
from vmm.boards import Options, create
from vmm.monitor import MonitorError, virtualize
from vmm.monitor.arm.monitor import Monitor


@pytest.mark.parametrize("guest", ["arm/hello", "arm/timers", "arm/traps", "arm/nucleus-quick"])
def test_a_translated_guest_runs_as_on_the_bare_machine(guest: str) -> None:
    seen, monitor = runs.virtual("virt", guest, "translate")
    assert isinstance(monitor, Monitor)
    assert seen == runs.bare("virt", guest)
    assert sum(monitor.processor.vcpu.emulated) > 10
    real = monitor.engine.function("cpsr_read_arm", C.c_uint32, C.c_void_p)
    assert real(monitor.engine.env) & 0x1F == 0x10
    assert monitor.processor.registers["cpsr"] & 0x1F != 0x10


@pytest.mark.parametrize(("properties", "cpu"), [
    ({"secure": "on"}, "cortex-a15"), ({"virtualization": "on"}, "cortex-a15"), ({}, "arm926"),
])
def test_processors_that_cannot_be_virtualized_are_refused(
    properties: dict[str, str], cpu: str
) -> None:
    machine = create(Options(board="virt", kernel=runs.GUESTS / "arm/hello.elf", cpu=cpu,
                             properties=properties))
    with pytest.raises(MonitorError):
        virtualize(machine, "translate")


def test_trap_and_emulate_is_refused_for_what_does_not_trap_unless_the_guest_is_trusted() -> None:
    with pytest.raises(MonitorError, match="mrs cpsr; msr cpsr_c"):
        virtualize(runs.machine("virt", "arm/hello"), "trap_and_emulate")
    machine = runs.machine("virt", "arm/hello")  # what it prints does not depend on them
    virtualize(machine, "trap_and_emulate", trusted=True)
    assert runs.watch(machine) == runs.bare("virt", "arm/hello")
