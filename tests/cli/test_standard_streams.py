# SPDX-License-Identifier: GPL-2.0-or-later
"""Standard streams that are closed, full or left by their reader; devices where files belong."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    "--version", "--help", "run -M help", "completion bash", "demo --guest hello",
    "run -M leon3 -kernel build/guests/sparc/hello.elf",
    "shell -M leon3 -kernel build/guests/sparc/hello.elf -e run",
)


def sh(redirection: str, command: str, unbuffered: str = "") -> subprocess.CompletedProcess[str]:
    """`vmm COMMAND` with its streams as a POSIX shell redirects them."""
    return subprocess.run(
        ["sh", "-c", f"{shlex.quote(sys.executable)} -m vmm {command} {redirection}"], text=True,
        timeout=60, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_cannot_be_written_is_one_line(command: str) -> None:
    for unbuffered in ("", "1"):
        full = sh(">/dev/full", command, unbuffered)
        assert full.stderr == "vmm: standard output: no space left on device\n"
        assert full.returncode == 125


@pytest.mark.parametrize("command", COMMANDS)
def test_closed_output_is_one_line(command: str) -> None:
    closed = sh(">&-", command)
    assert closed.stderr == "vmm: standard output: bad file descriptor\n"
    assert closed.returncode == 125


def test_closed_input_and_closed_messages_do_not_matter() -> None:
    hello = "run -M leon3 -kernel build/guests/sparc/hello.elf"
    whole = sh("", hello)
    assert whole.returncode == 0
    for redirection in ("<&-", "2>&-", "<&- 2>&-"):
        done = sh(redirection, hello)
        assert (done.returncode, done.stdout) == (0, whole.stdout)
    assert sh("2>&-", "run -M leon3 -kernel /nowhere").returncode == 125


def test_a_file_is_not_opened_in_place_of_a_closed_stream(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    done = sh(">&- 2>&-", f"run -M leon3 -kernel build/guests/sparc/traps.elf --ledger {ledger}")
    assert done.returncode == 125
    assert "==" not in ledger.read_text()  # which the guest prints


@pytest.mark.parametrize("option", ["-serial file:", "--ledger ", "--record ", "--stats "])
def test_a_full_disk_is_named(option: str) -> None:
    done = sh("<build/guests/sparc/traps.elf",
              f"run -M leon3 -kernel build/guests/sparc/traps.elf {option}/dev/full")
    assert done.stderr == "vmm: /dev/full: no space left on device\n"
    assert done.returncode == 125


def test_a_snapshot_replaces_no_device_and_no_link(tmp_path: Path) -> None:
    command = "run -M leon3 -kernel build/guests/sparc/hello.elf --save-snapshot"
    done = sh("", f"{command} /dev/null")
    assert (done.returncode, done.stderr) == (125, "vmm: /dev/null: not a regular file\n")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert done.stdout == ""  # refused before the guest ran
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(file)
    assert sh("", f"{command} {link}").returncode == 0
    assert link.is_symlink() and file.stat().st_size > 1000


def test_an_interrupt_does_not_print_a_line_twice() -> None:
    """Between the system's call and its answer's arrival no code in Python may be interrupted."""
    program = ("import io, sys; from vmm.cli import streams; streams.complete(); "
               "buffer = sys.stdout.buffer; print(type(buffer) is io.BufferedWriter, "
               "type(buffer.raw) is io.FileIO)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.stdout == "True True\n", done.stderr
