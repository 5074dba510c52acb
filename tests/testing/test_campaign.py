# SPDX-License-Identifier: GPL-2.0-or-later
"""Campaigns: what is chosen, what comes of it, and that it does not depend on who does it."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from vmm import At, Machine
from vmm.state import snapshot
from vmm.testing import collect
from vmm.testing.campaign import spread, table
from vmm.testing.campaign.experiment import CampaignError, Experiments
from vmm.testing.campaign.plan import Class, Plan, Row, Space, choose
from vmm.testing.case import Limits

SUM = """
    .global start, middle
start:
    mov     r4, #5
    mov     r5, #0
middle:
1:  add     r5, r5, r4
    subs    r4, r4, #1
    bne     1b
    cmp     r5, #15
    bne     2f
    ldr     r0, =0x09000000
    mov     r1, #'o'
    str     r1, [r0]
2:  ldr     r1, =block
    mov     r0, #0x20
    svc     #0x123456
    .data
block: .word 0x20026, 0
"""

ECHO = """
    .global start
start:
    ldr     r4, =0x09000000
    mov     r0, #'?'
    str     r0, [r4]
1:  ldr     r0, [r4, #0x18]
    tst     r0, #0x10       @ FR.RXFE
    bne     1b
    ldr     r0, [r4]
    add     r0, r0, #1
    str     r0, [r4]
    cmp     r0, #'r'
    bne     1b
    ldr     r1, =block
    mov     r0, #0x20
    svc     #0x123456
    .data
block: .word 0x20026, 0
"""


def built(folder: Path, program: str) -> Path:
    """The guest of an assembly text."""
    source, result = folder / "guest.S", folder / "guest.elf"
    source.write_text(program)
    subprocess.run(["arm-none-eabi-gcc", "-nostdlib", "-Wl,-Ttext=0x40200000", "-Wl,-e,start",
                    "-o", result, source], check=True)
    return result


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A guest that adds 5+4+3+2+1 and prints `o` if that is 15."""
    case = replace(collect.guest(built(tmp_path, SUM)), limits=Limits(wall=20.0))
    return Plan(case, 60, seed=1, spaces=("r4", "r5"))


def rows(plan: Plan, jobs: int = 1) -> list[Row]:
    return sorted(spread.local(plan, jobs), key=lambda row: row.run)


def test_every_run_is_what_its_number_and_the_seed_say(plan) -> None:
    alone = rows(plan, 1)
    assert [row.run for row in alone] == list(range(60))
    assert rows(replace(plan, runs=90), 2)[:60] == alone
    experiments = Experiments(plan)
    assert experiments.run(41) == alone[41]
    assert experiments.run(3) == alone[3]
    other = rows(replace(plan, seed=2))
    assert [row.count for row in other] != [row.count for row in alone]


def test_classes_are_told_apart(plan) -> None:
    found = Counter(row.outcome for row in rows(plan))
    assert found[Class.SAME] > 5  # a flip behind the last use
    assert found[Class.OUTPUT] > 5  # a wrong sum
    assert found[Class.TIMEOUT] > 2  # r4 has grown large
    assert found[Class.ERROR] == 0
    wild = rows(replace(plan, spaces=("pc",), runs=16))
    crashed = [row for row in wild if row.outcome is Class.CRASH]
    assert crashed and all(row.ending == "crash" and row.new_traps for row in crashed)


def test_a_row_says_what_was_done_and_what_came_of_it(plan) -> None:
    for row in rows(plan):
        assert row.place in ("r4", "r5") and row.bit is not None and 0 <= row.bit < 32
        assert row.pc.endswith(">") or row.count is not None
        assert (row.line == 1) == (row.outcome in (Class.OUTPUT, Class.TIMEOUT))
        assert len(row.console) == 64


def test_a_flip_is_made_at_its_count_and_only_there(plan) -> None:
    """The machine just after the flip differs from the reference run's by one bit."""
    experiments = Experiments(plan)
    machine = experiments.machine
    bits = {name: register.bits for name, register in machine.registers.table.items()}
    for number in range(10):
        flip = choose(plan.seed, number, experiments.spaces, experiments.counts, bits)
        experiments._restore(experiments.marks[0])
        machine.machine.run(until=flip.count)
        assert machine.count == flip.count
        before = machine.registers.snapshot()
        experiments._invert(flip)
        after = machine.registers.snapshot()
        assert {n for n in before if before[n] != after[n]} == {flip.register}
        assert before[flip.register] ^ after[flip.register] == 1 << flip.bit


def test_memory_is_flipped_where_the_program_is(plan) -> None:
    experiments = Experiments(replace(plan, spaces=("memory",)))
    (space,) = experiments.spaces
    assert space.memory.start == 0x40200000 and 40 < len(space.memory) < 0x20000
    found = Counter(experiments.run(number).outcome for number in range(40))
    assert found[Class.SAME] and found[Class.ERROR] == 0
    small = Experiments(replace(plan, spaces=("memory:0x40200000:4",)))
    assert {small.run(number).place for number in range(30)} == {
        f"0x4020000{byte}" for byte in range(4)}


def test_choices_are_spread_over_everything() -> None:
    flips = [choose(0, run, [Space(("a", "b")), Space(memory=range(100, 102))], range(7, 9),
                    {"a": 1, "b": 64}) for run in range(400)]
    assert {flip.count for flip in flips} == {7, 8}
    assert {flip.place for flip in flips} == {"a", "b", "0x00000064", "0x00000065"}
    assert {flip.bit for flip in flips if flip.register == "a"} == {0}
    assert max(flip.bit for flip in flips if flip.register == "b") > 55


def test_inputs_vary_from_one_state(tmp_path: Path) -> None:
    """A guest that asks `?`, and answers each key with the next one until that is `r`."""
    case = replace(collect.guest(built(tmp_path, ECHO)), typed=b"abq", limits=Limits(wall=20.0))
    plan = Plan(case, 6, inputs=(b"abq", b"acq", b"ab"), after="?")
    experiments = Experiments(plan)
    found = [experiments.run(number) for number in range(plan.runs)]
    assert [row.outcome for row in found] == [Class.SAME, Class.OUTPUT, Class.TIMEOUT] * 2
    assert [row.line for row in found[:3]] == [None, 1, 1]
    assert found[3:] == [replace(row, run=row.run + 3) for row in found[:3]]


def test_runs_may_begin_with_a_snapshot_file(plan, tmp_path: Path) -> None:
    file = tmp_path / "middle.snapshot"
    with Machine("virt", kernel=plan.case.kernel) as machine:
        machine.run(At("middle"))
        middle = machine.count
        snapshot.save(snapshot.take(machine.machine), file)
    experiments = Experiments(replace(plan, case=collect.kept(file), snapshot=file))
    assert experiments.counts.start == middle > 0
    found = [experiments.run(number) for number in range(20)]
    assert min(row.count for row in found if row.count is not None) >= middle
    assert {row.outcome for row in found} >= {Class.SAME, Class.OUTPUT}
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=re.escape(str(file))):
        collect.kept(file)
    with pytest.raises(CampaignError, match=re.escape(str(file))):
        Experiments(replace(plan, snapshot=file))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spaces": ("r99",)}, "r99: write registers, control"),
        ({"spaces": ("memory:1",)}, "memory:1: write memory:START:SIZE"),
        ({"spaces": ("memory:0x10000000:4",)}, "has no memory there"),
        ({"after": "=> "}, "'=> ' is not printed: the guest ended itself"),
    ],
)
def test_what_cannot_be_is_one_line(plan, changes, message) -> None:
    with pytest.raises(CampaignError, match=message):
        Experiments(replace(plan, **changes))


def test_a_reference_run_that_fails_is_refused(plan) -> None:
    broken = replace(plan.case, statuses=frozenset({5}))
    with pytest.raises(CampaignError, match=r"fails with nothing changed: +got: the guest"):
        Experiments(replace(plan, case=broken))


def test_a_run_that_kills_its_worker_loses_no_other(plan, monkeypatch) -> None:
    import os

    run = Experiments.run

    def deadly(self: Experiments, number: int) -> Row:
        if number == 7:
            os.abort()
        return run(self, number)

    monkeypatch.setattr(Experiments, "run", deadly)
    found = rows(replace(plan, runs=12), 2)
    assert [row.run for row in found] == list(range(12))
    assert [row.run for row in found if row.outcome is Class.ERROR] == [7]


def test_tables(plan, tmp_path: Path) -> None:
    found = rows(replace(plan, runs=9))
    table.write(tmp_path / "t.csv", plan, list(reversed(found)))
    table.write(tmp_path / "t.json", plan, found)
    with (tmp_path / "t.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    document = json.loads((tmp_path / "t.json").read_text())
    assert [int(line["run"]) for line in lines] == list(range(9))
    assert [line["outcome"] for line in lines] == [row["outcome"] for row in document["rows"]]
    assert document["classes"] == table.counts(found)
    assert sum(document["classes"].values()) == 9


def test_dask_makes_the_same_table(plan) -> None:
    from distributed import LocalCluster

    small = replace(plan, runs=8)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None,
                      processes=True) as cluster:
        found = sorted(spread.dask(small, cluster.scheduler_address), key=lambda row: row.run)
    assert found == rows(small)


def test_command(vmm_command, plan, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    done = vmm_command("campaign", plan.case.kernel, "--runs", "20", "--seed", "4",
                       "--flip", "registers,memory", "--table", file, "-j", "2")
    assert (done.returncode, done.stderr) == (0, b"")
    last = done.stdout.decode().splitlines()[-1]
    assert last.startswith("20 runs: ")
    assert len(file.read_text().splitlines()) == 21


@pytest.mark.parametrize(
    ("arguments", "status", "named"),
    [
        (("--runs", "5"), 2, "--flip or --inputs"),
        (("--flip", "r99"), 2, "--flip r99: write registers"),
        (("--flip", "r4", "--dask", "tcp://127.0.0.1:1"), 125, "tcp://127.0.0.1:1"),
        (("--inputs", "/no/file"), 125, "/no/file"),
        (("--flip", "r4", "--table", "/no/file"), 125, "/no/file"),
        (("--flip", "r4", "-k", "lunch"), 2, "selects no test"),
        (("--flip", "r4", "--snapshot", "/no/file"), 125, "/no/file"),
    ],
)
def test_wrong_usage_is_one_line(vmm_command, plan, arguments, status, named) -> None:
    done = vmm_command("campaign", plan.case.kernel, *arguments)
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.count(b"\n") == 1 and named in done.stderr.decode()
