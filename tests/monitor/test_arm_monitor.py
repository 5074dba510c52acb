# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM guests translated: they cannot tell, and neither can whoever reads the ledger."""

from __future__ import annotations

import ctypes as C
import random

import pytest

from tests.monitor import runs
from vmm.boards import Options, create
from vmm.cpu.watch import Watchpoint
from vmm.monitor import MonitorError, virtualize
from vmm.monitor.arm.monitor import Monitor
from vmm.state.snapshot import restore, take


@pytest.mark.parametrize(("guest", "policy"), [
    ("arm/hello", "lazy"), ("arm/timers", "lazy"), ("arm/traps", "lazy"), ("arm/traps", "nested"),
    ("arm/nucleus-quick", "lazy"), ("arm/nucleus-quick", "nested"),
])
def test_a_translated_guest_runs_as_on_the_bare_machine(guest: str, policy: str) -> None:
    seen, monitor = runs.virtual("virt", guest, "translate", policy)
    assert isinstance(monitor, Monitor)
    assert seen == runs.bare("virt", guest)
    assert sum(monitor.native_counts().values()) > 10
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


@pytest.mark.parametrize("policy", ["strict", "lazy", "nested"])
def test_flushes_and_changes_of_context_make_no_exit(policy: str) -> None:
    _, monitor = runs.virtual("virt", "arm/nucleus-quick", "translate", policy)
    counters = monitor.memory.counters
    assert monitor.counters.total == 0
    assert (counters.hidden_faults == 0) == (policy == "nested")
    if policy != "nested":
        assert counters.switches > 500 < counters.flushes + 300


def test_trap_and_emulate_is_refused_for_what_does_not_trap_unless_the_guest_is_trusted() -> None:
    with pytest.raises(MonitorError, match="mrs cpsr; msr cpsr_c"):
        virtualize(runs.machine("virt", "arm/hello"), "trap_and_emulate")
    machine = runs.machine("virt", "arm/hello")  # what it prints does not depend on them
    virtualize(machine, "trap_and_emulate", trusted=True)
    assert runs.watch(machine) == runs.bare("virt", "arm/hello")


def test_traps_entered_in_python_are_those_entered_natively() -> None:
    machine = runs.machine("virt", "arm/traps")
    virtualize(machine, "translate")
    machine.traps.set_delivery("python")
    assert runs.watch(machine) == runs.bare("virt", "arm/traps")


def test_a_translated_guest_runs_in_slices_and_from_snapshots_as_in_one_run() -> None:
    machine = runs.machine("virt", "arm/nucleus-quick")
    virtualize(machine, "translate")
    ledger: list[tuple[int, int, int, int, int]] = []
    machine.ledger.record(ledger.extend)
    start = take(machine)
    machine.run()
    machine.engine.drain_ledger()
    whole = list(ledger), machine.engine.count, bytes(machine.console.tail)
    restore(machine, start)
    ledger.clear()
    choose = random.Random(5)
    for stop in sorted(choose.randrange(whole[1]) for _ in range(30)):
        machine.run(until=stop)
        machine.engine.drain_ledger()
        if choose.random() < 0.3:
            middle, before = take(machine), len(ledger)
            machine.run(until=stop + 5000)
            machine.engine.drain_ledger()
            restore(machine, middle)
            del ledger[before:]
    machine.run()
    machine.engine.drain_ledger()
    assert (ledger, machine.engine.count, bytes(machine.console.tail)) == whole


@pytest.mark.parametrize("watched", [
    (0x40300034, 4, "write"),  # by stm of the user bank
    (0x40300004, 4, "read"),  # by ldm of the user bank
])
def test_a_watchpoint_sees_what_an_emulated_instruction_touches(watched: Watchpoint) -> None:
    stops = []
    for technique in (None, "translate"):
        machine = runs.machine("virt", "hostile/arm/every_field")
        if technique is not None:
            virtualize(machine, technique)
        machine.set_watchpoints([watched])
        machine.run()
        access = machine.stopped_at_watchpoint
        assert access is not None
        stops.append((access, machine.engine.count, machine.processor.pc))
    assert stops[0] == stops[1]
