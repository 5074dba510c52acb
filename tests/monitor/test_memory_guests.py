# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel with processes, under each memory policy: nothing that it can see differs."""

from __future__ import annotations

import pytest
from runs import bare, virtual

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
