# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole guests see no difference between native and Python trap delivery.

The trap guests of every architecture, and the x86 guest that ends in a triple
fault: same console, same instruction count, same ledger of traps.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from vmm.boards import Options, create

Seen = tuple[bytes, int, str, list[tuple[int, int, int, int, int]]]

RUNS = (
    ("pc", "x86/traps", {}, "qemu32"),
    ("pc", "x86/traps", {}, "486"),
    ("pc", "x86/triple", {}, "qemu32"),
    ("leon3", "sparc/traps", {}, None),
    ("virt", "arm/traps", {}, None),
    ("virt", "arm/hyp", {"virtualization": "on"}, None),
    ("virt", "arm/monitor", {"secure": "on"}, None),
)


def run(
    board: str, kernel: Path, properties: dict[str, str], cpu: str | None,
    delivery: Literal["native", "python"],
) -> Seen:
    machine = create(Options(board, properties=dict(properties), kernel=kernel, cpu=cpu))
    output = bytearray()
    machine.console.sinks.append(output.extend)
    machine.traps.set_delivery(delivery)
    machine.limit_time(None, 60)
    ledger: list[tuple[int, int, int, int, int]] = []
    machine.ledger.record(ledger.extend)
    outcome = machine.run()
    return bytes(output), machine.engine.count, repr(outcome), ledger


@pytest.mark.parametrize(
    ("board", "name", "properties", "cpu"), RUNS, ids=[f"{r[1]}-{r[3] or r[0]}" for r in RUNS]
)
def test_delivery_makes_no_difference(
    guest: Callable[[str], Path], board: str, name: str, properties: dict[str, str],
    cpu: str | None,
) -> None:
    kernel = guest(name)
    by_engine = run(board, kernel, properties, cpu, "native")
    by_python = run(board, kernel, properties, cpu, "python")
    assert by_engine[3], "the guest took no trap"
    for one, other in zip(by_engine[3], by_python[3], strict=False):
        assert one == other
    assert by_engine == by_python
