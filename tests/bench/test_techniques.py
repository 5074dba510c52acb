# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm bench techniques`: which cases there are, what they are compared with, and a run."""

from __future__ import annotations

import json

import pytest

from vmm.bench import techniques
from vmm.bench.rows import PLATFORMS, BenchError
from vmm.bench.techniques import BARE, CASES, Case, Measured, bare_of, ratio, select


def test_every_architecture_runs_every_workload_bare_and_virtualized() -> None:
    for platform in PLATFORMS.values():
        for workload in techniques.WORKLOADS:
            ways = {c.technique for c in CASES if (c.platform, c.workload) == (platform, workload)}
            assert {BARE, "assist", "translate", "previrt", "para"} <= ways
            assert ("trap_and_emulate" in ways) == (platform.architecture == "sparc")


def test_patterns_narrow_each_other_and_the_bare_run_comes_along() -> None:
    names = [case.name for case in select(["x86", "forks", "translate", "[sl]*"])]
    assert names == ["x86/forks/bare", "x86/forks/translate/strict", "x86/forks/translate/lazy"]
    assert [case.name for case in select(["arm/io/bare"])] == ["arm/io/bare"]
    with pytest.raises(BenchError, match="no case matches x86 and trap_and_emulate"):
        select(["x86", "trap_and_emulate"])


def test_a_ratio_is_of_medians_and_a_failure_has_none() -> None:
    arm = PLATFORMS["arm"]
    bare = Measured(Case(arm, "io", BARE, None), [1.0, 9.0, 2.0])
    one = Measured(Case(arm, "io", "translate", "lazy"), [3.0, 3.0, 30.0])
    other = Measured(Case(arm, "boot", BARE, None), [5.0])
    assert bare_of(one, [other, bare, one]) is bare
    assert ratio(one, bare) == 1.5
    one.problem = "no end"
    assert ratio(one, bare) is None


def test_cases_are_run_and_told(vmm_command, tmp_path) -> None:
    file = tmp_path / "techniques.json"
    done = vmm_command("bench", "techniques", "--rows", "sparc/boot/trap_and_emulate/lazy",
                       "--repeat", "1", "--json", str(file))
    assert done.returncode == 0, done.stderr
    bare, virtual = json.loads(file.read_text())["cases"]
    assert (bare["technique"], bare["ratio"], bare["virtualization"]) == (BARE, 1.0, {})
    assert virtual["instructions"] == bare["instructions"]
    assert virtual["virtualization"]["emulated"]["rett"] > 0
    assert virtual["ratio"] > 0


def test_wrong_use_is_one_line(vmm_command) -> None:
    for words in (("--alone",), ("--rows", "magic")):
        done = vmm_command("bench", "techniques", *words)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
