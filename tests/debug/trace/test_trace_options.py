# SPDX-License-Identifier: GPL-2.0-or-later
"""`--trace` and `-d` on the command line: what is written, and refusals of one line."""

from __future__ import annotations

import json

import pytest


def test_traces_and_topics_reach_their_files(vmm_command, guest, tmp_path) -> None:
    plain = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"))
    done = vmm_command(
        "run", "-M", "leon3", "-kernel", guest("sparc/hello"), "-d", "int,access",
        "-D", tmp_path / "log", "--ledger", tmp_path / "ledger",
        "--trace", f"jsonl:{tmp_path / 'all.jsonl'}",
        "--trace", f"jsonl,events=traps+console:{tmp_path / 'some.jsonl'}",
    )
    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, b"")
    log = (tmp_path / "log").read_text().splitlines()
    ledger = (tmp_path / "ledger").read_text().splitlines()
    assert [line for line in log if line.startswith("int: ")] == [f"int: {one}" for one in ledger]
    assert any(line.startswith("access: ") and " apbuart write " in line for line in log)
    every = [json.loads(line) for line in (tmp_path / "all.jsonl").open()]
    some = [json.loads(line) for line in (tmp_path / "some.jsonl").open()]
    assert [e for e in every if e["event"] in ("start", "trap", "console", "stop")] == some


@pytest.mark.parametrize(("trace", "words"), [
    ("chalk:x", "no format 'chalk'"),
    ("jsonl", "no file"),
    ("jsonl,loud=1:x", "its keys: events"),
    ("jsonl,events=:x", "'events=' is no KEY=VALUE"),
    ("jsonl,events=noise:x", "no events 'noise'; known: traps,"),
])
def test_a_trace_that_does_not_exist_is_wrong_usage(vmm_command, guest, trace, words) -> None:
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"), "--trace", trace)
    assert done.returncode == 2
    assert words in done.stderr.decode() and done.stderr.count(b"\n") == 1


def test_a_trace_that_cannot_be_written_is_a_failure(vmm_command, guest) -> None:
    trace = "jsonl:/nowhere/x.jsonl"
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"), "--trace", trace)
    assert done.returncode == 125
    assert done.stderr.startswith(b"vmm: --trace ") and done.stderr.count(b"\n") == 1


def test_help_lists_formats_and_topics(vmm_command) -> None:
    assert vmm_command("run", "--trace", "help").stdout.startswith(b"jsonl ")
    assert b"guest_errors" in vmm_command("run", "-d", "help").stdout


@pytest.mark.parametrize("option", [
    ["--trace", "jsonl:/dev/full"], ["--trace", "perfetto:/dev/full"],
    ["--trace", "folded:/dev/full"], ["--ledger", "/dev/full"], ["--stats", "/dev/full"],
])
def test_a_full_disk_is_named(vmm_command, guest, option) -> None:
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"), *option)
    assert done.returncode == 125
    assert done.stderr == b"vmm: /dev/full: no space left on device\n"
