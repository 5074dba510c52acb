# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC traps explained: every trap of the guest, against the machine's true state."""

from __future__ import annotations

from collections import Counter

from stops import Stopped, boot, traps

from vmm.cpu.sparc import mmu
from vmm.debug.explain import Explanation, explain

WINDOW_TRAPS = (5, 6)
SAMPLE = 20  # of the thousands of window traps


def test_every_trap_of_the_guest_is_explained_as_it_was() -> None:
    machine = boot("leon3", "sparc/traps")
    seen: Counter[int] = Counter()
    verdicts: Counter[int] = Counter()
    for trap in traps(machine):
        seen[trap.kind] += 1
        if trap.kind in WINDOW_TRAPS and seen[trap.kind] > SAMPLE:
            continue
        told = explain(machine, trap)
        registers = machine.processor.registers
        entry = told.section("Entry")
        assert entry is not None
        assert entry.data == machine.processor.pc == registers["tbr"] & 0xFFFFFFF0
        assert f"%l1 = {registers['l1']:08x}" in "\n".join(entry.lines)
        assert trap.name in told.lines()[0]
        if trap.kind in (1, 9):
            verdicts[_check_walk(trap, told)] += 1
        if trap.kind in WINDOW_TRAPS:
            windows = told.section("Windows")
            assert windows is not None
            _, wanted, wim = windows.data
            assert wim >> wanted & 1
        if 0x11 <= trap.kind <= 0x1F:
            assert told.section("Interrupts") is not None
    assert sum(seen.values()) > 5000
    assert set(verdicts) == {
        mmu.INVALID_ADDRESS, mmu.PROTECTION, mmu.PRIVILEGE, mmu.TRANSLATION,
    }


def _check_walk(trap: Stopped, told: Explanation) -> int:
    """The walk's verdict is the fault type that the MMU has recorded."""
    section = told.section("Walk")
    assert section is not None
    walk = section.data
    fsr = trap.before["mmu.fsr"]
    assert walk.status == fsr >> 2 & 7, "\n".join(told.lines())
    assert walk.address & ~0xFFF == trap.before["mmu.far"] & ~0xFFF
    return walk.status
