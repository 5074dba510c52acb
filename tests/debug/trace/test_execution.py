# SPDX-License-Identifier: GPL-2.0-or-later
"""What generated code tells is exact, and asking for it changes nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from traced import ARCHITECTURES, boot

from vmm.cpu.execution import Blocks, begun, count_instructions


@pytest.fixture(params=ARCHITECTURES)
def architecture(request) -> str:
    return request.param


def test_counts_of_instructions_add_up_to_the_instruction_count(guest, architecture) -> None:
    plain = boot(guest, architecture, "traps")
    plain.run()
    machine = boot(guest, architecture, "traps")
    count_instructions(machine.engine, True)
    machine.run(until=100_003)
    assert sum(begun(machine.engine).values()) == 100_003
    machine.run()
    assert machine.engine.count == plain.engine.count
    # Two of the guest's own breakpoints (DR0 to DR3) trap before their instruction begins.
    before = 2 if architecture == "x86" else 0
    assert sum(begun(machine.engine).values()) == machine.engine.count - before
    assert bytes(machine.console.tail) == bytes(plain.console.tail)
    count_instructions(machine.engine, False)
    assert begun(machine.engine) == {}


def test_what_was_never_reached_is_not_counted(guest, architecture) -> None:
    """Every instruction that is counted is one that single steps find, as often."""
    steps = 3000
    machine = boot(guest, architecture, "traps")
    machine.run(until=50_000)
    stepped: dict[int, int] = {}
    for _ in range(steps):
        pc = machine.linear_pc
        stepped[pc] = stepped.get(pc, 0) + 1
        machine.step()
    again = boot(guest, architecture, "traps")
    again.run(until=50_000)
    count_instructions(again.engine, True)
    again.run(until=50_000 + steps)
    assert begun(again.engine) == dict(sorted(stepped.items()))


def test_blocks_that_begin_make_up_the_run(guest, architecture) -> None:
    machine = boot(guest, architecture, "traps")
    machine.run(until=20_000)
    engine = machine.engine
    told: list[tuple[int, int, int]] = []
    translated: list[tuple[int, int]] = []

    def begins(pc: int, length: int) -> None:
        assert machine.linear_pc == pc
        told.append((engine.count - length, pc, length))

    blocks = Blocks(engine, lambda pc, length: translated.append((pc, length)), begins)
    machine.run(until=30_000)
    blocks.close()
    machine.run(until=31_000)
    assert told[0][0] == 20_000 and told[-1][0] < 30_000
    # A block ends where the next begins, or earlier if it was left by a trap.
    assert all(a[0] < b[0] <= a[0] + a[2] for a, b in pairwise(told))
    assert {(pc, length) for _, pc, length in told} <= set(translated)


def test_only_blocks_in_the_ranges_are_told(guest, architecture) -> None:
    machine = boot(guest, architecture, "traps")
    machine.run(until=20_000)
    told: list[int] = []
    where = range(machine.linear_pc & ~0xFF, (machine.linear_pc & ~0xFF) + 0x100)
    blocks = Blocks(machine.engine, None, lambda pc, length: told.append(pc), [where])
    machine.run(until=40_000)
    assert told and all(pc in where for pc in told)
    blocks.close()


def test_what_is_told_may_fail(guest) -> None:
    machine = boot(guest, "sparc", "traps")

    def fails(pc: int, length: int) -> None:
        raise KeyError(pc)

    Blocks(machine.engine, None, fails)
    with pytest.raises(KeyError):
        machine.run()
