# SPDX-License-Identifier: GPL-2.0-or-later
"""Booting guests in this process and keeping what they did."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import Case

WALL_LIMIT = 120.0  # seconds: far more than any guest takes


@dataclass(frozen=True)
class Run:
    """A finished run."""

    console: bytes
    ledger: list[tuple[int, int, int, int, int]]
    instructions: int
    outcome: Outcome
    machine: Machine

    @property
    def ledger_hash(self) -> str:
        return hashlib.sha256(repr(self.ledger).encode()).hexdigest()


Boot = Callable[..., Run]


def run_case(
    case: Case, delivery: str = "native", intercept_all: bool = False, stepping: bool = False,
    hot_reads: bool = True,
) -> Run:
    """Boot a case to its end."""
    if not case.kernel.is_file():
        pytest.fail(f"{case.kernel} is not built: run `make guests`")
    machine = create(
        Options(case.board, properties=case.properties, cpu=case.cpu, kernel=case.kernel)
    )
    console = bytearray()
    ledger: list[tuple[int, int, int, int, int]] = []
    machine.console.sinks.append(console.extend)
    machine.record_ledger(ledger.extend)
    machine.set_delivery("python" if delivery == "python" else "native")
    if intercept_all:
        machine.intercept(range(768))
    machine.stepping = stepping
    machine.bus.hot_reads = hot_reads
    machine.limit_time(None, WALL_LIMIT)
    outcome = machine.run()
    return Run(bytes(console), ledger, machine.engine.count, outcome, machine)


@pytest.fixture
def boot() -> Boot:
    return run_case
