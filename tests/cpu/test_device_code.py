# SPDX-License-Identifier: GPL-2.0-or-later
"""Code in a device's registers: reading may change the device, so how often an instruction is
fetched does not depend on how the run is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.cpu.arm.registers import SVC
from vmm.monitor import virtualize

DEVICE, FLAGS = 0x09020000, 0x1C0  # fw_cfg; CPSR.A, I and F
CODE = {0: 0xE2800001, 4: 0xE10F1000, 8: 0xEAFFFFFC}  # add r0, r0, #1; mrs r1, cpsr; b
ROUNDS = 20


@pytest.mark.parametrize("slices", [0, 1, 2, 7])
@pytest.mark.parametrize("technique", [None, "translate"])
def test_an_instruction_is_fetched_once_for_its_translation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, technique: str | None, slices: int
) -> None:
    firmware = tmp_path / "nothing.bin"
    firmware.write_bytes(bytes(16))
    machine = create(Options("virt", ram=4 << 20, bios=firmware))
    placed = machine.bus.devices.find(DEVICE)
    assert placed is not None
    fetched: list[int] = []

    def read(offset: int, size: int) -> int:
        fetched.append(offset)
        return CODE[offset]

    monkeypatch.setattr(placed.device, "read", read)
    if technique is not None:
        virtualize(machine, technique)
    r = machine.processor.registers
    r["cpsr"], r["r0"] = SVC | FLAGS, 0
    machine.processor.set_pc(DEVICE)
    end = machine.engine.count + len(CODE) * ROUNDS
    while machine.engine.count < end:
        machine.run(until=min(end, machine.engine.count + slices) if slices else end)
    assert fetched == list(CODE)
    assert r["r0"] == ROUNDS
    assert r["r1"] & 0x1F == SVC
