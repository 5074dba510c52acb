# SPDX-License-Identifier: GPL-2.0-or-later
"""Lazy shadow tables: as stale as a TLB may be, and never staler."""

from __future__ import annotations

from memory_guest import Processor, arm, x86

from vmm.monitor.memory import shadow
from vmm.monitor.memory.base import LOAD, STORE, Fault

USER, KERNEL = True, False


def two_spaces() -> Processor:
    """Directories at 0x1000 and 0x2000, each with a table: 0x3000 and 0x4000."""
    processor = x86(cr0=0x80010001, cr3=0x1000)
    for directory, table in ((0x1000, 0x3000), (0x2000, 0x4000)):
        processor.poke(directory, table | 0x67)
        for page in range(16):
            processor.poke(table + 4 * page, page << 12 | 0x67)
    return processor


def go(processor: Processor, root: int) -> None:
    processor.registers["cr3"] = root
    processor.policy.context_changed()


def hidden(processor: Processor) -> int:
    return processor.policy.counters.hidden_faults


def test_change_counts_from_the_flush_on() -> None:
    processor = two_spaces()
    assert processor.access(0x1000, LOAD, USER) == 0x1000
    processor.poke(0x3004, 0)
    assert processor.access(0x1000, LOAD, USER) == 0x1000
    processor.policy.flush(0x1000)
    assert isinstance(processor.access(0x1000, LOAD, USER), Fault)


def test_flush_of_one_page_leaves_the_others() -> None:
    processor = two_spaces()
    for page in range(4):
        processor.access(page << 12, LOAD, USER)
    processor.policy.flush(0x1234)
    before = hidden(processor)
    for page in range(4):
        processor.access(page << 12, LOAD, USER)
    assert hidden(processor) == before + 1


def test_flush_of_all_drops_only_what_has_changed() -> None:
    processor = two_spaces()
    for page in range(4):
        processor.access(page << 12, LOAD, USER)
    processor.poke(0x3004, 0x5067)
    before = hidden(processor)
    processor.policy.flush(None)
    assert processor.access(0x1000, LOAD, USER) == 0x5000
    assert processor.access(0x2000, LOAD, USER) == 0x2000
    assert hidden(processor) == before + 1
    assert processor.policy.counters.updates == 1


def test_coming_back_to_a_space_keeps_what_is_still_true() -> None:
    processor = two_spaces()
    processor.access(0x1000, LOAD, USER)
    processor.access(0x2000, LOAD, USER)
    go(processor, 0x2000)
    processor.access(0x1000, LOAD, USER)
    before = hidden(processor)
    processor.poke(0x3008, 0x7067)  # while away
    go(processor, 0x1000)
    assert processor.access(0x1000, LOAD, USER) == 0x1000
    assert hidden(processor) == before
    assert processor.access(0x2000, LOAD, USER) == 0x7000


def test_entry_that_changes_there_and_back_is_not_taken_for_unchanged() -> None:
    processor = two_spaces()
    processor.access(0x1000, LOAD, USER)
    processor.policy.flush(None)  # the table has been seen with 0x1067 in it
    processor.poke(0x3004, 0x9067)
    processor.policy.flush(0x1000)
    assert processor.access(0x1000, LOAD, USER) == 0x9000
    processor.poke(0x3004, 0x1067)
    processor.policy.flush(None)
    assert processor.access(0x1000, LOAD, USER) == 0x1000


def test_changed_directory_entry_takes_all_pages_below_with_it() -> None:
    processor = two_spaces()
    for page in range(8):
        processor.access(page << 12, LOAD, USER)
    processor.poke(0x1000, 0x4067)
    processor.poke(0x4000, 0)
    processor.policy.flush(None)
    assert isinstance(processor.access(0, LOAD, USER), Fault)
    assert processor.access(0x1000, STORE, USER) == 0x1000


def test_a_page_found_anew_under_a_changed_entry_does_not_save_the_old_ones() -> None:
    processor = two_spaces()
    processor.access(0x1000, LOAD, USER)
    processor.poke(0x4004, 0x9067)
    processor.poke(0x1000, 0x4067)  # without a flush
    assert processor.access(0x2000, LOAD, USER) == 0x2000
    processor.policy.flush(None)
    assert processor.access(0x1000, LOAD, USER) == 0x9000


def test_flush_of_a_page_flushes_the_large_page_it_is_in() -> None:
    processor = x86(cr0=0x80010001, cr3=0x1000, cr4=0x10)
    processor.poke(0x1000, 0xE7)
    for page in range(4):
        assert processor.access(page << 12, LOAD, USER) == page << 12
    processor.poke(0x1000, 0x4000E7)
    processor.policy.flush(0x2000)
    assert [processor.access(page << 12, LOAD, USER) for page in range(4)] == [
        0x400000 + (page << 12) for page in range(4)
    ]


def test_control_registers_choose_the_space_too() -> None:
    processor = two_spaces()
    processor.poke(0x3004, 0x1065)
    assert isinstance(processor.access(0x1000, STORE, KERNEL), Fault)
    processor.registers["cr0"] = 0x80000001  # WP clear
    processor.policy.context_changed()
    assert processor.access(0x1000, STORE, KERNEL) == 0x1000
    processor.registers["cr0"] = 0x80010001
    processor.policy.context_changed()
    assert isinstance(processor.access(0x1000, STORE, KERNEL), Fault)


def test_spaces_kept_are_bounded() -> None:
    processor = x86(cr0=0x80010001, cr3=0)
    for root in range(2 * shadow.SPACES):
        go(processor, root << 5)
        processor.access(0x1000, LOAD, USER)
    spaces = processor.policy._shadows  # type: ignore[attr-defined]
    assert len(spaces._by_key) == len(spaces._by_number) == shadow.SPACES


def test_regions_kept_are_bounded(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(shadow, "REGIONS", 3)
    processor = x86(cr0=0x80010001, cr3=0x1000, cr4=0x10)
    for region in range(8):
        processor.poke(0x1000 + 4 * region, region << 22 | 0xE7)
    for region in (*range(8), *range(8)):
        assert processor.access(region << 22, LOAD, USER) == region << 22
        assert len(processor.space.entries) <= 3


def test_updates_by_hypercall_count_at_once_and_stop_at_a_bad_one() -> None:
    processor = two_spaces()
    processor.access(0x1000, LOAD, USER)
    assert processor.policy.update([(0x3004, 0x9067), (0x3008, 0xA067)])
    assert processor.access(0x1000, LOAD, USER) == 0x9000
    assert not processor.policy.update([(0x3004, 0x8067), (0x900000, 0), (0x3008, 0)])
    assert processor.access(0x1000, LOAD, USER) == 0x8000
    assert processor.access(0x2000, LOAD, USER) == 0xA000


def test_forgetting_finds_everything_anew() -> None:
    processor = two_spaces()
    processor.access(0x1000, LOAD, USER)
    processor.poke(0x3004, 0x9067)
    processor.policy.forget()
    assert processor.access(0x1000, LOAD, USER) == 0x9000


def test_the_monitor_finds_the_kernels_memory_by_the_shadow_first() -> None:
    processor = two_spaces()
    processor.access(0x1000, LOAD, USER)
    processor.poke(0x3004, 0x9067)
    assert processor.policy.physical(0x1234) == 0x1234, "as stale as the shadow"
    assert processor.policy.physical(0x2345) == 0x2345
    assert processor.policy.physical(0x400000) is None


def test_flush_by_an_address_without_a_translation_flushes_its_large_page_too() -> None:
    processor = x86(cr0=0x80010001, cr3=0x1000, cr4=0x10)
    processor.poke(0x1000, 0xE7)
    assert processor.access(0x5000, LOAD, USER) == 0x5000
    processor.poke(0x1000, 0x4000E7)
    processor.policy.flush(0x3FF000)
    assert processor.access(0x5000, LOAD, USER) == 0x405000
    assert processor.policy.counters.updates == 1


def test_flush_of_a_page_flushes_all_copies_of_its_descriptor() -> None:
    """ARM: 16 alike for a page of 64 KiB and for a supersection (DDI 0406C, B3.5.1)."""
    processor = arm(sctlr=1, ttbr0=0x4000, dacr=1)
    for copy in range(16):
        processor.poke(0x4000 + 4 * copy, 0x40C02)  # a supersection at 0
    processor.poke(0x4040, 0x2001)  # a table at 16 MiB
    for copy in range(16):
        processor.poke(0x2000 + 4 * copy, 0x10031)
    for at, physical in ((0x3000, 0x3000), (0x105000, 0x105000), (0x1007000, 0x17000)):
        assert processor.access(at, LOAD, USER) == physical
    for copy in range(16):
        processor.poke(0x4000 + 4 * copy, 0x1040C02)
        processor.poke(0x2000 + 4 * copy, 0x20031)
    processor.policy.flush(0xF00000)
    processor.policy.flush(0x100A000)
    for at, physical in ((0x3000, 0x1003000), (0x105000, 0x1105000), (0x1007000, 0x27000)):
        assert processor.access(at, LOAD, USER) == physical
