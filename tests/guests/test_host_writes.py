# SPDX-License-Identifier: GPL-2.0-or-later
"""Code that is written from outside the processor (DMA, a debugger) is executed as written."""

from __future__ import annotations

import struct
from pathlib import Path

from vmm.boards import Options, create

MOV_R0_1, MOV_R0_2, ADD_R1, BACK = 0xE3A00001, 0xE3A00002, 0xE2811001, 0xEAFFFFFB
LOAD = 0x40010000


def test_a_write_from_outside_replaces_code_that_has_run(tmp_path: Path) -> None:
    kernel = tmp_path / "loop.bin"
    kernel.write_bytes(struct.pack("<4I", MOV_R0_1, ADD_R1, ADD_R1, BACK))
    machine = create(Options("virt", kernel=kernel))
    machine.run(until=1000)
    assert machine.processor.registers["r0"] == 1
    assert machine.bus.write_memory(LOAD, struct.pack("<I", MOV_R0_2))
    machine.run(until=1010)
    assert machine.processor.registers["r0"] == 2
    assert machine.bus.write_memory(LOAD, struct.pack("<I", MOV_R0_1))  # noticed again
    machine.run(until=1020)
    assert machine.processor.registers["r0"] == 1


def test_an_event_may_rewrite_the_running_loop(tmp_path: Path) -> None:
    """As a DMA transfer does: in the middle of a run, in a block chained to itself."""
    kernel = tmp_path / "loop.bin"
    kernel.write_bytes(struct.pack("<4I", MOV_R0_1, ADD_R1, ADD_R1, BACK))
    machine = create(Options("virt", kernel=kernel))
    when = 5003
    machine.clock.at_cycle(
        when, lambda: machine.dma_write(LOAD, struct.pack("<I", MOV_R0_2)), "transfer"
    )
    machine.run(until=when - 1)
    assert machine.processor.registers["r0"] == 1
    machine.run(until=when + 5)
    assert machine.processor.registers["r0"] == 2
