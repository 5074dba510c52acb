# SPDX-License-Identifier: GPL-2.0-or-later
"""Running the cases of tests/reference and keeping what they did."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vmm import Ledger, Machine, Outcome

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import Case


@dataclass(frozen=True)
class Run:
    """A finished run; if its test fails, the report shows the machine."""

    console: bytes
    outcome: Outcome
    instructions: int
    ledger: Ledger
    guest: Machine


RunCase = Callable[..., Run]


@pytest.fixture
def run_case(boot) -> RunCase:
    """Boot a case by the plug-in and run it to its end."""

    def run(
        case: Case, delivery: str = "native", intercept_all: bool = False, stepping: bool = False,
        hot_reads: bool = True,
    ) -> Run:
        # Single steps on a busy machine take long.
        guest = boot(case.board, kernel=case.kernel, cpu=case.cpu, properties=case.properties,
                     processors=case.processors, wall=900)
        console = bytearray()
        machine = guest.machine
        machine.console.sinks.append(console.extend)
        machine.traps.set_delivery("python" if delivery == "python" else "native")
        if intercept_all:
            machine.traps.intercept(range(768))
        machine.stepping = stepping
        machine.bus.hot_reads = hot_reads
        outcome = guest.run()
        return Run(bytes(console), outcome, guest.count, guest.ledger, guest)

    return run
