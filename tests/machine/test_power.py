# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's reset, when it begins the machine anew: what is reset, what stays, what is counted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vmm import Instructions, Machine
from vmm.machine.outcome import Ending

PROGRAM = """
    .arch_extension virt
    .global _start
_start:
    ldr     r4, =0x41000000     @ RAM that nothing is loaded to: the boots, counted
    ldr     r5, [r4]
    add     r5, #1
    str     r5, [r4]
    ldr     r6, =0x09000000     @ PL011
    add     r7, r5, #'0'
    str     r7, [r6]
    ldr     r8, =loaded         @ as it was loaded?
    ldr     r9, [r8]
    cmp     r9, #7
    movne   r7, #'!'
    strne   r7, [r6]
    str     r5, [r8]
    mrc     p15, 0, r9, c13, c0, 2  @ TPIDRURW: a register that a reset clears here
    cmp     r9, #0
    movne   r7, #'?'
    strne   r7, [r6]
    mcr     p15, 0, r5, c13, c0, 2
    ldr     r9, [r6, #0x24]     @ UARTIBRD: a device's register
    cmp     r9, #0
    movne   r7, #'#'
    strne   r7, [r6]
    mov     r9, #9
    str     r9, [r6, #0x24]
    cmp     r5, #3
    ldrne   r0, =0x84000009     @ PSCI: SYSTEM_RESET
    ldreq   r0, =0x84000008     @ SYSTEM_OFF
    hvc     #0
    mov     r7, #'.'            @ nothing runs behind it
    str     r7, [r6]
    b       .
    .data
loaded:
    .word   7
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("power")
    source, program = folder / "reset.S", folder / "reset.elf"
    source.write_text(PROGRAM)
    subprocess.run(
        ["arm-none-eabi-gcc", "-mcpu=cortex-a15", "-marm", "-nostdlib", "-Wl,-Ttext=0x40200000",
         "-Wl,-Tdata=0x40300000", "-Wl,--no-warn-rwx-segments", "-o", program, source], check=True)
    return program


def test_the_machine_begins_anew_and_its_account_goes_on(guest: Path) -> None:
    with Machine("virt", kernel=guest, reboots=True, ledger=True) as m:
        outcome = m.run(timeout=1)
        assert (outcome.ending, m.output) == (Ending.EXIT, "123")
        assert outcome.text == "the guest powered off (PSCI)"
        whole, ledger = m.count, m.ledger.hash()
        assert [trap.name for trap in m.ledger] == ["hvc"] * 3
        counts = [trap.count for trap in m.ledger]
    assert counts == sorted(counts) and counts[0] > 20
    for piece in (1, 7, counts[0]):  # the last one stops right where the reset is
        with Machine("virt", kernel=guest, reboots=True, ledger=True) as m:
            while m.run(until=Instructions(m.count + piece)).ending is Ending.STOPPED:
                pass
            assert (m.output, m.count, m.ledger.hash()) == ("123", whole, ledger)


def test_with_several_processors_the_first_one_begins(guest: Path) -> None:
    with Machine("virt", kernel=guest, reboots=True, processors=2) as m:
        assert m.run(timeout=1).ending is Ending.EXIT
        assert m.output == "123"


def test_without_it_a_reset_ends_the_run(guest: Path) -> None:
    with Machine("virt", kernel=guest) as m:
        outcome = m.run(timeout=1)
        assert (outcome.ending, outcome.status, m.output) == (Ending.EXIT, 0, "1")
        assert outcome.text == "the guest asked for a reset (PSCI)"
