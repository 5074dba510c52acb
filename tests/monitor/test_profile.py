# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles: where exits came from, what they were, and what would spare them."""

from __future__ import annotations

import pytest
from runs import machine

from vmm.monitor import Monitor, hot, virtualize
from vmm.monitor.assist import Controls
from vmm.monitor.counters import Profile

BOARDS = {"sparc": "leon3", "arm": "virt", "x86": "pc"}
CALLS = {"sparc": "ta 0x70", "arm": "hvc #0x5600", "x86": "int 0x82"}


def profiled(architecture: str, kernel: str, technique: str, **options: object) -> Monitor:
    guest = machine(BOARDS[architecture], f"{architecture}/{kernel}")
    monitor = virtualize(guest, technique, **options)
    monitor.profile = Profile()
    guest.run()
    return monitor


@pytest.mark.parametrize("architecture", BOARDS)
def test_hypercalls_are_called_so_where_they_stand(architecture: str) -> None:
    rows = hot.rows(profiled(architecture, "nucleus-para-quick", "para"))
    calls = [row for row in rows if row.instruction == CALLS[architecture]]
    assert calls and all(row.exit == "hypercall" for row in calls)
    assert {row.remedy for row in calls} == {"none: the kernel asks for it"}
    assert {row.instruction for row in rows if row.exit == "hypercall"} == {CALLS[architecture]}


@pytest.mark.parametrize("architecture", BOARDS)
def test_every_exit_of_an_assisted_guest_is_at_its_place(architecture: str) -> None:
    guest = machine(BOARDS[architecture], f"{architecture}/nucleus-quick")
    controls = Controls.everything(architecture, guest.processor.trap_kinds())
    monitor = profiled(architecture, "nucleus-quick", "assist", controls=controls)
    rows = hot.rows(monitor)
    assert sum(row.count for row in rows) == monitor.counters.total > 10_000
    assert {"instruction", "second stage"} <= {row.exit for row in rows}
    assert {row.remedy for row in rows} == {"narrower --assist-controls"}
    assert rows[0].nanoseconds > 0 and rows[0].instruction
    assert hot.as_json(monitor)["sites"][0]["pc"] == rows[0].pc


def test_what_spares_an_exit_is_another_technique() -> None:
    rows = hot.rows(profiled("sparc", "nucleus-quick", "trap_and_emulate", policy="strict"))
    by_exit = {row.exit: row.remedy for row in rows}
    assert by_exit["privileged_instruction"] == "translate, previrt"
    assert by_exit["store to a page table"].startswith("lazy tables")
    assert by_exit["window_overflow"].startswith("assist")
    assert rows[0].count > 1000 and "rd %psr" in rows[0].instruction
