# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest page tables of each format: what they allow, the flags they get, how they refuse."""

from __future__ import annotations

import pytest
from memory_guest import Processor, arm, sparc, x86

from vmm.cpu.arm.models import MODELS
from vmm.monitor.memory.arm import ArmTables
from vmm.monitor.memory.base import FETCH, LOAD, STORE, Fault, PolicyError
from vmm.monitor.memory.tables import SECURE

USER, KERNEL = True, False


# -- x86 ------------------------------------------------------------------------------


def paged_x86(pde: int, pte: int = 0, cr0: int = 0x80010001, cr4: int = 0x10) -> Processor:
    """A directory at 0x1000, a table at 0x2000; the first entry of each."""
    processor = x86(cr0=cr0, cr3=0x1000, cr4=cr4)
    processor.poke(0x1000, pde)
    processor.poke(0x2000, pte)
    return processor


def test_x86_flags_of_an_access_are_set_as_the_processor_does() -> None:
    processor = paged_x86(0x2007, 0x5007)
    assert processor.access(0x123, LOAD, USER) == 0x5123
    assert (processor.peek(0x1000), processor.peek(0x2000)) == (0x2027, 0x5027)
    assert processor.access(0x124, STORE, USER) == 0x5124
    assert (processor.peek(0x1000), processor.peek(0x2000)) == (0x2027, 0x5067)
    assert processor.policy.counters.hidden_faults == 2


def test_x86_page_whose_dirty_flag_is_set_is_stored_to_without_a_fault() -> None:
    processor = paged_x86(0x2007, 0x5047)
    processor.access(0, LOAD, USER)
    processor.access(0, STORE, KERNEL)
    assert processor.policy.counters.hidden_faults == 1


def test_x86_refused_access_leaves_the_flag_of_the_directory_entry_only() -> None:
    processor = paged_x86(0x2007, 0x5005)
    assert processor.access(0x8, STORE, USER) == Fault(0x8, STORE, True, 7)
    assert (processor.peek(0x1000), processor.peek(0x2000)) == (0x2027, 0x5005)
    processor.poke(0x2000, 0)
    assert processor.access(0x8, LOAD, KERNEL) == Fault(0x8, LOAD, False, 0)


def test_x86_supervisor_stores_to_read_only_pages_unless_wp_is_set() -> None:
    assert isinstance(paged_x86(0x2007, 0x5005).access(0, STORE, KERNEL), Fault)
    processor = paged_x86(0x2007, 0x5005, cr0=0x80000001)
    assert processor.access(0, STORE, KERNEL) == 0x5000
    assert isinstance(processor.access(0, STORE, USER), Fault)


def test_x86_large_page_has_its_flags_in_the_directory() -> None:
    processor = paged_x86(0x00800087)
    assert processor.access(0x123456, STORE, USER) == 0x923456
    assert processor.peek(0x1000) == 0x008000E7
    # Without CR4.PSE the same entry names a table.
    assert isinstance(paged_x86(0x00002087, 0, cr4=0).access(0x123456, LOAD, USER), Fault)


def test_x86_directory_that_contains_itself_is_marked_once() -> None:
    processor = x86(cr0=0x80010001, cr3=0x1000, cr4=0)
    processor.poke(0x1FFC, 0x1003)
    assert processor.access(0xFFFFFFFC, STORE, KERNEL) == 0x1FFC
    assert processor.peek(0x1FFC) == 0x1063
    faults = processor.policy.counters.hidden_faults
    assert processor.access(0xFFFFFFFC, STORE, KERNEL) == 0x1FFC
    assert processor.policy.counters.hidden_faults == faults


def test_x86_pae_pointers_have_no_flags_and_entries_have_eight_bytes() -> None:
    processor = x86(cr0=0x80010001, cr3=0x1020, cr4=0x20)
    processor.poke(0x1020, 0x2001, 8)
    processor.poke(0x2000, 0x3007, 8)
    processor.poke(0x3008, 0x9007, 8)
    assert processor.access(0x1004, STORE, USER) == 0x9004
    assert processor.peek(0x1020, 8) == 0x2001
    assert processor.peek(0x2000, 8) == 0x3027
    assert processor.peek(0x3008, 8) == 0x9067


def test_with_paging_off_addresses_are_physical() -> None:
    for processor in (x86(cr0=1), arm(sctlr=0), sparc(control=0)):
        assert processor.access(0x7FFFF123, STORE, USER) == 0x7FFFF123
        assert processor.access(0x7FFFF123, FETCH, KERNEL) == 0x7FFFF123


# -- SPARC ----------------------------------------------------------------------------


def paged_sparc(pte: int) -> Processor:
    """Context 1: tables of levels 1, 2 and 3 at 0x1000, 0x1400 and 0x1500."""
    processor = sparc(control=1, ctxtbl=0x80, context=1)
    processor.poke(0x804, 0x1000 >> 4 | 1)
    processor.poke(0x1000, 0x1400 >> 4 | 1)
    processor.poke(0x1400, 0x1500 >> 4 | 1)
    processor.poke(0x1500, pte)
    return processor


def test_sparc_referenced_and_modified_bits() -> None:
    processor = paged_sparc(0x5000 >> 4 | 3 << 2 | 2)
    assert processor.access(0x10, LOAD, USER) == 0x5010
    assert processor.peek(0x1500) == 0x5000 >> 4 | 3 << 2 | 2 | 0x20
    assert processor.access(0x10, STORE, USER) == 0x5010
    assert processor.peek(0x1500) == 0x5000 >> 4 | 3 << 2 | 2 | 0x60


@pytest.mark.parametrize(
    ("acc", "access", "user", "status"),
    [(0, STORE, USER, 4 << 5 | 2 << 2 | 2), (0, STORE, KERNEL, 5 << 5 | 2 << 2 | 2),
     (1, FETCH, KERNEL, 3 << 5 | 2 << 2 | 2), (6, LOAD, USER, 0 << 5 | 3 << 2 | 2)],
)
def test_sparc_rights_refused(acc: int, access: int, user: bool, status: int) -> None:
    processor = paged_sparc(0x500 | acc << 2 | 2)
    assert processor.access(0x10, access, user) == Fault(0x10, access, user, status)
    assert processor.peek(0x1500) == 0x500 | acc << 2 | 2, "a refused access sets no bit"


def test_sparc_invalid_entry_tells_its_level() -> None:
    fault = paged_sparc(0).access(0x10, LOAD, KERNEL)
    assert fault == Fault(0x10, LOAD, False, 3 << 8 | 1 << 5 | 1 << 2 | 2)


@pytest.mark.parametrize(("at", "physical"), [(0x1000, 0x00345678), (0x1400, 0x00005678)])
def test_sparc_entries_of_any_level_map_pages(at: int, physical: int) -> None:
    processor = paged_sparc(0)
    processor.poke(at, 3 << 2 | 2)
    assert processor.access(0x00345678 if at == 0x1000 else 0x5678, LOAD, USER) == physical


# -- ARM ------------------------------------------------------------------------------


def paged_arm(first: int, second: int = 0, **registers: int) -> Processor:
    """A first-level table at 0x4000, a second-level one at 0x8000."""
    processor = arm(**{"sctlr": 1, "ttbr0": 0x4000, "dacr": 1, **registers})
    processor.poke(0x4000, first)
    processor.poke(0x8000, second)
    return processor


def test_arm_tables_in_big_endian() -> None:
    """SCTLR.EE: entries are (DDI 0406C, B3.5.1), and what is remembered of them is memory's."""
    def turned(entry: int) -> int:
        return int.from_bytes(entry.to_bytes(4, "little"), "big")

    processor = paged_arm(turned(0x8001), turned(0x5032), sctlr=1 | 1 << 25)
    assert processor.access(0x123, LOAD, USER) == 0x5123
    processor.poke(0x8000, turned(0x6032))
    processor.policy.flush(None)
    assert processor.access(0x123, LOAD, USER) == 0x6123
    processor.registers["sctlr"] = 1
    processor.policy.context_changed()
    assert isinstance(processor.access(0x123, LOAD, USER), Fault)


def test_arm_section_and_its_rights() -> None:
    processor = paged_arm(0x00500C02)
    assert processor.access(0x12345, STORE, USER) == 0x512345
    processor = paged_arm(0x00500412)
    assert processor.access(0x12345, STORE, KERNEL) == 0x512345
    assert processor.access(0x12345, STORE, USER) == Fault(0x12345, STORE, True, 0x80D)
    assert processor.access(0x12345, FETCH, KERNEL) == Fault(0x12345, FETCH, False, 0x00D)


def test_arm_status_has_the_domain_of_the_first_level() -> None:
    processor = paged_arm(0x8000 | 5 << 5 | 1, dacr=1 << 10)
    assert processor.access(0x3000, STORE, KERNEL) == Fault(0x3000, STORE, False, 0x857)
    processor = paged_arm(0x00500C02 | 5 << 5)
    assert processor.access(0x3000, LOAD, KERNEL) == Fault(0x3000, LOAD, False, 0x059)


def test_arm_manager_domain_asks_for_no_rights() -> None:
    processor = paged_arm(0x00500012 | 3 << 5, dacr=3 << 6)
    assert processor.access(0x12345, STORE, USER) == 0x512345
    assert processor.access(0x12345, FETCH, USER) == 0x512345


def test_arm_domain_access_takes_effect_without_a_flush() -> None:
    processor = paged_arm(0x00500C02)
    processor.access(0, LOAD, USER)
    processor.registers["dacr"] = 0
    processor.policy.context_changed()
    assert isinstance(processor.access(0, LOAD, USER), Fault)


def test_arm_long_descriptors() -> None:
    processor = arm(sctlr=1, ttbcr=1 << 31, ttbr0_64=0x4000)
    processor.poke(0x4000, 0x8003, 8)
    processor.poke(0x8008, 0x0060_0000 | 1 << 10 | 1 << 6 | 1, 8)
    assert processor.access(0x212345, STORE, USER) == 0x612345
    processor.poke(0x8010, 0x0080_0000 | 1 << 10 | 3 << 6 | 1, 8)
    assert processor.access(0x412345, STORE, KERNEL) == Fault(0x412345, STORE, False, 0xA0E)


def test_arm_secure_state_has_tables_of_its_own_and_reaches_secure_memory() -> None:
    state = {"scr": 0, "sctlr_s": 1, "ttbr0_s": 0x4000, "ttbr1_s": 0, "ttbcr_s": 0, "dacr_s": 1}
    processor = paged_arm(0x00500C02, sctlr=0, **state)
    assert processor.access(0x45, LOAD, USER) == 0x500045
    assert processor.space.get(0x45) & SECURE
    processor.poke(0x4000, 0x00580C02)  # NS
    processor.policy.flush(None)
    processor.access(0x45, LOAD, USER)
    assert not processor.space.get(0x45) & SECURE


def test_arm926_is_refused_for_its_small_pages() -> None:
    with pytest.raises(PolicyError, match="arm926 has pages smaller than 4 KiB"):
        ArmTables(x86(cr0=0).memory, MODELS["arm926"])
