# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM guests translated: they cannot tell, and neither can whoever reads the ledger."""

from __future__ import annotations

import ctypes as C

import pytest

from tests.monitor import runs
from vmm.boards import Options, create
from vmm.monitor.arm.monitor import Monitor
from vmm.monitor.base import MonitorError
from vmm.monitor.memory import lazy


class Translate:
    """The technique, as far as an ARM monitor needs it."""

    name = "translate"

    def refusal(self, machine: object) -> None:
        return None

    def attach(self, monitor: Monitor) -> None:
        monitor.replace_sensitive()


def translated(guest: str) -> tuple[runs.Seen, Monitor]:
    machine = runs.machine("virt", guest)
    memory = lazy.Policy()
    monitor = Monitor(machine, Translate(), memory)
    memory.attach(monitor)
    monitor.technique.attach(monitor)
    return runs.watch(machine), monitor


@pytest.mark.parametrize("guest", ["arm/hello", "arm/timers", "arm/traps"])
def test_a_translated_guest_runs_as_on_the_bare_machine(guest: str) -> None:
    seen, monitor = translated(guest)
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
        Monitor(machine, Translate(), lazy.Policy())
