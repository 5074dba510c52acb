# SPDX-License-Identifier: GPL-2.0-or-later
"""What nobody answers in the MMU's no-fault mode (SPARC V8 manual, appendix H.6.1) is asked for as
of a device; a load gets nothing that the engine happens to have at hand."""

from __future__ import annotations

import pytest

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, G1, G2, NOP
from vmm.native.library import HOLE

CONTEXTS, TABLE, NOWHERE = 0x2000, 0x2400, 0x70003E24
ENABLED, NO_FAULT, SUPERVISOR_DATA = 1, 2, 0x0B


@pytest.mark.parametrize("op3", [0x00, 0x0F, 0x10, 0x1F])  # LD, SWAP, LDA, SWAPA
def test_a_load_from_nowhere(op3: int) -> None:
    made = scratch.sparc()
    registers = made.processor.registers
    made.put(CONTEXTS, [TABLE >> 4 | 1])
    made.put(TABLE, [page << 20 | 7 << 2 | 2 for page in range(256)])  # 16 MiB of identity each
    registers["mmu.ctxtbl"], registers["mmu.context"] = CONTEXTS >> 4, 0
    registers["mmu.control"] = ENABLED | NO_FAULT
    registers["g1"], registers["g2"] = NOWHERE, 0x1234
    asked = []
    made.engine.handlers.read = lambda address, size: asked.append((address, size)) or 0x5A
    made.put(CODE, [3 << 30 | G2 << 25 | op3 << 19 | G1 << 14 | SUPERVISOR_DATA << 5, NOP])
    made.run(1)
    assert asked == [(HOLE + NOWHERE % 0x1000, 4)]
    assert registers["g2"] == 0x5A
