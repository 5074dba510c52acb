# SPDX-License-Identifier: GPL-2.0-or-later
"""SCTLR's bits that are ones in ARMv7 stay so (ARM DDI 0406C, B4.1.130)."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from vmm import Instructions, Machine

ONES = 0x00C50058  # RAO/SBOP
CODE = [
    0xE3A00000,  # mov r0, #0
    0xEE010F10,  # mcr p15, 0, r0, c1, c0, 0   SCTLR
    0xEE111F10,  # mrc p15, 0, r1, c1, c0, 0
    0xEAFFFFFE,  # b .
]


@pytest.mark.parametrize(("cpu", "properties", "value"), [
    ("cortex-a15", {}, ONES), ("cortex-a9", {}, ONES), ("cortex-a9", {"secure": "on"}, ONES),
    ("arm926", {}, 0),
])
def test_a_guest_cannot_clear_what_reads_as_one(
    tmp_path: Path, cpu: str, properties: dict[str, str], value: int
) -> None:
    kernel = tmp_path / "code.bin"
    kernel.write_bytes(struct.pack(f"<{len(CODE)}I", *CODE))
    with Machine("virt", kernel=kernel, cpu=cpu, properties=properties) as m:
        m.run(until=Instructions(1000))
        assert m.registers["r1"] == value
