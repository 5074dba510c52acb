# SPDX-License-Identifier: GPL-2.0-or-later
"""Page-table walks: entry by entry, and why they end."""

from __future__ import annotations

import pytest

from vmm.cpu.sparc import mmu
from vmm.cpu.walk import Access


class Memory(dict[int, int]):
    """Physical words by address."""

    def read(self, address: int, size: int) -> int | None:
        if size == 8:
            low, high = self.get(address), self.get(address + 4)
            return None if low is None or high is None else high << 32 | low
        return self.get(address)


def test_srmmu_walk_tells_every_level() -> None:
    memory = Memory({
        0x1000: 0x2000 >> 4 | 1, 0x2000 + 4 * 0x50: 0x3000 >> 4 | 1, 0x3000: 0x4000 >> 4 | 1,
        0x4000 + 4 * 2: 0x44000000 >> 4 | 2 << 2 | 2,
    })
    found = mmu.walk(memory.read, 0x1000 >> 4, 0, 0x50002ABC, Access("execute", user=True))
    assert [step.kind for step in found.steps] == ["PTD", "PTD", "PTD", "PTE"]
    assert found.physical == 0x44000ABC
    assert found.rights == "r-x/r-x"
    refused = mmu.walk(memory.read, 0x1000 >> 4, 0, 0x50002ABC, Access("store"))
    assert refused.physical is None
    assert refused.status == mmu.PROTECTION
    assert refused.steps == found.steps


@pytest.mark.parametrize(("entry", "status"), [(0, 1), (3, 4), (0x100 | 1, 4)])
def test_srmmu_walk_names_what_is_wrong_with_the_last_entry(entry: int, status: int) -> None:
    memory = Memory({0x1000: 0x201, 0x2000: 0x301, 0x3000: 0x401, 0x4000: entry})
    found = mmu.walk(memory.read, 0x100, 0, 0)
    assert (found.physical, found.status, found.level) == (None, status, 3)


def test_srmmu_table_in_no_memory_is_a_translation_error() -> None:
    found = mmu.walk(Memory().read, 0x100, 3, 0)
    assert found.status == mmu.TRANSLATION
    assert found.steps[0].address == 0x1000 + 12
    assert found.steps[0].entry is None


def test_srmmu_page_in_the_context_table_is_a_translation_error() -> None:
    found = mmu.walk(Memory({0x1000: 7 << 2 | 2}).read, 0x100, 0, 0x1234)
    assert (found.physical, found.status, found.level) == (None, mmu.TRANSLATION, 0)


def test_supervisor_page_is_a_privilege_violation_for_user() -> None:
    memory = Memory({0x1000: 0x201, 0x2000: 7 << 2 | 2})
    refused = mmu.walk(memory.read, 0x100, 0, 0x1234, Access("load", user=True))
    assert refused.status == mmu.PRIVILEGE
    assert mmu.walk(memory.read, 0x100, 0, 0x1234, Access("load")).physical == 0x1234
