# SPDX-License-Identifier: GPL-2.0-or-later
"""A paravirtual kernel prints what the bare one prints, and asks instead of trapping."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vmm.monitor import para, virtualize

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests" / "toolchain"))
from assembly import build_guest  # noqa: E402

BOARDS = {"arm": "virt", "sparc": "leon3", "x86": "pc"}
POLICIES = ("strict", "lazy", "exposed")
EVERY = pytest.mark.parametrize("architecture", BOARDS)


def kernel(architecture: str, name: str) -> Path:
    return TOP / "build" / "guests" / architecture / f"{name}.elf"


@EVERY
@pytest.mark.parametrize("policy", POLICIES)
def test_the_console_is_that_of_the_bare_kernel(boot, architecture: str, policy: str) -> None:
    guest = boot(BOARDS[architecture], kernel=kernel(architecture, "nucleus-para-quick"))
    virtualize(guest.machine, "para", policy)
    guest.run()
    recorded = TOP / "tests" / "reference" / architecture / "nucleus-quick.txt"
    assert guest.output == recorded.read_text()


@EVERY
def test_an_idle_kernel_sleeps_with_a_time_out_and_then_yields(boot, architecture: str) -> None:
    """Half a tick of sleep ends by itself; who has nothing to do then waits for the tick."""
    guest = boot(BOARDS[architecture], kernel=kernel(architecture, "nucleus-para-quick"))
    monitor = virtualize(guest.machine, "para")
    guest.run()
    assert isinstance(monitor.technique, para.Technique)
    counts = monitor.technique.hypervisor.counts
    assert 0 < counts[para.YIELD] <= counts[para.HALT]


def test_wrong_calls_are_refused_and_change_nothing(boot, tmp_path) -> None:
    folder = Path(__file__).parent / "guests" / "calls_x86"
    guest = boot("pc", kernel=build_guest("x86", "calls", tmp_path, folder))
    virtualize(guest.machine, "para")
    guest.run()
    error, fine = "ffffffff", "00000000"
    assert [tuple(line.split(" gives=")) for line in guest.output.splitlines()] == [
        ("query", "564d4d01"), ("unknown", error), ("far unknown", error),
        ("page not aligned", error), ("page nowhere", error), ("no updates", fine),
        ("too many updates", error), ("updates nowhere", error), ("one update", "00000001"),
        ("entry", "00000007"), ("second not aligned", error), ("flush", fine),
        ("page", fine), ("opened", fine), ("flag", "00000001"),
        ("flag", fine), ("flag", fine), ("query", "564d4d01"),
    ]


@pytest.mark.parametrize("architecture", ["arm", "x86"])
def test_batches_of_pages_do_not_come_to_the_monitor(boot, architecture: str) -> None:
    """Of validated tables: an entry that maps one page, and no table, can be no mistake."""
    guest = boot(BOARDS[architecture], kernel=kernel(architecture, "nucleus-para-forks"))
    monitor = virtualize(guest.machine, "para", "exposed")
    guest.run()
    bare = boot(BOARDS[architecture], kernel=kernel(architecture, "nucleus-forks"))
    bare.run()
    assert guest.output == bare.output
    assert monitor.counters.total < 3000
    assert monitor.memory.counters.updates > 1000


@pytest.mark.parametrize("architecture", ["arm", "x86"])
def test_system_calls_do_not_come_to_the_monitor(boot, architecture: str) -> None:
    """Traps, and the way back to user mode, are the native layer's."""
    guest = boot(BOARDS[architecture], kernel=kernel(architecture, "nucleus-para-syscalls"))
    monitor = virtualize(guest.machine, "para")
    guest.run()
    assert monitor.counters.total < 1000 < 200_000 < guest.machine.engine.native.recent_count
