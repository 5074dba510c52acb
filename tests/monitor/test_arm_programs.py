# SPDX-License-Identifier: GPL-2.0-or-later
"""Random programs of sensitive instructions: translated and bare runs end in the same state."""

from __future__ import annotations

import pytest
from arm_programs import DATA, PRIVATE, machine

from vmm.machine.machine import Machine
from vmm.monitor import virtualize

INSTRUCTIONS = 1200
Trap = tuple[int, int, int, int, int]


def run(made: Machine) -> tuple[list[Trap], dict[str, int], bytes]:
    """The ledger, all registers that both processors have, and memory."""
    ledger: list[Trap] = []
    made.record_ledger(ledger.extend)
    made.run(INSTRUCTIONS)
    made.engine.drain_ledger()
    registers = made.processor.registers.snapshot()
    if registers["cpsr"] & 0x1F in (0x10, 0x1F):
        del registers["spsr"]  # these modes have none
    kept = {name: value for name, value in registers.items()
            if not name.endswith(("_hyp", "_mon"))}
    memory = b"".join(made.bus.read_memory(at, 0x2000) or b"" for at in (DATA, PRIVATE))
    return ledger, kept, memory


@pytest.mark.parametrize(("mmu", "policy"), [(False, "lazy"), (True, "lazy"), (True, "nested")])
@pytest.mark.parametrize("seed", range(12))
def test_a_translated_program_does_what_it_does_bare(seed: int, mmu: bool, policy: str) -> None:
    expected = run(machine(seed, mmu))
    virtual = machine(seed, mmu)
    virtualize(virtual, "translate", policy)
    ledger, registers, memory = run(virtual)
    assert ledger == expected[0]
    assert registers == expected[1]
    assert memory == expected[2]
    assert len(ledger) > 2
