# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual processors: exits, traps of the guest, interrupts, sleep."""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable

import pytest
from virtual_guests import COUNTER, UNMAPPED, Guest, arm, sparc, x86

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, G1, G2, G3, NOP, SPARC_INC, SPARC_TA3
from vmm.cpu.virtual import Virtual
from vmm.native import library as native

RD_PSR = 2 << 30 | G1 << 25 | 0x29 << 19  # rd %psr, %g1: privileged
ARM_NOP, ARM_INC, ARM_MRS_SPSR = 0xE1A00000, 0xE2800001, 0xE14F0000

# A privileged instruction between two others: code, its kind, its place, how many begin.
PRIVILEGED = (
    (sparc, [SPARC_INC, RD_PSR, SPARC_INC], 3, CODE + 4),
    (arm, [ARM_INC, ARM_MRS_SPSR, ARM_INC], 1, CODE + 4),
    (x86, b"\x40\xfa\x40", 13, CODE + 1),  # inc, cli, inc
)


@pytest.mark.parametrize(("make", "code", "kind", "pc"), PRIVILEGED)
def test_a_privileged_instruction_exits_once_uncounted_and_exact(
    make: Callable[[], Guest], code: bytes | list[int], kind: int, pc: int
) -> None:
    guest = make()
    assert guest.run(code, 3) == native.REASON_STOPPED
    assert guest.exits == [(kind, pc, 2)]
    assert guest.registers[COUNTER[guest.machine.processor.architecture]] == 2
    assert guest.engine.count == 3
    assert guest.ledger == [] and guest.engine.native.traps[kind] == 0
    assert guest.engine.native.exits == 1


@pytest.mark.parametrize(("make", "code", "kind", "pc"), PRIVILEGED)
def test_a_reflected_trap_is_counted_recorded_and_offered(
    make: Callable[[], Guest], code: bytes | list[int], kind: int, pc: int
) -> None:
    guest = make()
    offered: list[int] = []

    def trap(number: int) -> int:
        offered.append(number)
        return native.HANDLED

    guest.engine.handlers.trap = trap
    guest.engine.intercept([kind])
    actions: list[int] = []

    def left(number: int) -> int:
        actions.append(guest.virtual.reflect(number, guest.machine.processor.pc, 0x55, 7))
        return guest.skip(number)

    guest.virtual.handlers.exit = left
    guest.run(code, 3)
    assert actions == [native.HANDLED] and offered == [kind]
    assert guest.ledger == [(2, kind, pc, 0x55, 7)]
    assert guest.engine.native.traps[kind] == 1
    assert guest.engine.recent_traps() == guest.ledger


def test_a_trap_in_a_delay_slot_has_its_own_place() -> None:
    guest = sparc()
    places: list[tuple[int, int]] = []

    def left(kind: int) -> int:
        places.append((guest.registers["pc"], guest.registers["npc"]))
        return guest.skip(kind)

    guest.virtual.handlers.exit = left
    guest.machine.put(CODE + 0x40, [NOP])
    guest.run([0x10800010, SPARC_TA3], 3)  # ba CODE + 0x40; ta 3 in the slot
    assert places == [(CODE + 4, CODE + 0x40)]
    assert guest.registers["pc"] == CODE + 0x44


def test_requests_wait_until_the_virtual_processor_is_open() -> None:
    for make in (sparc, arm, x86):
        guest = make()
        nops = {sparc: [NOP] * 40, arm: [ARM_NOP] * 40, x86: b"\x90" * 40}[make]
        taken: list[int] = []

        def left(kind: int, taken: list[int] = taken, guest: Guest = guest) -> int:
            assert kind == native.KIND_VIRTUAL_INTERRUPT
            taken.append(guest.engine.count)
            guest.vcpu.open = 0
            return native.HANDLED

        guest.virtual.handlers.exit = left
        guest.engine.set_interrupt(2, True)
        guest.run(nops, 10)
        assert taken == []
        guest.vcpu.open = 2
        guest.machine.run(10)
        if make is sparc:
            assert taken == []  # no level is asked for
            guest.machine.processor.request(3)
            guest.vcpu.level = 3
            guest.machine.run(5)
            assert taken == []
            guest.vcpu.level = 2
            guest.machine.run(5)
            assert taken == [25]
        else:
            assert taken == [10]


def test_halt_is_the_board_s_and_may_wake() -> None:
    guest = arm()
    slept: list[int] = []

    def halt() -> bool:
        slept.append(guest.engine.count)
        return len(slept) > 1

    guest.engine.handlers.halt = halt

    def left(kind: int) -> int:
        guest.virtual.halt()
        return guest.skip(kind)

    guest.virtual.handlers.exit = left
    assert guest.run([ARM_MRS_SPSR, ARM_NOP, ARM_MRS_SPSR, ARM_NOP], 9) == native.REASON_HALTED
    assert slept == [1, 3]
    assert guest.machine.processor.pc == CODE + 12


@pytest.mark.parametrize("which", ["exit", "fill"])
def test_what_a_handler_raises_comes_out_of_run(which: str) -> None:
    guest = sparc()

    def broken(*_: int) -> int:
        raise LookupError("on purpose")

    setattr(guest.virtual.handlers, which, broken)
    guest.registers["g2"] = UNMAPPED
    code = [NOP, RD_PSR if which == "exit" else scratch.load_store(0, G3, G2), NOP]
    with pytest.raises(LookupError, match="on purpose"):
        guest.run(code, 3)
    assert guest.registers["pc"] == CODE + 4


def test_a_structure_of_another_shape_is_refused() -> None:
    class Small(C.Structure):
        _fields_ = (*native.VCPU_HEADER, ("words", C.c_uint32 * 3))

    with pytest.raises(ValueError, match="Small is not the structure"):
        Virtual(scratch.sparc().engine, Small())


def test_a_detached_engine_is_a_bare_machine_again() -> None:
    guest = sparc()
    guest.run([RD_PSR], 1)
    guest.virtual.detach()
    guest.registers["psr"] = 0x20
    guest.registers["mmu.control"] = 0
    guest.run([RD_PSR], 1)
    assert len(guest.exits) == 1
    assert guest.registers["pc"] == scratch.HANDLER + 0x30
