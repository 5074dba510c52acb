# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtualized guest is stopped, kept, gone on from and gone back to, and nothing shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import GUESTS

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.monitor import virtualize
from vmm.state.graph import Graph
from vmm.state.snapshot import load, restore, save, take

BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
Ledger = list[tuple[int, int, int, int, int]]
End = tuple[int, tuple[tuple[int, int, int, int, int], ...]]


def build(arch: str) -> tuple[Machine, Ledger]:
    ledger: Ledger = []
    machine = create(Options(board=BOARDS[arch], kernel=GUESTS / arch / "nucleus-quick.elf"))
    machine.ledger.record(ledger.extend)
    return machine, ledger


def to_the_end(machine: Machine, ledger: Ledger) -> End:
    machine.run()
    machine.engine.drain_ledger()
    return machine.engine.count, tuple(ledger)


@pytest.mark.parametrize("policy", ["lazy", "strict", "exposed"])
@pytest.mark.parametrize("arch", BOARDS)
def test_a_run_in_slices_and_one_from_a_snapshot_are_the_bare_run(arch: str, policy: str) -> None:
    bare = to_the_end(*build(arch))
    machine, ledger = build(arch)
    virtualize(machine, "translate", policy)
    for part in (7, 3, 2):
        machine.run(until=bare[0] // part)
    machine.engine.drain_ledger()
    here, kept = take(machine), list(ledger)
    assert 0 < len(kept) < len(bare[1])
    for _ in range(2):
        assert to_the_end(machine, ledger) == bare
        restore(machine, here)
        ledger[:] = kept


@pytest.mark.parametrize(("arch", "technique", "instructions"), [
    ("sparc", "para", 4_500_000), ("arm", "para", 2_000_000), ("x86", "para", 2_000_000),
    ("sparc", "trap_and_emulate", 4_500_000),
])
def test_a_virtualized_kernel_goes_on_from_a_file(
    arch: str, technique: str, instructions: int, tmp_path: Path
) -> None:
    """In another machine: where the first one's registers and shared page are is of no use."""
    def virtual() -> Machine:
        name = "nucleus-para-quick" if technique == "para" else "nucleus-quick"
        machine = create(Options(board=BOARDS[arch], kernel=GUESTS / arch / f"{name}.elf"))
        virtualize(machine, technique)
        return machine

    first = virtual()
    first.run(until=instructions)
    save(take(first), tmp_path / "kept")
    first.run()
    other = virtual()
    restore(other, load(tmp_path / "kept"))
    assert other.engine.count == instructions
    other.run()
    assert other.engine.count == first.engine.count
    assert bytes(other.console.tail) == bytes(first.console.tail)


def held(value: object) -> Iterator[tuple[object, object]]:
    """What an object holds, by name or key."""
    yield from (getattr(value, "__dict__", None) or {}).items()
    for kind in type(value).__mro__:
        slots = getattr(kind, "__slots__", ())
        yield from ((name, getattr(value, name)) for name in slots if hasattr(value, name))
    if isinstance(value, dict):
        yield from value.items()


@pytest.mark.parametrize("technique", [None, "translate", "para", "assist"])
@pytest.mark.parametrize("arch", BOARDS)
def test_no_state_is_an_address_of_the_host(arch: str, technique: str | None) -> None:
    """It would be another machine's, or another process's, when the state is put back there."""
    name = "nucleus-para-quick" if technique == "para" else "nucleus-quick"
    machine = create(Options(board=BOARDS[arch], kernel=GUESTS / arch / f"{name}.elf"))
    if technique is not None:
        virtualize(machine, technique)
    machine.run(until=3_000_000)
    nodes = Graph(machine).nodes
    found = [
        (node.path, name, hex(value)) for node in nodes for name, value in held(node.value)
        if isinstance(value, int) and 1 << 44 < value < 1 << 47  # Linux: heap, libraries
    ]
    assert not found
    assert len(nodes) > 50
