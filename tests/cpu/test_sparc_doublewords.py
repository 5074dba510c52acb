# SPDX-License-Identifier: GPL-2.0-or-later
"""LDDF and STDF are aligned to eight bytes (SPARC V8, B.2, B.5), whatever the page was used for."""

from __future__ import annotations

import struct

import pytest

from vmm.boards import Options, create

CODE, DATA, TABLE = 0x4000_0000, 0x4002_0000, 0x4001_0000
LDDF, STDF = 0xC11C2000, 0xC13C2000  # [%l0], %f0
ALIGNMENT = 0x70  # of the trap table: mem_address_not_aligned
SUPERVISOR = 0x1000 | 0x80 | 0x20 | 0xF00  # PSR: EF, S, ET, PIL


@pytest.mark.parametrize("instruction", [LDDF, STDF])
@pytest.mark.parametrize("page", [DATA, CODE], ids=["data", "code"])
def test_a_doubleword_at_a_word_boundary_traps(instruction: int, page: int) -> None:
    machine = create(Options("leon3", bare=True))
    machine.load_bytes(CODE, struct.pack(">I", instruction), "code")
    registers = machine.processor.registers

    def reached(address: int) -> int:
        registers["psr"], registers["tbr"], registers["l0"] = SUPERVISOR, TABLE, address
        registers["pc"], registers["npc"] = CODE, CODE + 4
        machine.step()
        return registers["pc"]

    for offset in (0x104, 0x108, 0x104, 0x10C, 0x102):  # first use, and later ones
        expected = TABLE + ALIGNMENT if offset % 8 else CODE + 4
        assert reached(page + offset) == expected, hex(offset)
