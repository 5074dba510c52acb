# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard of exposed tables in C beside the one to be read: entries, changes, batches."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_guest import GUARDS, Processor, arm, sparc, x86
from test_memory_properties import FORMATS, TRIES, Run

from vmm.cpu.arm.models import MODELS
from vmm.monitor.memory import exposed
from vmm.monitor.memory.arm import ArmTables
from vmm.monitor.memory.table_guard import OWNED
from vmm.monitor.memory.tables import NOTHING, Part, Table, Tables
from vmm.native import library
from vmm.native import table_guard as native

A9 = MODELS["cortex-a9"]  # without PXN


def native_part(tables: Tables, level: int, entry: int) -> Part:
    dll = native.functions(library.library().dll)
    kind, flags, mask = tables.format
    form = native.Format(kind, flags, tables.entry_size, 0, mask)
    part = dll.vmm_part_of(form, level, entry)
    if part.level:
        assert not part.span
        return Part(Table(part.address, part.level, part.size))
    return Part(None, part.address, part.span, part.writable) if part.span else NOTHING


def formats() -> list[tuple[Tables, range]]:
    """One of each kind, in each state that its entries depend on, and its levels."""
    processors = [
        (x86(cr0=0x80000001, cr4=cr4), range(1, 3)) for cr4 in (0, 0x10)
    ] + [(x86(cr0=0x80000001, cr4=0x20), range(1, 4)), (sparc(control=1), range(1, 5)),
         (arm(sctlr=1), range(1, 3)), (arm(sctlr=1, ttbcr=1 << 31), range(5, 8))]
    found: list[tuple[Tables, range]] = []
    for processor, levels in processors:
        processor.tables.load_context(processor.registers)
        found.append((processor.tables, levels))
    without = arm(sctlr=1)
    without.make_tables = lambda memory: ArmTables(memory, A9)
    tables = without.make_tables(without.memory)
    tables.load_context(without.registers)
    return [*found, (tables, range(1, 3))]


def test_entries_mean_the_same() -> None:
    """Entries with few bits set, or few clear, meet every case of the formats."""
    random = Random(5)
    for tables, levels in formats():
        bits = 8 * tables.entry_size
        for level in levels:
            assert tables.span(level) == 1 << native.functions(
                library.library().dll
            ).vmm_level_shift(native.Format(*tables.format[:2], tables.entry_size), level)
            for _ in range(1500):
                entry = random.getrandbits(bits)
                for _ in range(random.randrange(4)):
                    entry &= random.getrandbits(bits)
                entry = entry & ~7 | random.randrange(8)
                assert native_part(tables, level, entry) == tables.part(level, entry), hex(entry)


def observed(processor: Processor) -> object:
    policy = processor.policy
    assert isinstance(policy, exposed.Policy)
    return (processor.content(), processor.tlb, processor.roles, processor.stops,
            policy.counters)


def types(processor: Processor) -> list[str]:
    policy = processor.policy
    assert isinstance(policy, exposed.Policy)
    return [policy.type_of(frame) for frame in range(16)]


def policy(name: str) -> exposed.Policy:
    return exposed.Policy(lambda guest, counters: GUARDS[name](guest, counters, OWNED))


@pytest.mark.parametrize("name", FORMATS)
def test_guests_live_the_same_life_under_both(name: str) -> None:
    """Stores, flushes, contexts, and batches of updates."""
    lived = 0
    kind = FORMATS[name]

    def batch(run: Run, random: Random) -> bool:
        count = random.choice((1, 1, 2, 3, 20))
        accepted = run.policy.update(
            [(random.choice(kind.slots) + random.choice((0,) * 20 + (2,)), kind.value(random))
             for _ in range(count)])
        run.changed()
        return accepted

    @settings(TRIES, max_examples=30)
    @given(st.integers(0, 1 << 32))
    def check(seed: int) -> None:
        nonlocal lived
        random = Random(seed)
        readable, fast = (Run(kind, policy(name), exact=False) for name in GUARDS)
        for slot in kind.slots:
            value = kind.value(random)
            for run in (readable, fast):
                run.change(slot, value)
        for _ in range(100):
            step, batched = random.getrandbits(32), random.randrange(4) == 0
            answers = [
                batch(run, Random(step)) if batched else run.do_anything(Random(step))
                for run in (readable, fast)
            ]
            assert answers[0] == answers[1]
            assert observed(readable.processor) == observed(fast.processor)
            if readable.processor.stops:
                break
            lived += 1
        assert types(readable.processor) == types(fast.processor)

    check()
    assert lived > 100
