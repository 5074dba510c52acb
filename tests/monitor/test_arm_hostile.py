# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels that attack their monitor (guests/hostile/arm): they see what bare hardware shows.

Each mixes all that it reads, and what every trap says, into what it prints.
"""

from __future__ import annotations

import ctypes as C

import pytest
from runs import bare, machine, virtual

from vmm.monitor import code
from vmm.monitor.assist import Controls

GUESTS = ("middle", "crossing", "rewrite", "own_block", "aliases", "trained", "read_self",
          "every_field", "modes", "tables", "device_stack")
USER = 0x10
# These end by themselves, or not at all: time enough for all that they do.
WILD = {"elsewhere": 0.003, "nowhere": None, "unmapped": None, "flood": 0.001, "spin": 0.001}


def check(name: str, policy: str) -> None:
    guest = f"hostile/arm/{name}"
    # Templates at once, or calls of the monitor first
    seen, monitor = virtual("virt", guest, "translate", policy,
                            cold_calls=2 if policy == "nested" else 0)
    assert seen == bare("virt", guest)
    assert seen.outcome.status == 0 and seen.console.endswith(b"\n")
    real = monitor.engine.function("cpsr_read_arm", C.c_uint32, C.c_void_p)
    assert real(monitor.engine.env) & 0x1F == USER
    counts = code.counts(monitor.engine)
    assert counts is not None and counts.sites and not counts.disputed


@pytest.mark.parametrize("policy", ["lazy", "nested"])
@pytest.mark.parametrize("name", GUESTS)
def test_an_attack_shows_what_it_shows_on_the_bare_machine(name: str, policy: str) -> None:
    check(name, policy)


@pytest.mark.parametrize("policy", ["strict", "exposed"])
@pytest.mark.parametrize("name", ["tables", "aliases", "crossing", "trained"])
def test_what_attacks_page_tables_meets_every_policy(name: str, policy: str) -> None:
    check(name, policy)


@pytest.mark.parametrize("name", WILD)
def test_a_kernel_that_runs_wild_ends_as_on_the_bare_machine(name: str) -> None:
    guest, seconds = f"hostile/arm/{name}", WILD[name]
    seen, _ = virtual("virt", guest, "translate", seconds=seconds)
    assert seen == bare("virt", guest, seconds)


@pytest.mark.parametrize("name", GUESTS)
def test_with_every_control_on_an_assisted_kernel_shows_the_same(name: str) -> None:
    guest = f"hostile/arm/{name}"
    controls = Controls.everything("arm", machine("virt", guest).processor.trap_kinds())
    seen, monitor = virtual("virt", guest, "assist", controls=controls)
    assert seen == bare("virt", guest)
    assert monitor.counters.total
