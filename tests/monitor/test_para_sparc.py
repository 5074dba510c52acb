# SPDX-License-Identifier: GPL-2.0-or-later
"""A paravirtual LEON3 kernel: what the native layer answers is what Python would."""

from __future__ import annotations

import zlib
from collections import Counter

import pytest
from runs import GUESTS, Seen, virtual, watch

from vmm.boards import Options, create
from vmm.monitor import para, virtualize


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


def hostile(policy: str, native: bool) -> tuple[Seen, int, Counter[int]]:
    """A kernel with odd stacks: what it showed, what it left in memory, and its calls of Python."""
    guest = create(Options(board="leon3", ram=4 << 20,
                           kernel=GUESTS / "hostile" / "sparc" / "para_stack.elf"))
    monitor = virtualize(guest, "para", policy, native=native)
    seen = watch(guest, 1.0)
    assert isinstance(monitor.technique, para.Technique)
    memory = zlib.crc32(guest.bus.read_memory(0x40000000, 4 << 20) or b"")
    return seen, memory, monitor.technique.hypervisor.counts


@pytest.mark.parametrize("policy", ["lazy", "strict", "exposed", "nested"])
def test_windows_go_where_nothing_is_and_to_devices_as_in_python(policy: str) -> None:
    *native, counts = hostile(policy, True)
    *python, _ = hostile(policy, False)
    assert native == python
    # Over the end of a page, not aligned, nothing, a timer, no device, the PROM: nothing of it
    # is at hand for the native layer.
    assert counts[para.WINDOWS] == 6
