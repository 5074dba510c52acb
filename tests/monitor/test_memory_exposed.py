# SPDX-License-Identifier: GPL-2.0-or-later
"""Exposed tables: what frames are used for, what is refused, when frames are let go.

With the guard that is to be read, and with the one that serves guests.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from memory_guest import GUARDS, Processor, arm, sparc, x86

from vmm.monitor.memory import exposed
from vmm.monitor.memory.base import LOAD, STORE, Fault
from vmm.monitor.memory.table_guard import ROOTS

USER, KERNEL = True, False
LINEAR = 0x400000  # where each space sees all of memory


MakePolicy = Callable[..., exposed.Policy]
Kernel = tuple[Processor, exposed.Policy]


@pytest.fixture(params=GUARDS)
def make(request: pytest.FixtureRequest) -> MakePolicy:
    """Makes a policy; ``owned`` are the addresses that the guest may map."""

    def policy(owned: range = range(1 << 32)) -> exposed.Policy:
        return exposed.Policy(
            lambda guest, counters: GUARDS[request.param](guest, counters, owned))

    return policy


@pytest.fixture
def kernel(make: MakePolicy) -> Kernel:
    return kernel_of_two_spaces(make())


class Register:
    """A device."""

    name, size = "register", 0x1000

    def read(self, offset: int, size: int) -> int:
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        raise AssertionError


def kernel_of_two_spaces(policy: exposed.Policy) -> Kernel:
    """Directories 0x1000 and 0x2000 with tables 0x3000 and 0x4000; table 0x5000 is shared."""
    processor = x86(policy, cr0=1, cr3=0x1000)
    for directory, table in ((0x1000, 0x3000), (0x2000, 0x4000)):
        processor.poke(directory, table | 0x67)
        processor.poke(directory + 4, 0x5067)
        for page in range(8, 16):
            processor.poke(table + 4 * page, page << 12 | 0x67)
    for page in range(16):
        processor.poke(0x5000 + 4 * page, page << 12 | 0x63)
    processor.registers["cr0"] = 0x80010001
    policy.context_changed()
    return processor, policy


def go(processor: Processor, root: int) -> None:
    processor.registers["cr3"] = root
    processor.policy.context_changed()


def test_types_of_frames(kernel: Kernel) -> None:
    _, policy = kernel
    names = [policy.type_of(frame) for frame in (1, 3, 5, 2, 8, 0x40)]
    assert names == ["table 1", "table 2", "table 2", "writable", "writable", "none"]


def test_fills_need_no_monitor_and_tables_are_protected(kernel: Kernel) -> None:
    processor, policy = kernel
    assert processor.access(0x8000, STORE, USER) == 0x8000
    assert processor.store(LINEAR + 0x9000, KERNEL, 5)
    assert policy.counters.hidden_faults == 0
    assert processor.store(LINEAR + 0x3020, KERNEL, 0x9067)
    assert (policy.counters.hidden_faults, policy.counters.updates) == (1, 1)
    assert not processor.stops


def test_change_counts_when_the_processor_forgets(kernel: Kernel) -> None:
    processor, policy = kernel
    processor.access(0x8000, LOAD, USER)
    processor.store(LINEAR + 0x3020, KERNEL, 0)
    assert processor.access(0x8000, LOAD, USER) == 0x8000
    policy.flush(0x8000)
    assert isinstance(processor.access(0x8000, LOAD, USER), Fault)


def test_new_table_is_validated_and_protected_with_the_entry_that_names_it(kernel: Kernel) -> None:
    processor, policy = kernel
    processor.store(LINEAR + 0x9000, KERNEL, 0xA067)
    assert policy.type_of(9) == "writable"
    processor.store(LINEAR + 0x1008, KERNEL, 0x9067)
    assert policy.type_of(9) == "table 2"
    assert processor.access(0x800000, LOAD, USER) == 0xA000
    processor.store(LINEAR + 0x1008, KERNEL, 0)
    assert policy.type_of(9) == "writable"


def test_a_directory_may_map_itself(kernel: Kernel) -> None:
    """The usual trick: the last 4 MiB are then the tables, the last page the directory."""
    processor, policy = kernel
    assert processor.store(LINEAR + 0x1FFC, KERNEL, 0x1067)
    assert processor.access(0xFFFFF000, LOAD, KERNEL) == 0x1000
    assert processor.store(0xFFC00020, KERNEL, 0x9067), "an entry of the first table"
    assert (processor.peek(0x3020), policy.counters.updates) == (0x9067, 2)
    policy.flush(None)
    assert processor.access(0x8000, LOAD, USER) == 0x9000
    assert policy.update([(0x1004, 0)]), "an entry of the directory, which is a table too"
    assert isinstance(processor.access(LINEAR, LOAD, KERNEL), Fault)
    assert policy.type_of(1) == "table 1" and policy.type_of(5) == "none"
    assert policy.update([(0x1FFC, 0)])
    go(processor, 0x2000)
    assert processor.access(LINEAR + 0x9000, LOAD, KERNEL) == 0x9000
    assert not processor.stops


def test_frames_of_others_are_refused(make: MakePolicy) -> None:
    processor, _ = kernel_of_two_spaces(make(range(0x10000)))
    processor.store(LINEAR + 0x3020, KERNEL, 0x10067)
    assert processor.stops[0].endswith(
        "entry 0x10067 at 0x3020: 0x10000 is outside the guest's memory"
    )
    assert processor.peek(0x3020) == 0x8067
    assert processor.access(0x8000, LOAD, USER) == 0x8000


def test_tables_where_nobody_answers_are_what_the_floating_bus_reads(kernel: Kernel) -> None:
    processor, policy = kernel
    processor.store(LINEAR + 0x1FFC, KERNEL, 0x70000067)
    assert processor.access(0xFFC00000, LOAD, USER) == 0xFFFFF000
    assert processor.access(0x8000, LOAD, USER) == 0x8000
    go(processor, 0x60000000)
    assert processor.access(0x8000, LOAD, USER) == 0xFFFFF000
    assert not policy.update([(0x60000000, 0)]), "nor is anything stored"
    assert not processor.stops


def test_memory_beyond_all_addresses_may_be_mapped(make: MakePolicy) -> None:
    """A page of 4 MiB at 64 GiB: PSE-36."""
    processor = x86(make(range(0x10000)), cr0=1, cr3=0x1000, cr4=0x10)
    processor.poke(0x1000, 0x000200E7)
    processor.registers["cr0"] = 0x80010001
    processor.policy.context_changed()
    assert processor.access(0x1234, LOAD, USER) == 0x1000001234
    assert not processor.stops


def test_table_of_a_device_is_refused(kernel: Kernel) -> None:
    """It could read as anything, the next time."""
    processor, _ = kernel
    processor.bus.devices.place(0x70000000, Register())
    processor.store(LINEAR + 0x1FFC, KERNEL, 0x70000067)
    assert processor.stops[0].endswith("no memory holds a table at 0x70000000")
    go(processor, 0x70000000)
    assert processor.stops[1] == (
        "the guest's page tables cannot be used: no memory holds a table at 0x70000000"
    )


def test_updates_by_hypercall_are_validated_before_they_are_stored(kernel: Kernel) -> None:
    processor, policy = kernel
    processor.access(0x8000, STORE, USER)
    assert policy.update([(0x3000 + 4 * page, page << 12 | 0x65) for page in range(8, 16)])
    assert isinstance(processor.access(0x8000, STORE, USER), Fault)
    assert policy.counters.updates == 8
    assert policy.counters.hidden_faults == 0
    assert not policy.update([(0x3020, 0x9067), (0x3024, 0x1067), (0x3028, 0)])
    assert [processor.peek(0x3020 + 4 * i) for i in range(3)] == [0x9067, 0x9065, 0xA065]
    assert not processor.stops, "who asks is told"


def test_update_of_memory_that_is_no_table_yet_is_a_store(kernel: Kernel) -> None:
    processor, policy = kernel
    assert policy.update([(0x9004, 0xA067), (0x1008, 0x9067)])
    assert processor.access(0x801000, LOAD, USER) == 0xA000
    assert not policy.update([(0x9002, 0)]), "no entry is there"
    assert not policy.update([(0x900000, 0)]), "no memory is there"
    assert not policy.update([(0x9000, 1 << 32)]), "no entry is so"


def test_table_that_no_root_in_use_is_above_is_let_go_when_it_is_stored_to(kernel: Kernel) -> None:
    processor, policy = kernel
    go(processor, 0x2000)
    processor.access(0x8000, LOAD, USER)
    go(processor, 0x1000)
    for word in range(8):
        processor.store(LINEAR + 0x4000 + 4 * word, KERNEL, word << 12 | 0x67)
    assert policy.counters.hidden_faults == 1
    assert policy.type_of(4) == policy.type_of(2) == "writable"
    assert policy.type_of(5) == "table 2", "the current root uses it too"
    assert not processor.stops
    go(processor, 0x2000)
    assert policy.type_of(4) == "table 2", "now it is looked at again"


def test_small_tables_in_one_frame_are_told_apart(make: MakePolicy) -> None:
    """Two ARM tables of 1 KiB in one frame, of two spaces: one is freed."""
    policy = make()
    processor = arm(policy, sctlr=0, ttbr0=0x4000, dacr=1)
    for first, second, frame in ((0x4000, 0xC000, 0x1032), (0x8000, 0xC400, 0x2032)):
        processor.poke(first, second | 1)
        processor.poke(first + 4, 0x00000412)  # a section: all of memory
        processor.poke(second, frame)
    processor.registers["sctlr"] = 1
    policy.context_changed()
    processor.registers["ttbr0"] = 0x8000
    policy.context_changed()
    processor.registers["ttbr0"] = 0x4000
    policy.context_changed()
    assert processor.store(0x10C400, KERNEL, 0x8001)
    assert processor.store(0x10C000, KERNEL, 0x3032)
    policy.flush(None)
    assert processor.access(0x10, LOAD, USER) == 0x3010
    assert policy.type_of(8) == "writable" and policy.type_of(0xC) == "table 2"
    assert not processor.stops


def test_entries_that_no_walk_goes_on_from_may_be_anything(make: MakePolicy) -> None:
    """A pointer below level 3, a reserved type, and a page in the context table."""
    processor = sparc(make(), control=0, ctxtbl=0x80, context=1)
    for at, value in ((0x804, 0x101), (0x1000, 0x141), (0x1400, 0x151), (0x1500, 0x151),
                      (0x1504, 0x203), (0x1508, 0x20E), (0x808, 0x20E)):
        processor.poke(at, value)
    processor.registers["mmu.control"] = 1
    processor.policy.context_changed()
    assert processor.access(0x2000, LOAD, USER) == 0x2000
    for page in (0x0000, 0x1000):
        assert isinstance(processor.access(page, LOAD, USER), Fault)
    processor.registers["mmu.context"] = 2
    processor.policy.context_changed()
    assert isinstance(processor.access(0x2000, LOAD, USER), Fault)
    assert not processor.stops


def kernel_with_two_roots(policy: exposed.Policy, ttbr1: int) -> Processor:
    """TTBR0's first entry names a table at 0x8000, TTBR1's one at 0x8400; four pages each."""
    processor = arm(policy, ttbr0=0x2000, ttbr1=ttbr1, ttbcr=1, dacr=1)
    processor.poke(0x2000, 0x8001)
    processor.poke(ttbr1 + 0x2000, 0x8401)
    for table in (0x8000, 0x8400):
        for page in range(4):
            processor.poke(table + 4 * page, page << 12 | 0x32)
    processor.registers["sctlr"] = 1
    policy.context_changed()
    for page in range(4):
        assert processor.access(page << 12, LOAD, USER) == page << 12
        assert processor.access(1 << 31 | page << 12, LOAD, USER) == page << 12
    return processor


def test_an_update_forgets_its_page_whichever_root_it_is_below(make: MakePolicy) -> None:
    policy = make()
    processor = kernel_with_two_roots(policy, 0x4000)
    remembered = set(processor.tlb)
    assert policy.update([(0x8004, 0), (0x8408, 0x5032)])
    assert remembered - set(processor.tlb) == {1, 0x80002}
    assert isinstance(processor.access(0x1000, LOAD, USER), Fault)
    assert processor.access(0x80002000, LOAD, USER) == 0x5000
    assert policy.update([(0x2000, 0)]), "a table"
    assert not processor.tlb


def test_an_update_forgets_everything_where_one_table_is_both_roots(make: MakePolicy) -> None:
    policy = make()
    processor = kernel_with_two_roots(policy, 0)
    assert policy.update([(0x8404, 0)])
    assert not processor.tlb
    assert isinstance(processor.access(0x1000, LOAD, USER), Fault)
    assert isinstance(processor.access(0x80001000, LOAD, USER), Fault)


def test_roots_kept_are_bounded(kernel: Kernel) -> None:
    processor, policy = kernel
    for root in range(2 * ROOTS):
        go(processor, 0x1000 if root & 1 else 0x2000)
    assert policy.counters.walks == 2
    policy.forget()
    assert policy.counters.walks == 3


def test_where_the_kernel_finds_its_memory_is_forgotten_with_translations(kernel: Kernel) -> None:
    processor, policy = kernel
    assert policy.physical(LINEAR + 0x9123) == 0x9123
    assert policy.physical(0x800000) is None
    assert policy.update([(0x5024, 0xA003), (0x1008, 0x3067)])
    assert policy.physical(LINEAR + 0x9123) == 0xA123
    assert policy.physical(0x808000) == 0x8000
    assert not processor.peek(0x5024) & 0x20, "it only looks"
    go(processor, 0x2000)
    assert policy.physical(0x808000) is None
