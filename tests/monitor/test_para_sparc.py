# SPDX-License-Identifier: GPL-2.0-or-later
"""A paravirtual LEON3 kernel: what the native layer answers is what Python would."""

from __future__ import annotations

import pytest
from runs import virtual


@pytest.mark.parametrize("policy", ["strict", "exposed", "nested"])
def test_native_answers_are_those_of_python(policy: str) -> None:
    """Console, instructions, and every trap with its pc, npc and status."""
    native, monitor = virtual("leon3", "sparc/nucleus-para-quick", "para", policy)
    python, readable = virtual("leon3", "sparc/nucleus-para-quick", "para", policy, native=False)
    assert native == python
    assert native.traps > 1000
    assert monitor.counters.total < readable.counters.total / 3


def test_system_calls_do_not_come_to_the_monitor() -> None:
    """Traps, windows and the way back to user mode are the native layer's."""
    seen, monitor = virtual("leon3", "sparc/nucleus-para-syscalls", "para")
    assert monitor.counters.total < 1000 < 200_000 < seen.traps
