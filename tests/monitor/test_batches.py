# SPDX-License-Identifier: GPL-2.0-or-later
"""Batches of table entries that the native layer makes: what it takes on, and what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

import pytest
from runs import GUESTS

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.monitor import virtualize
from vmm.monitor.base import Monitor
from vmm.monitor.memory import exposed

RAM, LIST = 0x40000000, 0x43FF0000  # the virt board's; where the batch is put
SMALL = 0x4E  # a small page of normal memory
EVERYBODY, NOBODY_STORES = 0x30, 0x230  # AP


@pytest.fixture
def guest() -> tuple[Machine, Monitor]:
    """nucleus in the middle of its work, on validated tables."""
    machine = create(Options(board="virt", kernel=GUESTS / "arm" / "nucleus-para-quick.elf"))
    monitor = virtualize(machine, "para", "exposed")
    machine.run(until=3_000_000)
    return machine, monitor


def batch(machine: Machine, updates: Sequence[tuple[int, int]]) -> bool:
    machine.bus.write_memory(LIST, b"".join(pack("<II", *update) for update in updates))
    made = machine.engine.library.dll.vmm_batch(machine.engine.pointer, LIST, len(updates))
    return bool(made & 0xFF)


def tables(machine: Machine, last: bool) -> list[int]:
    """Frames that begin with a table in use, of the last level or another."""
    roles = machine.engine.native.roles
    return [frame << 12 for frame in range(RAM >> 12, LIST >> 12)
            if roles[frame] and bool(roles[frame] & 1) == last]


def word(machine: Machine, address: int) -> int:
    return int.from_bytes(machine.bus.read_memory(address, 4) or b"", "little")


def test_an_entry_that_maps_a_page_is_made_and_noted(guest) -> None:
    machine, monitor = guest
    table = tables(machine, True)[0]
    plain = LIST - 0x1000 | SMALL | EVERYBODY
    assert batch(machine, [(table + 8, plain), (LIST - 8, 5), (table + 12, 0)])
    assert [word(machine, at) for at in (table + 8, LIST - 8, table + 12)] == [plain, 5, 0]
    assert monitor.engine.virtual is not None
    assert monitor.engine.virtual.noted() == {table >> 12}


def test_what_has_to_be_looked_at_is_left_alone(guest) -> None:
    machine, _ = guest
    first = tables(machine, False)[0]
    table, other = tables(machine, True)[:2]
    plain = LIST - 0x1000 | SMALL | EVERYBODY
    before = word(machine, table)
    for updates in (
        [(first, 0)],  # a first-level table
        [(table, other | SMALL | EVERYBODY)],  # it would let a table be stored to
        [(table, LIST | 1 | EVERYBODY)],  # a large page
        [(table + 2, plain)],
        [(0x09000000, plain)],  # a device
        [(RAM - 4, plain)],
        [(table, plain), (first, 0)],  # all or nothing
        [((table, other)[entry % 2], plain) for entry in range(2 * 65)],  # too much to note
    ):
        assert not batch(machine, updates), updates
        assert word(machine, table) == before
    assert batch(machine, [(table, other | SMALL | NOBODY_STORES)]), "reading one harms nobody"


def test_a_batch_that_writes_to_its_own_list_is_what_it_was_when_it_was_looked_at(guest) -> None:
    machine, _ = guest
    first = tables(machine, False)[0]
    before = word(machine, first)
    assert batch(machine, [(LIST + 8, first), (LIST - 8, before ^ 1)])
    assert (word(machine, first), word(machine, LIST - 8)) == (before, before ^ 1)


def test_the_policy_follows_before_it_is_asked(guest) -> None:
    machine, monitor = guest
    assert isinstance(monitor.memory, exposed.Policy)
    table = tables(machine, True)[0]
    updates = monitor.memory.counters.updates
    assert batch(machine, [(table + 4 * entry, 0) for entry in range(64)])
    assert machine.engine.native.noted_used == 1
    machine.run(until=machine.engine.count + 200_000)
    assert machine.engine.native.noted_used == 0
    assert monitor.memory.counters.updates > updates
