# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory policies over random tables, random changes and TLB operations.

The walker over the tables as they are, or for a lazy policy as they have been
since the guest last flushed, says what is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from memory_guest import PAGE, Processor, arm, sparc, x86

from vmm.monitor.memory import exposed, lazy, strict
from vmm.monitor.memory.base import Fault, MemoryPolicy
from vmm.monitor.memory.frame_types import FrameTypes
from vmm.monitor.memory.table_guard import OWNED, TableGuard
from vmm.monitor.memory.tables import USER, WRITES, Tables, rights_bits

# A seed does not shrink.
TRIES = settings(
    max_examples=30, deadline=None, derandomize=True, phases=(Phase.generate,), database=None
)
OPERATIONS = 250
RIGHTS = 63


class Past:
    """Memory as it was."""

    def __init__(self, content: bytes, order: str) -> None:
        self.content, self.byteorder = content, order

    def load(self, address: int, size: int) -> int | None:
        data = self.content[address : address + size]
        return int.from_bytes(data, self.byteorder) if len(data) == size else None  # type: ignore[arg-type]


@dataclass(frozen=True)
class Format:
    """What random guests of one format of tables do."""

    make: Callable[..., Processor]
    contexts: tuple[dict[str, int], ...]
    slots: tuple[int, ...]  # addresses of entries
    size: int
    value: Callable[[Random], int]  # of an entry
    pages: tuple[int, ...]


def choose(*values: int) -> Callable[[Random], int]:
    """One of these."""
    return lambda random: random.choice(values)


def either(*choices: Callable[[Random], int]) -> Callable[[Random], int]:
    """What one of these chooses."""
    return lambda random: random.choice(choices)(random)


def both(frames: Sequence[int], flags: Sequence[int]) -> Callable[[Random], int]:
    """An address and flags."""
    return lambda random: random.choice(frames) | random.choice(flags)


FRAMES = [frame << 12 for frame in range(16)]
SMEP = 1 << 20  # of CR4
X86 = Format(
    x86,
    tuple({"cr0": cr0, "cr3": cr3, "cr4": cr4} for cr0, cr3, cr4 in (
        (0x80010001, 0x1000, 0), (0x80000001, 0x1000, 0), (0x80010001, 0x2000, 0x10),
        (0x80010001, 0x2000, 0), (0x80010001, 0x1000, SMEP), (1, 0x1000, 0))),
    tuple(base + 4 * i for base in (0x1000, 0x2000, 0x3000, 0x4000) for i in (0, 1)),
    4,
    both(FRAMES[1:6], (0, 1, 3, 5, 7, 7, 7, 0x27, 0x67, 0x87, 0xE7)),
    tuple(i << 22 | j << 12 for i in (0, 1) for j in (0, 1, 2)),
)
PAE = Format(
    x86,
    tuple({"cr0": cr0, "cr3": cr3, "cr4": cr4, "efer": efer} for cr0, cr3, cr4, efer in (
        (0x80010001, 0x1000, 0x20, 0), (0x80010001, 0x1020, 0x20 | SMEP, 0),
        (0x80000001, 0x1000, 0x20, 0x800), (0x80010001, 0x1020, 0x20 | SMEP, 0x800))),
    tuple(base + 8 * i for base in (0x1000, 0x1020, 0x2000, 0x3000, 0x4000) for i in (0, 1)),
    8,
    both(FRAMES[2:5], (0, 1, 1, 3, 7, 7, 0x67, 0x87, 1 << 41 | 7, 1 << 63 | 7, 1 << 63 | 0x87)),
    tuple(k << 30 | i << 21 | j << 12 for k in (0, 1) for i in (0, 1) for j in (0, 1)),
)
SPARC = Format(
    sparc,
    tuple({"control": on, "ctxtbl": 0x80, "context": context}
          for on, context in ((1, 0), (1, 1), (0, 0))),
    (0x800, 0x804, 0x1000, 0x1004, 0x1400, 0x1404, 0x1500, 0x1504, 0x2000, 0x2004),
    4,
    either(
        choose(*(base >> 4 | 1 for base in (0x1000, 0x1400, 0x1500, 0x2000))),
        both([frame >> 4 for frame in FRAMES[:8]],
             [acc << 2 | bits << 5 | 2 for acc in range(8) for bits in range(4)]),
        choose(0, 3, 0x101, 0x141),
    ),
    tuple(i << 24 | j << 18 | k << 12 for i in (0, 1) for j in (0, 1) for k in (0, 1)),
)
ARM = Format(
    arm,
    tuple({"sctlr": sctlr, "ttbr0": ttbr0, "dacr": dacr, "ttbr1": 0x8000, "ttbcr": ttbcr}
          for sctlr, ttbr0, dacr, ttbcr in (
              (1, 0x4000, 1, 0), (1, 0x4000, 3, 0), (1, 0x4000, 0, 0), (0x20000001, 0x8000, 1, 0),
              (1, 0x4000, 1, 4), (1, 0x4000, 1, 1), (0, 0x4000, 0, 0))),
    (0x4000, 0x4004, 0x8000, 0x8004, 0x8400, 0x8404, 0x9000),
    4,
    either(
        choose(0x8001, 0x8401, 0x9001, 0x9005, 0x9021, 0),
        both(FRAMES, (0x12, 0x32, 0x33, 0x22, 0x212, 0x232, 0x13, 0x31)),
        choose(0x0C02, 0x0402, 0x8402, 0x0412, 0x40C02, 0x0C22),
    ),
    tuple(i << 20 | j << 12 for i in (0, 1) for j in (0, 1, 2)),
)
LPAE = Format(
    arm,
    # With T0SZ TTBR0's walks begin at level 2, and TTBR1 has what is above
    tuple({"sctlr": sctlr, "ttbcr": 1 << 31 | sizes, "ttbr0_64": base, "ttbr1_64": 0x5000}
          for sctlr, base, sizes in (
              (1, 0x4000, 0), (0x80001, 0x4000, 0), (0x100001, 0x5000, 0), (1, 0x6000, 2),
              (1, 0x6000, 2 | 1 << 23), (1, 0x4000, 1 << 16))),
    tuple(base + 8 * i for base in (0x4000, 0x5000, 0x6000, 0x7000) for i in (0, 1)),
    8,
    either(
        both(FRAMES[4:8], [limits << 59 | 3 for limits in (0, 0, 0, 2, 4, 8)]),
        both(FRAMES, [ap << 6 | flags for ap in range(4)
                      for flags in (0x403, 0x403, 0x3, 0x401, 1 << 54 | 0x403)]),
    ),
    tuple(k << 30 | i << 21 | j << 12 for k in (0, 1) for i in (0, 1) for j in (0, 1)),
)
FORMATS = {"x86": X86, "pae": PAE, "sparc": SPARC, "arm": ARM, "lpae": LPAE}


@dataclass
class Run:
    """One guest's life, and what its tables have been."""

    kind: Format
    policy: MemoryPolicy
    exact: bool  # changes count at once
    history: list[bytes] = field(default_factory=list)
    since: int = 0  # the last flush of all
    since_page: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.processor = self.kind.make(self.policy, **self.kind.contexts[0])
        self.note()

    def note(self) -> None:
        """Memory may have changed."""
        content = self.processor.content()
        if not self.history or self.history[-1] != content:
            self.history.append(content)

    def said_then(self, moment: int, address: int, access: int, user: bool) -> int | None:
        """Where the tables of that moment led the access."""
        past = Past(self.history[moment], self.processor.order)
        tables: Tables = self.processor.make_tables(past)  # type: ignore[arg-type]
        tables.load_context(self.processor.registers)
        return tables.walk(address, access, user).physical

    def check_entries(self) -> None:
        """All that may be used without a fault, the tables allow now."""
        space = self.processor.space
        if space is None:
            return  # the processor's own walk
        for page, entry in space.entries.items():
            access, user = next((a, bool(u)) for u in (0, 1) for a in range(3)
                                if entry >> a + u * USER & 1)
            walk = self.processor.walk(page << 12, access, user)
            assert walk.physical == entry & -PAGE
            assert not entry & RIGHTS & ~rights_bits(walk.rights)
        for page, entry in self.processor.tlb.items():
            now = space.get(page << 12)
            assert now >> 12 == entry >> 12
            assert not entry & RIGHTS & ~now

    # -- operations -------------------------------------------------------------------

    def change(self, slot: int, value: int) -> None:
        """An entry changes by a store of a device, or from outside."""
        self.processor.poke(slot, value, self.kind.size)
        self.policy.wrote(slot, self.kind.size)
        self.changed()

    def store(self, address: int, user: bool, value: int) -> None:
        """The guest stores through its translations."""
        if self.processor.store(address, user, value, self.kind.size):
            self.changed()

    def changed(self) -> None:
        self.note()
        if self.exact:
            self.since = len(self.history) - 1

    def flush(self, address: int | None) -> None:
        self.policy.flush(address)
        if address is None:
            self.since = len(self.history) - 1
            self.check_entries()
        else:
            self.since_page[address >> 12] = len(self.history) - 1

    def enter(self, context: dict[str, int]) -> None:
        self.processor.set_registers(context)
        self.policy.context_changed()
        self.since = len(self.history) - 1
        self.check_entries()

    def access(self, address: int, access: int, user: bool) -> None:
        """Make it, and see that some moment since the last flush says the same."""
        oldest = max(self.since, self.since_page.get(address >> 12, 0))
        now = len(self.history) - 1
        result = self.processor.access(address, access, user)
        if isinstance(result, Fault):
            assert self.said_then(now, address, access, user) is None
        else:
            moments = range(oldest, now + 1)
            assert result in {self.said_then(t, address, access, user) for t in moments}
        if self.processor.through:
            self.processor.through.clear()
            self.policy.stored()
        self.changed()

    def do_anything(self, random: Random) -> None:
        """One operation."""
        kind = self.kind
        page, user = random.choice(kind.pages), bool(random.randrange(2))
        match random.randrange(12):
            case 0 | 1:
                self.change(random.choice(kind.slots), kind.value(random))
            case 2 | 3:
                at = random.choice(kind.slots) & PAGE - 1
                self.store(page | at, user, kind.value(random))
            case 4:
                self.flush(random.choice((None, page)))
            case 5:
                self.enter(random.choice(kind.contexts))
            case _:
                self.access(page, random.randrange(3), user)
        if self.exact:
            self.check_entries()


def live(
    kind: Format, policy: MemoryPolicy, seed: int, exact: bool,
    after: Callable[[Run], None] = lambda run: None,
) -> Run:
    """A guest that does OPERATIONS things, beginning with tables that are full of something."""
    random = Random(seed)
    run = Run(kind, policy, exact)
    for slot in kind.slots:
        run.change(slot, kind.value(random))
    run.flush(None)
    for _ in range(OPERATIONS):
        run.do_anything(random)
        if run.processor.stops:
            break
        after(run)
    return run


@pytest.mark.parametrize("name", FORMATS)
def test_lazy_is_a_state_that_a_tlb_may_be_in(name: str) -> None:
    @TRIES
    @given(st.integers(0, 1 << 32))
    def check(seed: int) -> None:
        live(FORMATS[name], lazy.Policy(), seed, exact=False).flush(None)

    check()


@pytest.mark.parametrize("name", FORMATS)
def test_strict_equals_the_tables_at_every_moment(name: str) -> None:
    @TRIES
    @given(st.integers(0, 1 << 32))
    def check(seed: int) -> None:
        policy = strict.Policy()
        run = live(FORMATS[name], policy, seed, exact=True)
        for context in run.kind.contexts:
            run.enter(context)
            if run.processor.flat:
                continue
            assert run.processor.space is not None
            for entry in run.processor.space.entries.values():
                assert not (entry & WRITES and policy.protects(entry >> 12))

    check()


def account(run: Run) -> FrameTypes:
    """Validate all roots that are in use, from nothing."""
    processor, guard = run.processor, guard_of(run)
    fresh = FrameTypes(processor.memory, processor.tables, OWNED, lambda *told: None)
    for root in guard._roots:
        fresh.pin(root)
    return fresh


def guard_of(run: Run) -> TableGuard:
    assert isinstance(run.policy, exposed.Policy)
    assert isinstance(run.policy.guard, TableGuard)
    return run.policy.guard


def described(types: FrameTypes) -> object:
    return types._frames, {
        table: (known.pins, {parent: count for parent, (count, _) in known.uses.items()})
        for table, known in types._known.items()
    }


@pytest.mark.parametrize("name", FORMATS)
def test_exposed_tables_are_always_the_ones_that_were_validated(name: str) -> None:
    """Most guests store something that is refused before long, so there are more of them."""
    survived = 0

    def equal(run: Run) -> None:
        types = guard_of(run)._types
        assert described(types) == described(account(run))
        assert run.processor.roles == set(types._frames)
        for entry in run.processor.tlb.values():
            assert not (entry & WRITES and entry >> 12 in run.processor.roles)

    @settings(TRIES, max_examples=120)
    @given(st.integers(0, 1 << 32))
    def check(seed: int) -> None:
        nonlocal survived
        run = live(FORMATS[name], exposed.Policy(), seed, False, equal)
        survived += len(run.history)

    check()
    assert survived > 1000
