# SPDX-License-Identifier: GPL-2.0-or-later
"""SCTLR is that of the security state that the processor is in (ARM DDI 0406C, B3.15.3)."""

from __future__ import annotations

import struct
from pathlib import Path

from vmm.boards import Options, create
from vmm.cpu.arm.registers import ABT, SVC, UND
from vmm.machine.machine import Machine

CODE, VECTORS, TABLE, LOW = 0x40100000, 0x40101000, 0x40200000, 0x40300000
FLAGS, ODD = 0x1C0, 0x40102001  # CPSR.A, I and F; an address
WAIT, UNDEFINED = 0xEAFFFFFE, 0xE7F000F0
CHECK_ALIGNMENT = [
    0xEE110F10,  # mrc p15, 0, r0, c1, c0, 0   SCTLR
    0xE3800002,  # orr r0, r0, #2              A
    0xEE010F10,  # mcr p15, 0, r0, c1, c0, 0
]
LEAVE = [
    0xF1020016,  # cps #MON
    0xEE110F11,  # mrc p15, 0, r0, c1, c1, 0   SCR
    0xE3800001,  # orr r0, r0, #1              NS
    0xEE010F11,  # mcr p15, 0, r0, c1, c1, 0
    0xF1020013,  # cps #SVC
]
LOAD = [0xE5912000]  # ldr r2, [r1]


def secure_machine(path: Path, code: list[int]) -> Machine:
    """In Secure state, about to run this code."""
    firmware = path / "nothing.bin"
    firmware.write_bytes(bytes(16))
    machine = create(Options("virt", {"secure": "on"}, ram=4 << 20, bios=firmware))
    machine.bus.write_memory(CODE, struct.pack(f"<{len(code) + 1}I", *code, WAIT))
    machine.bus.write_memory(VECTORS, struct.pack("<8I", *[WAIT] * 8))
    r = machine.processor.registers
    r["cpsr"], r["vbar"], r["vbar_s"], r["r1"] = SVC | FLAGS, VECTORS, VECTORS, ODD
    machine.processor.set_pc(CODE)
    return machine


def test_alignment_is_checked_in_the_state_that_asks_for_it(tmp_path: Path) -> None:
    code = [*CHECK_ALIGNMENT, *LOAD]
    machine = secure_machine(tmp_path, code)
    machine.run(until=machine.engine.count + len(code) + 1)
    assert machine.processor.registers["cpsr"] & 0x1F == ABT


def test_alignment_is_not_checked_in_the_other(tmp_path: Path) -> None:
    code = [*CHECK_ALIGNMENT, *LEAVE, *LOAD]
    machine = secure_machine(tmp_path, code)
    machine.run(until=machine.engine.count + len(code) + 1)
    assert machine.processor.registers["cpsr"] & 0x1F == SVC
    assert machine.processor.registers["scr"] & 1


def test_a_secure_guest_may_have_its_vectors_at_address_0(tmp_path: Path) -> None:
    machine = secure_machine(tmp_path, [UNDEFINED])
    machine.processor.expect_vectors_above(0x20)
    sections = [LOW, *(i << 20 for i in range(1, 4096))]
    machine.bus.write_memory(TABLE, struct.pack("<4096I", *(base | 0xC02 for base in sections)))
    machine.bus.write_memory(LOW, struct.pack("<8I", *[WAIT] * 8))
    r = machine.processor.registers
    r["ttbr0_s"], r["dacr_s"], r["vbar_s"] = TABLE, 1, 0
    r["sctlr_s"] = r["sctlr_s"] | 1
    outcome = machine.run(until=machine.engine.count + 3)
    assert outcome.text == "stopped"
    assert r["cpsr"] & 0x1F == UND and r["pc"] == 4
