# SPDX-License-Identifier: GPL-2.0-or-later
"""DBGDSCR.MOE tells of the last debug event (ARM DDI 0406C, C11.11.20), which no interrupt is."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

import pytest

from vmm.boards import Options, create
from vmm.cpu.arm.registers import ABT, IRQ, SVC
from vmm.monitor import virtualize

CODE, VECTORS = 0x40100000, 0x40101000
BKPT, WAIT = 0xE1200070, 0xEAFFFFFE
MOE, BY_BKPT = 0x3C, 3 << 2
IRQ_LINE = 2


@pytest.mark.parametrize("technique", [None, "translate"])
@pytest.mark.parametrize("delivery", ["native", "python"])
def test_an_interrupt_is_no_debug_event(
    tmp_path: Path, delivery: Literal["native", "python"], technique: str | None
) -> None:
    firmware = tmp_path / "nothing.bin"
    firmware.write_bytes(bytes(16))
    machine = create(Options("virt", ram=4 << 20, bios=firmware))
    machine.bus.write_memory(CODE, struct.pack("<I", BKPT))
    machine.bus.write_memory(VECTORS, struct.pack("<8I", *[WAIT] * 8))
    if technique is not None:
        virtualize(machine, technique)
    machine.traps.set_delivery(delivery)
    registers = machine.processor.registers
    registers["cpsr"], registers["vbar"] = SVC, VECTORS
    machine.processor.set_pc(CODE)
    machine.run(until=machine.engine.count + 4)
    assert registers["cpsr"] & 0x1F == ABT
    assert registers["dbgdscr"] & MOE == BY_BKPT
    registers["dbgdscr"], registers["cpsr"] = 0, SVC
    machine.engine.set_interrupt(IRQ_LINE, True)
    machine.run(until=machine.engine.count + 4)
    assert registers["cpsr"] & 0x1F == IRQ
    assert registers["dbgdscr"] & MOE == 0
