# SPDX-License-Identifier: GPL-2.0-or-later
"""nucleus: what it prints depends neither on the board's time nor on what ran before."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from cases import CASES, GUESTS, Case

QUICK = [case for case in CASES if case.name.endswith("-nucleus-quick")]
STORMS = ("compute", "syscalls", "switches", "forks", "io", "boot")
EVERY = pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
# The LEON3 passes no command line.
COMMANDED = pytest.mark.parametrize(
    "case", [case for case in QUICK if case.board != "leon3"], ids=lambda case: case.name)


def checksums(console: bytes) -> dict[str, str]:
    """Each workload and the checksum it printed, and `memory`."""
    return dict(re.findall(r"^(\w+) +([0-9a-f]{8})$", console.decode(), re.MULTILINE))


def printed(boot, case: Case, append: str) -> dict[str, str]:
    """Checksums of the kernel with a command line."""
    kernel = GUESTS / f"{case.guest.removesuffix('-quick')}.elf"
    guest = boot(case.board, kernel=kernel, cpu=case.cpu, append=append)
    outcome = guest.run()
    assert outcome.status == case.status, outcome
    return checksums(guest.output.encode())


@EVERY
def test_every_workload_prints_a_checksum(case: Case) -> None:
    assert set(checksums(case.recorded.read_bytes())) == {*STORMS, "memory"}


def test_the_checksums_of_workloads_are_the_same_on_every_processor() -> None:
    found = [checksums(case.recorded.read_bytes()) for case in QUICK]
    assert all({**one, "memory": ""} == {**found[0], "memory": ""} for one in found)


@COMMANDED
def test_a_workload_alone_prints_what_it_prints_among_the_others(boot, case: Case) -> None:
    among = checksums(case.recorded.read_bytes())
    for name in STORMS:
        alone = printed(boot, case, f"storm={name} rounds=1")
        assert alone.keys() == {name, "memory"}
        assert alone[name] == among[name]


@EVERY
@pytest.mark.parametrize("tick", [61, 138, 179, 450])
def test_nothing_printed_depends_on_where_preemption_strikes(boot, case: Case, tick: int) -> None:
    guest = boot(case.board, kernel=case.kernel, cpu=case.cpu)
    length = tick.to_bytes(4, guest.machine.processor.byteorder)
    assert guest.machine.bus.write_memory(guest.address("tick_length"), length)
    guest.run()
    assert guest.output.encode() == case.recorded.read_bytes()


@COMMANDED
def test_an_unknown_workload_is_refused_in_one_line(boot, case: Case) -> None:
    kernel = GUESTS / f"{case.guest.removesuffix('-quick')}.elf"
    guest = boot(case.board, kernel=kernel, cpu=case.cpu, append="storm=tea")
    guest.run()
    assert guest.output == f"nucleus: no such storm; there are: all {' '.join(STORMS)}\n"


@EVERY
def test_the_paravirtual_kernel_refuses_a_bare_machine_in_one_line(boot, case: Case) -> None:
    kernel = GUESTS / f"{case.guest.removesuffix('-quick')}-para.elf"
    guest = boot(case.board, kernel=kernel, cpu=case.cpu)
    guest.run()
    assert guest.output == "nucleus: built for a hypervisor, and there is none\n"
