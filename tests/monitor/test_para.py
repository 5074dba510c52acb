# SPDX-License-Identifier: GPL-2.0-or-later
"""Paravirtual guests: the same kernel above hypercalls, and calls that are wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from runs import bare, virtual, watch

from vmm.boards import Options, create
from vmm.monitor import virtualize
from vmm.monitor.para import FLUSH, SPACE, UPDATE

TOP = Path(__file__).parents[2]
sys.path.append(str(TOP / "tests" / "toolchain"))
from assembly import build_guest  # noqa: E402

BOARDS = [("pc", "x86"), ("virt", "arm")]


@pytest.mark.parametrize(("board", "architecture"), BOARDS)
@pytest.mark.parametrize("policy", ["lazy", "strict"])
def test_nucleus_says_the_same_above_hypercalls(board, architecture, policy) -> None:
    """Console, with all checksums of results and of memory, as of the bare kernel."""
    seen, monitor = virtual(board, f"{architecture}/nucleus-para-quick", "para", policy)
    original = bare(board, f"{architecture}/nucleus-quick")
    assert (seen.console, seen.outcome) == (original.console, original.outcome)
    counts = monitor.technique.counts
    assert min(counts[UPDATE], counts[SPACE], counts[FLUSH]) > 10
    # Entries come in batches, and system calls do not come here at all.
    assert monitor.technique.entries > 2 * counts[UPDATE]
    assert monitor.counters.total < seen.traps


@pytest.mark.parametrize(("board", "architecture"), BOARDS)
def test_a_bare_machine_answers_no_hypercall(board, architecture) -> None:
    seen = bare(board, f"{architecture}/nucleus-para-quick")
    assert seen.console.endswith(b"built for a hypervisor, and there is none\n")


def test_wrong_calls_are_refused_and_change_nothing(tmp_path) -> None:
    folder = Path(__file__).parent / "guests" / "calls_x86"
    machine = create(Options(board="pc", kernel=build_guest("x86", "calls", tmp_path, folder)))
    virtualize(machine, "para")
    lines = watch(machine).console.decode().splitlines()
    said = [tuple(line.split(" gives=")) for line in lines]
    error, fine = "ffffffff", "00000000"
    assert said == [
        ("query", "564d4d01"), ("unknown", error), ("far unknown", error),
        ("page not aligned", error), ("page nowhere", error), ("no updates", error),
        ("too many updates", error), ("updates nowhere", error), ("one update", "00000001"),
        ("entry", "00000007"), ("second not aligned", error), ("flush", fine),
        ("halt with time", error), ("page", fine), ("opened", fine), ("flag", "00000001"),
        ("flag", fine), ("flag", fine), ("query", "564d4d01"),
    ]


def test_the_same_run_twice_is_the_same_run() -> None:
    first, _ = virtual("pc", "x86/nucleus-para-quick", "para")
    second, _ = virtual("pc", "x86/nucleus-para-quick", "para")
    assert first == second
