# SPDX-License-Identifier: GPL-2.0-or-later
"""A table of translations in a device's registers is an external abort on the walk, bare as under
a monitor, and the walk does not touch the device."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.cpu.arm.registers import SVC
from vmm.monitor import virtualize

CODE, VECTORS, TABLE = 0x40100000, 0x40101000, 0x40200000
UART, FLAGS = 0x09000000, 0x1C0  # PL011; CPSR.A, I and F
LOAD, WAIT = 0xE5910000, 0xEAFFFFFE  # ldr r0, [r1]
SHORT = 0x0E  # external abort on the second level's descriptor, table B3-23
LONG = 0x216  # ... table B3-24


@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize("policy", [None, "lazy", "strict", "exposed", "nested"])
def test_a_walk_reads_no_device(tmp_path: Path, policy: str | None, is_long: bool) -> None:
    firmware = tmp_path / "nothing.bin"
    firmware.write_bytes(bytes(16))
    machine = create(Options("virt", ram=4 << 20, bios=firmware))
    write = machine.bus.write_memory
    write(CODE, struct.pack("<I", LOAD))
    write(VECTORS, struct.pack("<8I", *[WAIT] * 8))
    if is_long:
        write(TABLE, struct.pack("<4Q", UART | 3, *(i << 30 | 0x741 for i in range(1, 4))))
    else:
        write(TABLE, struct.pack("<4096I", UART | 1, *(i << 20 | 0xC02 for i in range(1, 4096))))
    if policy is not None:
        virtualize(machine, "translate", policy)
    r = machine.processor.registers
    r["ttbcr"] = is_long << 31
    r["ttbr0"], r["dacr"], r["vbar"], r["cpsr"], r["r1"] = TABLE, 1, VECTORS, SVC | FLAGS, 0x1000
    r["sctlr"] = r["sctlr"] | 1
    machine.processor.set_pc(CODE)
    machine.run(until=machine.engine.count + 3)
    assert r["dfar"] == 0x1000
    assert r["dfsr"] == (LONG if is_long else SHORT)
    assert machine.engine.native.mmio_reads == 0
