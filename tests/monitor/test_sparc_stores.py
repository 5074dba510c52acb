# SPDX-License-Identifier: GPL-2.0-or-later
"""A translated LEON3 kernel's stores to page tables, once they have trapped often."""

from __future__ import annotations

import ctypes as C

import pytest
from runs import bare, machine, watch

from vmm.monitor import Monitor, virtualize
from vmm.monitor.counters import Profile
from vmm.native import library as native
from vmm.native.library import library

G1, G2, O0 = 1, 2, 8
ST, STB, STD, STA = 0x04, 0x05, 0x07, 0x14


def store(op3: int, rd: int, rs1: int, rs2: int = 0, immediate: int | None = None) -> int:
    """Format 3 with op 3 (SPARC V8 manual, B.5)."""
    word = 3 << 30 | rd << 25 | op3 << 19 | rs1 << 14
    return word | rs2 if immediate is None else word | 1 << 13 | immediate & 0x1FFF


@pytest.mark.parametrize(("code", "shown"), [
    (store(ST, O0, G1), store(STA, O0, G1) | 0xFE << 5),
    (store(ST, 0, G1, G2), store(STA, 0, G1, G2) | 0xFE << 5),
    (store(ST, O0, G1, immediate=0), store(STA, O0, G1) | 0xFE << 5),
    (store(ST, O0, G1, immediate=4), None), (store(STB, O0, G1), None),
    (store(STD, O0, G1), None), (store(STA, O0, G1, G2) | 0x18 << 5, None),
    (0x01000000, None),
])
def test_which_stores_become_calls(code: int, shown: int | None) -> None:
    """An alternate space has no immediate: a word at a register or the sum of two."""
    function = library().dll.vmm_sparc_store_shown
    function.argtypes, function.restype = (C.c_uint32,), C.c_uint32
    assert function(code) == (code if shown is None else shown)


def run(technique: str) -> tuple[object, Monitor]:
    guest = machine("leon3", "sparc/nucleus-forks")
    monitor = virtualize(guest, technique, "strict")
    monitor.profile = Profile()
    return watch(guest), monitor


def trapped(monitor: Monitor) -> dict[int, int]:
    """Stores to page tables that have trapped: how often, by pc."""
    assert monitor.profile is not None
    return {pc: site.exits for pc, site in monitor.profile.sites.items()
            if site.kind == native.KIND_TABLE_STORE}


def test_a_store_that_mostly_changes_tables_traps_no_more() -> None:
    """And the run is the bare one, with as many changes followed as without."""
    seen, monitor = run("translate")
    assert seen == bare("leon3", "sparc/nucleus-forks")
    other = run("trap_and_emulate")[1]
    adapted, every = trapped(monitor), trapped(other)
    assert adapted.keys() == every.keys()
    spared = [pc for pc in every if adapted[pc] <= native.OFTEN + 1 < every[pc] / 10]
    assert len(spared) >= 2
    assert monitor.memory.counters.updates == other.memory.counters.updates
