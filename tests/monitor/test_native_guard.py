# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard of exposed tables in C beside the one to be read: entries, changes, batches."""

from __future__ import annotations

import ctypes as C
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_guest import GUARDS, Processor, arm, sparc, x86
from test_memory_properties import FORMATS, TRIES, Run

from vmm.boards import Options, create
from vmm.cpu.arm import walk_long
from vmm.cpu.arm.models import MODELS
from vmm.monitor import virtualize
from vmm.monitor.memory import exposed
from vmm.monitor.memory.arm import ArmTables
from vmm.monitor.memory.physical import PhysicalMemory
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


class Regime(C.Structure):
    """`struct vmm_arm_regime`."""

    _fields_ = (("base", C.c_uint64), ("bits", C.c_uint32), ("level", C.c_uint32),
                ("upper", C.c_bool), ("disabled", C.c_bool))


def test_walks_of_long_descriptors_begin_at_the_same_place() -> None:
    regime_of = library.library().dll.vmm_arm_regime
    regime_of.restype = Regime
    regime_of.argtypes = (C.c_uint32, C.c_uint64, C.c_uint64, C.c_uint32)
    random = Random(7)
    for _ in range(3000):
        ttbcr = 1 << 31 | random.getrandbits(32) & (7 | 7 << 16 | 1 << 7 | 1 << 23)
        ttbr0, ttbr1 = random.getrandbits(64), random.getrandbits(64)
        address = random.choice((0, 0xFFFFFFFF, random.getrandbits(32)))
        registers = {"ttbcr": ttbcr, "ttbr0_64": ttbr0, "ttbr1_64": ttbr1}
        wanted = walk_long.stage1(registers, "", address)
        found = regime_of(ttbcr, ttbr0, ttbr1, address)
        assert (found.base, found.bits, found.level) == (wanted.base, wanted.bits, wanted.level)
        assert (found.upper, found.disabled) == (wanted.name == "TTBR1", bool(wanted.fault))


@pytest.mark.parametrize("sizes", [0, 1, 2, 1 << 16, 2 | 2 << 16, 1 | 1 << 23])
def test_contexts_of_long_descriptors_are_entered_without_python(sizes: int) -> None:
    machine = create(Options("virt", bare=True))
    policy = virtualize(machine, "translate", "exposed").memory
    assert isinstance(policy, exposed.Policy)
    registers, ram = machine.processor.registers, 0x40000000
    registers["ttbcr"], registers["sctlr"] = 1 << 31 | sizes, registers["sctlr"] | 1
    registers["ttbr0_64"], registers["ttbr1_64"] = ram + 0x1000, ram + 0x2000
    policy.context_changed()
    registers["ttbr0_64"], registers["ttbr1_64"] = ram + 0x3000, ram + 0x4000
    switches = policy.counters.switches
    enter = machine.engine.library.dll.vmm_guard_context
    enter.restype = C.c_bool
    assert enter(machine.engine.pointer)
    assert policy.counters.switches == switches + 1
    tables = ArmTables(PhysicalMemory(machine.bus), MODELS["cortex-a15"])
    tables.load_context(registers)
    roots = {root.base >> 12: f"table {root.level - 4}" for root in tables.roots()}
    assert roots and {frame: policy.type_of(frame) for frame in roots} == roots
    others = {(ram >> 12) + page for page in (3, 4)} - roots.keys()
    assert all(policy.type_of(frame) == "none" for frame in others)
