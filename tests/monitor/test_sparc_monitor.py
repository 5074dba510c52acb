# SPDX-License-Identifier: GPL-2.0-or-later
"""LEON3 guests in user mode: nothing that they can see differs from the bare machine."""

from __future__ import annotations

import pytest
from runs import bare, machine, virtual, watch

from vmm.cpu import execution
from vmm.monitor import virtualize
from vmm.monitor.sparc.decode import decode
from vmm.monitor.sparc.monitor import Monitor
from vmm.native import library as native
from vmm.state import snapshot


@pytest.mark.parametrize("guest", ["hello", "timers", "traps"])
def test_a_guest_is_the_same_in_console_instructions_and_every_trap(guest: str) -> None:
    seen, monitor = virtual("leon3", f"sparc/{guest}", "trap_and_emulate")
    assert seen == bare("leon3", f"sparc/{guest}")
    assert monitor.counters.emulated["wr %psr"] > 20
    assert seen.traps == monitor.counters.reflected.total()


def test_traps_entered_by_the_readable_entry_are_the_same() -> None:
    guest = machine("leon3", "sparc/traps")
    virtualize(guest, "trap_and_emulate")
    guest.traps.set_delivery("python")
    assert watch(guest) == bare("leon3", "sparc/traps")


@pytest.mark.parametrize(
    ("guest", "seconds"),
    [("error_mode", None), ("nowhere", None), ("unmapped", None), ("spin", 0.01), ("flood", 0.01)],
)
def test_a_guest_that_misbehaves_ends_as_on_the_bare_machine(
    guest: str, seconds: float | None
) -> None:
    seen, _ = virtual("leon3", f"hostile/sparc/{guest}", "trap_and_emulate", seconds=seconds)
    assert seen == bare("leon3", f"hostile/sparc/{guest}", seconds)


def test_the_guests_registers_are_shown_and_the_real_mode_is_not() -> None:
    guest = machine("leon3", "sparc/hello")
    virtualize(guest, "trap_and_emulate")
    registers = guest.processor.registers
    assert registers["psr"] & 0x80
    assert not guest.engine.words(220, 1)[0]  # PSR.S of the real processor
    registers["psr"] = 0xF3001F27
    assert registers["psr"] == 0xF3001F27 and registers["mmu.control"] & 1 == 0
    assert guest.processor.wakes() is False and guest.processor.can_wake()


@pytest.mark.parametrize(
    ("word", "name", "fields"),
    [
        (0x91400000, None, ()),  # rd %y, %o0
        (0x83480000, "rd %psr", (1, 0, 0, None)),
        (0x81887FFF, "wr %psr", (0, 1, 31, -1)),
        (0x81900013, "wr %wim", (0, 0, 19, None)),
        (0xAF580000, "rd %tbr", (23, 0, 0, None)),
        (0x81CC8000, "rett", (0, 18, 0, None)),
        (0xD0810320, "lda 0x19", (8, 4, 0, None)),
        (0xD2AA838B, "stba 0x1c", (9, 10, 11, None)),
        (0xD5E20149, "casa 0x0a", (10, 8, 9, None)),
        (0xD5E22149, None, ()),  # with an immediate space: illegal, not privileged
        (0xC1304000, "std %fq", (0, 1, 0, None)),
        (0x01000000, None, ()),  # nop
        (0xC4004000, None, ()),  # ld [%g1], %g2
        (0x81D84000, None, ()),  # flush %g1
    ],
)
def test_the_privileged_set_is_decoded_and_nothing_else(
    word: int, name: str | None, fields: tuple[int | None, ...]
) -> None:
    found = decode(word)
    if name is None:
        assert found is None
    else:
        assert found is not None and found.name == name
        assert (found.rd, found.rs1, found.rs2, found.immediate) == fields


def test_an_exit_that_the_monitor_cannot_explain_is_its_own_failure() -> None:
    guest = machine("leon3", "sparc/hello")
    monitor = virtualize(guest, "trap_and_emulate")
    guest.processor.set_pc(0x40000000)  # `ba reset` is not privileged
    assert monitor.exit(3) == native.STOP
    assert guest.outcome is not None and "cannot emulate 0x10800" in guest.outcome.text


@pytest.mark.parametrize("policy", ["lazy", "exposed", "nested"])
def test_an_instruction_that_is_not_at_hand_is_looked_for(policy: str) -> None:
    guest = machine("leon3", "sparc/nucleus-quick")
    monitor = virtualize(guest, "trap_and_emulate", policy)
    assert isinstance(monitor, Monitor)
    privileged = monitor.privileged

    def forgetful(kind: int) -> int:
        monitor.vcpu.instruction = 0
        return privileged(kind)

    monitor.handlers[3] = forgetful
    assert watch(guest) == bare("leon3", "sparc/nucleus-quick")


@pytest.mark.parametrize("policy", ["lazy", "strict", "nested"])
@pytest.mark.parametrize("technique", ["trap_and_emulate", "translate"])
@pytest.mark.parametrize("guest", ["traps", "nucleus-quick"])
def test_no_policy_shows(guest: str, technique: str, policy: str) -> None:
    seen, monitor = virtual("leon3", f"sparc/{guest}", technique, policy)
    assert seen == bare("leon3", f"sparc/{guest}")
    assert (monitor.memory.counters.hidden_faults == 0) == (policy == "nested")


def test_a_translated_kernel_whose_tables_the_engine_walks_needs_no_monitor() -> None:
    _, monitor = virtual("leon3", "sparc/nucleus-quick", "translate", "nested")
    assert monitor.counters.total < 10  # cache control, MMU control


def test_a_paravirtual_kernel_may_have_the_engine_walk_its_tables() -> None:
    seen, monitor = virtual("leon3", "sparc/nucleus-para-quick", "para", "nested")
    assert seen.console == bare("leon3", "sparc/nucleus-quick").console
    assert monitor.memory.counters.hidden_faults == 0


@pytest.mark.parametrize("guest", ["hello", "timers", "traps"])
def test_a_translated_kernel_is_the_same_with_hardly_an_exit(guest: str) -> None:
    seen, monitor = virtual("leon3", f"sparc/{guest}", "translate")
    assert seen == bare("leon3", f"sparc/{guest}")
    assert monitor.counters.total < 100
    assert not {"rd %psr", "wr %psr", "rett"} & set(monitor.counters.emulated)


@pytest.mark.parametrize("technique", ["trap_and_emulate", "translate"])
def test_returns_from_traps_are_told_as_on_the_bare_machine(technique: str) -> None:
    told, virtualized = machine("leon3", "sparc/traps"), machine("leon3", "sparc/traps")
    virtualize(virtualized, technique)
    for one in (told, virtualized):
        execution.record_returns(one.engine, True)
    assert watch(virtualized) == watch(told)


@pytest.mark.parametrize(
    ("technique", "policy"),
    [("trap_and_emulate", "lazy"), ("translate", "strict"), ("translate", "exposed"),
     ("translate", "nested")],
)
def test_a_run_in_slices_with_a_step_back_is_the_same_run(technique: str, policy: str) -> None:
    guest = machine("leon3", "sparc/nucleus-quick")
    virtualize(guest, technique, policy)
    console = bytearray()
    guest.console.sinks.append(console.extend)
    for until in (50, 3000, 3001, 400_000):
        guest.run(until=until)
    registers = guest.processor.registers.snapshot()
    before, printed = snapshot.take(guest), len(console)
    guest.run(until=900_000)
    snapshot.restore(guest, before)
    del console[printed:]
    assert guest.processor.registers.snapshot() == registers
    seen = watch(guest)
    whole = bare("leon3", "sparc/nucleus-quick")
    assert (seen.outcome, seen.instructions, bytes(console)) == (
        whole.outcome, whole.instructions, whole.console)
