# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong words on the command line: status 2, one line on stderr that names them, no stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.cli.main import COMMANDS, main

KERNEL = "build/guests/sparc/hello.elf"

WRONG = [
    ((), "which command"),
    (("frobnicate",), "frobnicate"),
    (("run",), "which board"),
    (("run", "-M", "toaster", "-kernel", KERNEL), "toaster"),
    (("run", "-M", "leon3"), "nothing to run"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--frob"), "--frob (see vmm run --help)"),
    (("frobnicate", "--frob"), "(see vmm --help)"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-cpu", "z80"), "z80"),
    (("run", "-M", "virt", "-kernel", KERNEL, "-cpu", "leon3"), "leon3"),
    (("run", "-M", "leon3,colour=red", "-kernel", KERNEL), "colour"),
    (("run", "-M", "leon3,colour", "-kernel", KERNEL), "colour"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-m", "lots"), "lots"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-m", "0"), "-m 0"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-m", "99G"), "99G"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-m", "1K"), "1K"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-m", "2G"), "1024 MiB"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-d", "gossip"), "gossip"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--intercept", "lunch"), "lunch"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--intercept", "9999"), "9999"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-serial", "pigeon"), "pigeon"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-debugcon", "pigeon"), "debug port"),
    (("run", "-M", "pc", "-kernel", "build/guests/x86/hello.elf", "-debugcon", "pigeon"),
     "-debugcon pigeon"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-boot", "menu=on"), "boot menu"),
    (("run", "-M", "pc", "-bios", KERNEL, "-boot", "order=c"), "order=c"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-append", "quiet"), "no -append"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-cpu", ""), "-cpu: which?"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--timeout", "-1"), "--timeout: '-1' is not a"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--timeout", "nan"), "'nan' is not a number of sec"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--timeout", "soon"), "soon"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--trace", "jsonl,events=x:f"), "no events 'x'"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-d", "exec", "-dfilter", "5..1"), "no range of"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-object", "rng-egd,id=r"), "no 'rng-egd'"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-object", "rng-random"), "id=NAME"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "-device", "virtio-net-device,netdev=n"),
     "netdev=n: no -netdev has that id"),
    (("bench", "--repeat", "0"), "'0' is not a number from 1 to 1000"),
    (("test", KERNEL, "-j", "many"), "'many' is not a number from 1 to 1000"),
    (("campaign", KERNEL, "--flip", "luck"), "--flip luck: write registers"),
    (("run", "-M", "leon3", "-kernel", ""), "an empty name"),
    (("campaign", KERNEL, "--runs", "0"), "'0' is not a number from 1 to 1000000"),
    (("campaign", KERNEL, "--patience", "0.5"), "'0.5' is not a number from 1"),
    (("run", "-M", "leon3", "-kernel", KERNEL, "--delivery", "dove"), "dove"),
]


@pytest.mark.parametrize(("arguments", "named"), WRONG, ids=lambda value: str(value)[:60])
def test_is_status_2_and_one_line(vmm_command, arguments, named) -> None:
    done = vmm_command(*arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("vmm: ")
    assert named in lines[0]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("run", "-M", "help"), b"leon3"),
        (("run", "-M", "virt", "-cpu", "help"), b"cortex-a15"),
        (("run", "-M", "leon3", "-cpu", "help"), b"leon3"),
        (("run", "-M", "pc", "-cpu", "help"), b"486"),
        (("run", "-d", "help"), b"guest_errors"),
        (("run", "-M", "leon3", "--intercept", "help"), b"window_overflow"),
        (("--version",), b"vmm 0.1.0 (unicorn 2.1.4, build id 4"),
        (("run", "--help"), b"examples:"),
        (("--help",), b"exit status:"),
        (("--help",), b"run"),
    ],
)
def test_lists_are_on_stdout(vmm_command, arguments, shown) -> None:
    done = vmm_command(*arguments)
    assert done.returncode == 0
    assert shown in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize(
    "command", ["test KERNEL --junit", "campaign KERNEL --flip registers --table",
                "bench --rows sparc/compute --alone --json", "bench linux --json"])
def test_results_without_a_place_are_refused_before_the_work(vmm_command, command, tmp_path):
    done = vmm_command(*command.replace("KERNEL", KERNEL).split(), tmp_path)
    assert (done.returncode, done.stdout) == (125, b"")
    assert done.stderr.decode() == f"vmm: {tmp_path}: is a directory\n"


def test_output_files_that_cannot_be_made_are_named(vmm_command, tmp_path: Path) -> None:
    for option in ("--stats", "--ledger", "-D"):
        path = tmp_path / "no" / "file"
        done = vmm_command("run", "-M", "leon3", "-kernel", KERNEL, option, path)
        assert done.returncode == 125
        assert str(path).encode() in done.stderr
        assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("columns", [60, 200])
def test_help_is_readable_and_complete(monkeypatch, capsys, columns) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in ("", *COMMANDS):
        assert main([*command.split(), "--help"]) == 0
        text, complaint = capsys.readouterr()
        assert complaint == ""
        assert text.startswith(f"usage: vmm {command}".rstrip())
        assert "exit status" in text or command in ("completion", "switch")
        assert max(map(len, text.splitlines())) <= 110
        assert ", --cpu" not in text  # an option is named once; both spellings are taken


def test_an_instruction_that_is_not_classified_is_named_at_once(vmm_command) -> None:
    done = vmm_command("theorem", "-cpu", "qemu32", "--instruction", "popg")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"vmm: qemu32 has no instruction 'popg'")
    assert b"popf" in done.stderr
