# SPDX-License-Identifier: GPL-2.0-or-later
"""PMCCNTR counts the guest's cycles, not the host's time (ARM DDI 0406C, B4.1.113)."""

from __future__ import annotations

import struct
from pathlib import Path

from vmm import Instructions, Machine

NOP = 0xE320F000
ENABLE = [
    0xE3A00001,  # mov r0, #1
    0xEE090F1C,  # mcr p15, 0, r0, c9, c12, 0   PMCR.E
    0xE3A00102,  # mov r0, #0x80000000
    0xEE090F3C,  # mcr p15, 0, r0, c9, c12, 1   PMCNTENSET.C
]
READ_R1, READ_R2 = 0xEE191F1D, 0xEE192F1D  # mrc p15, 0, rN, c9, c13, 0
WAIT = 0xEAFFFFFE  # b .


def counts(path: Path, step: int) -> tuple[int, int]:
    """What two reads with ten instructions between them give, in slices of ``step``."""
    words = [*ENABLE, READ_R1, *[NOP] * 10, READ_R2, WAIT]
    path.write_bytes(struct.pack(f"<{len(words)}I", *words))
    with Machine("virt", kernel=path) as m:
        while m.count < 1000:
            m.run(until=Instructions(m.count + step))
        return m.registers["r1"], m.registers["r2"]


def test_it_counts_instructions_exactly_and_again_the_same(tmp_path: Path) -> None:
    whole = counts(tmp_path / "code.bin", 1000)
    assert whole[1] - whole[0] == 11
    assert whole == counts(tmp_path / "code.bin", 1000) == counts(tmp_path / "code.bin", 1)
