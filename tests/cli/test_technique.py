# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm run --technique`: its options, its profile, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

GUESTS = Path(__file__).resolve().parents[2] / "build/guests"
HELLO = ("-M", "leon3", "-kernel", str(GUESTS / "sparc/hello.elf"))


def test_a_virtualized_guest_prints_what_the_bare_one_prints(vmm_command) -> None:
    bare = vmm_command("run", *HELLO)
    virtual = vmm_command("run", *HELLO, "--technique", "trap_and_emulate", "--shadow", "strict")
    assert virtual.stdout == bare.stdout
    assert virtual.returncode == bare.returncode == 0


def test_techniques_and_policies_are_listed(vmm_command) -> None:
    techniques = vmm_command("run", "--technique", "help")
    assert [line.split()[0] for line in techniques.stdout.decode().splitlines()] == [
        "assist", "trap_and_emulate", "translate", "previrt", "para"]
    policies = vmm_command("run", "--shadow", "help")
    assert [line.split()[0] for line in policies.stdout.decode().splitlines()] == [
        "strict", "lazy", "exposed", "nested"]


@pytest.mark.parametrize(("words", "said"), [
    (("--technique", "magic"), "unknown technique 'magic'"),
    (("--technique", "trap_and_emulate", "--shadow", "deep"), "unknown memory policy 'deep'"),
    (("--shadow", "lazy"), "--shadow needs --technique"),
    (("--profile", "-"), "--profile needs --technique"),
    (("--technique", "translate", "--trusted"), "--trusted goes with"),
    (("--assist-controls", "all"), "--assist-controls needs --technique"),
    (("--technique", "translate", "--assist-controls", "all"), "goes with --technique assist"),
    (("--technique", "assist", "--assist-controls", "halt,magic"), "no control 'magic' on sparc"),
])
def test_what_does_not_fit_is_one_line(vmm_command, words, said) -> None:
    done = vmm_command("run", *HELLO, *words)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_what_leaves_an_assisted_guest_is_named(vmm_command, tmp_path) -> None:
    listed = vmm_command("run", "-M", "leon3", "--assist-controls", "help").stdout.decode().split()
    assert {"all", "traps", "second-stage", "state-registers", "window_overflow"} <= set(listed)
    on_a_pc = vmm_command("run", "-M", "pc", "--assist-controls", "help").stdout.decode()
    assert {"flags", "#GP", "int_00 to int_ff"} <= set(on_a_pc.splitlines())
    assert len(on_a_pc.splitlines()) < 60
    bare, exits = vmm_command("run", *HELLO), {}
    for names in ("halt", "state-registers,devices", "all"):
        stats = tmp_path / names
        done = vmm_command("run", *HELLO, "--technique", "assist", "--assist-controls", names,
                           "--stats", str(stats))
        assert (done.stdout, done.returncode) == (bare.stdout, 0)
        found = json.loads(stats.read_text())["virtualization"]["exits"]
        exits[names] = sum(found.values())
        assert ("instruction" in found) == (names != "halt")
    assert exits["halt"] < exits["state-registers,devices"] < exits["all"]


def test_kernels_that_escape_traps_are_refused_unless_trusted(vmm_command) -> None:
    hello = ("-M", "pc", "-kernel", str(GUESTS / "x86/hello.elf"))
    done = vmm_command("run", *hello, "--technique", "trap_and_emulate")
    assert done.returncode == 2
    assert b"POPF" in done.stderr.upper()


def test_the_profile_names_places_and_remedies(vmm_command, tmp_path) -> None:
    profile, stats = tmp_path / "profile.json", tmp_path / "stats.json"
    done = vmm_command("run", *HELLO, "--technique", "trap_and_emulate",
                       "--profile", str(profile), "--stats", str(stats))
    assert done.returncode == 0
    sites = json.loads(profile.read_text())["sites"]
    rett = next(site for site in sites if "rett" in site["instruction"])
    assert rett["symbol"].startswith(f"{rett['pc']:08x} <trap_entry")
    assert rett["remedy"].startswith("translate")
    virtual = json.loads(stats.read_text())["virtualization"]
    assert sum(site["count"] for site in sites) == sum(virtual["exits"].values())
    assert virtual["emulated"]["rett"] == rett["count"]


def test_a_profile_that_cannot_be_written_is_said_before_the_guest_runs(vmm_command) -> None:
    done = vmm_command("run", *HELLO, "--technique", "trap_and_emulate", "--profile", "/nowhere/p")
    assert (done.returncode, done.stdout) == (125, b"")
    assert len(done.stderr.splitlines()) == 1


def test_the_shell_shows_a_virtualized_guest(vmm_command) -> None:
    kernel = ("-M", "pc", "-kernel", str(GUESTS / "x86/hello.elf"), "-serial", "none")
    done = vmm_command("shell", *kernel, "--technique", "translate", "--profile", "-",
                       "-e", "until main", "-e", "code start 1")
    assert done.returncode == 0
    assert b"  mov dword ptr [interrupts], 0" in done.stdout
    assert done.stderr.split()[:2] == [b"exits", b"us"]
    refused = vmm_command("shell", *kernel, "--shadow", "lazy", "-e", "info")
    assert refused.returncode == 2 and b"--shadow needs --technique" in refused.stderr
