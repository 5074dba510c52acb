# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels that attack their monitor (guests/hostile/arm): they see what bare hardware shows.

Each mixes all that it reads, and what every trap says, into what it prints.
"""

from __future__ import annotations

import ctypes as C

import pytest
from runs import bare, virtual

GUESTS = ("middle", "rewrite", "read_self", "every_field", "modes", "tables", "device_stack")
USER = 0x10


def check(name: str, policy: str) -> None:
    guest = f"hostile/arm/{name}"
    seen, monitor = virtual("virt", guest, "translate", policy)
    assert seen == bare("virt", guest)
    assert seen.outcome.status == 0 and seen.console.endswith(b"\n")
    real = monitor.engine.function("cpsr_read_arm", C.c_uint32, C.c_void_p)
    assert real(monitor.engine.env) & 0x1F == USER


@pytest.mark.parametrize("policy", ["lazy", "nested"])
@pytest.mark.parametrize("name", GUESTS)
def test_an_attack_shows_what_it_shows_on_the_bare_machine(name: str, policy: str) -> None:
    check(name, policy)


@pytest.mark.parametrize("policy", ["strict", "exposed"])
def test_tables_mapped_twice_are_followed_by_every_policy(policy: str) -> None:
    check("tables", policy)
