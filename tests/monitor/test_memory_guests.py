# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel with processes, under each memory policy: nothing that it can see differs."""

from __future__ import annotations

import pytest
from runs import bare, machine, virtual, watch

from vmm.monitor import virtualize
from vmm.state.snapshot import restore, take

SPARC = ("leon3", "sparc/nucleus-quick", "trap_and_emulate")
ARM = ("virt", "arm/nucleus-quick", "translate")
X86 = ("pc", "x86/nucleus-quick", "translate")


@pytest.mark.parametrize("policy", ["lazy", "strict", "exposed"])
@pytest.mark.parametrize(("board", "guest", "technique"), [SPARC, ARM, X86])
def test_processes_and_faults_are_the_same(
    board: str, guest: str, technique: str, policy: str
) -> None:
    seen, monitor = virtual(board, guest, technique, policy)
    assert seen == bare(board, guest)
    counters = monitor.memory.counters
    assert counters.switches and counters.flushes and counters.updates
    assert 0 < counters.hidden_faults < 3000


@pytest.mark.parametrize(
    ("board", "guest"), [("leon3", "sparc/traps"), ("virt", "arm/traps"), ("pc", "x86/traps")]
)
def test_tables_of_every_kind_may_be_exposed(board: str, guest: str) -> None:
    """Entries with reserved bits, tables where nobody answers, tables in other tables' places."""
    assert virtual(board, guest, "translate", "exposed")[0] == bare(board, guest)


@pytest.mark.parametrize(
    ("board", "guest", "technique", "policy"),
    [(*SPARC, "strict"), (*ARM, "exposed"), (*X86, "lazy")],
)
def test_a_run_goes_on_from_a_snapshot_as_it_was(
    board: str, guest: str, technique: str, policy: str
) -> None:
    whole = bare(board, guest)
    again = machine(board, guest)
    virtualize(again, technique, policy)
    again.run(until=whole.instructions // 2)
    middle = take(again)
    again.run(until=whole.instructions * 3 // 5)
    restore(again, middle)
    again.rewind()
    seen = watch(again)
    assert (seen.outcome, seen.instructions, seen.cycles) == (
        whole.outcome, whole.instructions, whole.cycles
    )
    assert whole.console.endswith(seen.console) and seen.console
