# SPDX-License-Identifier: GPL-2.0-or-later
"""Strict shadow tables: what is protected, when updates count, when frames are released."""

from __future__ import annotations

from memory_guest import Processor, x86

from vmm.monitor.memory import strict
from vmm.monitor.memory.base import LOAD, STORE, Fault

USER, KERNEL = True, False
LINEAR = 0x400000  # where each space sees all of memory


def kernel_of_two_spaces() -> tuple[Processor, strict.Policy]:
    """Directories 0x1000 and 0x2000 with tables 0x3000 and 0x4000; table 0x5000 is shared."""
    policy = strict.Policy()
    processor = x86(policy, cr0=0x80010001, cr3=0x1000)
    for directory, table in ((0x1000, 0x3000), (0x2000, 0x4000)):
        processor.poke(directory, table | 0x67)
        processor.poke(directory + 4, 0x5067)
        for page in range(8, 16):
            processor.poke(table + 4 * page, page << 12 | 0x67)
    for page in range(16):
        processor.poke(0x5000 + 4 * page, page << 12 | 0x63)
    return processor, policy


def go(processor: Processor, root: int) -> None:
    processor.registers["cr3"] = root
    processor.policy.context_changed()


def test_store_to_a_table_counts_at_once() -> None:
    processor, policy = kernel_of_two_spaces()
    assert processor.access(0x8000, LOAD, USER) == 0x8000
    assert processor.store(LINEAR + 0x3020, KERNEL, 0x9067)
    assert processor.access(0x8000, LOAD, USER) == 0x9000
    assert policy.counters.updates == 1


def test_store_to_memory_that_holds_no_table_is_not_trapped() -> None:
    processor, policy = kernel_of_two_spaces()
    processor.access(0x8000, LOAD, USER)
    for value in range(4):
        processor.store(LINEAR + 0x9000, KERNEL, value)
    assert policy.counters.updates == 0
    assert policy.counters.hidden_faults == 2


def test_frame_that_becomes_a_table_is_protected_where_it_was_writable_before() -> None:
    processor, policy = kernel_of_two_spaces()
    processor.store(LINEAR + 0x4024, KERNEL, 0xA067)  # no table of this space
    assert policy.counters.updates == 0
    go(processor, 0x2000)
    assert processor.access(0x9000, LOAD, USER) == 0xA000
    go(processor, 0x1000)
    assert processor.store(LINEAR + 0x4024, KERNEL, 0xB067)
    assert policy.counters.updates == 1
    go(processor, 0x2000)
    assert processor.access(0x9000, LOAD, USER) == 0xB000


def test_tables_changed_with_paging_off_are_followed_when_it_is_on_again() -> None:
    processor, policy = kernel_of_two_spaces()
    processor.registers["cr0"] = 1
    policy.context_changed()
    processor.store(0x3020, KERNEL, 0xA067)
    processor.registers["cr0"] = 0x80010001
    policy.context_changed()
    assert processor.access(0x8000, LOAD, USER) == 0xA000
    processor.registers["cr0"] = 1
    policy.context_changed()
    assert processor.store(0x3020, KERNEL, 0xB067)
    processor.registers["cr0"] = 0x80010001
    policy.context_changed()
    assert processor.access(0x8000, LOAD, USER) == 0xB000


def test_table_mapped_twice_is_followed_through_either_mapping() -> None:
    processor, _ = kernel_of_two_spaces()
    processor.poke(0x3024, 0x3067)
    assert processor.access(0x8000, LOAD, USER) == 0x8000
    assert processor.store(0x9020, USER, 0xC067)
    assert processor.access(0x8000, LOAD, USER) == 0xC000
    assert processor.store(LINEAR + 0x3020, KERNEL, 0)
    assert isinstance(processor.access(0x8000, LOAD, USER), Fault)


def test_table_that_its_directory_no_longer_names_is_released() -> None:
    processor, policy = kernel_of_two_spaces()
    processor.access(0x8000, LOAD, USER)
    assert policy.protects(3)
    processor.store(LINEAR + 0x1000, KERNEL, 0)
    assert not policy.protects(3)
    assert policy.protects(1), "the linear mapping still goes through the directory"
    processor.store(LINEAR + 0x3000, KERNEL, 1)
    before = policy.counters.hidden_faults
    processor.store(LINEAR + 0x3004, KERNEL, 2)
    assert policy.counters.hidden_faults == before


def test_tables_of_a_space_that_is_gone_are_released_when_they_are_written_over() -> None:
    processor, policy = kernel_of_two_spaces()
    go(processor, 0x2000)
    processor.access(0x8000, LOAD, USER)
    go(processor, 0x1000)
    for word in range(64):
        processor.store(LINEAR + 0x4000 + 4 * word, KERNEL, 0)
    assert policy.counters.updates == strict.FLOOD
    assert not policy.protects(4)
    go(processor, 0x2000)
    assert isinstance(processor.access(0x8000, LOAD, USER), Fault)


def test_tables_of_the_current_space_stay_protected_however_often_they_are_stored_to() -> None:
    processor, policy = kernel_of_two_spaces()
    processor.access(0x8000, LOAD, USER)
    for value in range(20):
        processor.store(LINEAR + 0x3030, KERNEL, value << 12 & 0xF000 | 0x67)
    assert policy.counters.updates == 20
    assert policy.protects(3)


def test_batched_updates_count_without_a_trap() -> None:
    processor, policy = kernel_of_two_spaces()
    for page in range(8, 16):
        processor.access(page << 12, STORE, USER)
    assert policy.update([(0x3000 + 4 * page, 0x9065) for page in range(8, 16)])
    for page in range(8, 16):
        assert isinstance(processor.access(page << 12, STORE, USER), Fault)
        assert processor.access(page << 12, LOAD, USER) == 0x9000
    assert policy.counters.updates == 8


def test_stores_of_devices_are_followed() -> None:
    processor, policy = kernel_of_two_spaces()
    processor.access(0x8000, LOAD, USER)
    processor.poke(0x3020, 0xD067)
    policy.wrote(0x3000, 0x1000)
    assert processor.access(0x8000, LOAD, USER) == 0xD000
