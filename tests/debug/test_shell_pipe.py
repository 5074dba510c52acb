# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm shell` without a terminal: pipes, files and -e; output, errors and exit status."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

BOARDS = {"leon3": "sparc", "virt": "arm", "pc": "x86"}
ALL = pytest.mark.parametrize("board", BOARDS)


@ALL
def test_commands_come_from_a_pipe_and_the_console_appears_between(
    vmm_command, guest, board
) -> None:
    kernel = guest(f"{BOARDS[board]}/hello")
    printed = vmm_command("run", "-M", board, "-kernel", kernel).stdout
    script = b"print 6 * 7\nrun\nprint $count > 100\n"
    done = vmm_command("shell", "-M", board, "-kernel", kernel, input=script)
    assert (done.returncode, done.stderr) == (0, b"")
    before, after = done.stdout.split(printed)
    assert before == b"42 = 0x2a\n"
    lines = after.decode().splitlines()
    assert len(lines) == 3 and lines[1].startswith("=> ") and lines[2] == "1 = 0x1"
    again = vmm_command("shell", "-M", board, "-kernel", kernel, input=script)
    assert again.stdout == done.stdout


def test_a_command_that_fails_ends_it_with_one_line(vmm_command, guest, tmp_path) -> None:
    options = ("-M", "leon3", "-kernel", guest("sparc/hello"))
    done = vmm_command("shell", *options, input=b"print 1\nfrobnicate\nprint 3\n")
    assert (done.returncode, done.stdout) == (1, b"1 = 0x1\n")
    assert done.stderr == b"vmm: stdin:2: no command 'frobnicate'; help lists them\n"
    commands = tmp_path / "commands"
    commands.write_text("# a comment\n\nprint 1\nprint lunch\n")
    done = vmm_command("shell", *options, "-x", commands)
    assert (done.returncode, done.stdout) == (1, b"1 = 0x1\n")
    assert done.stderr.decode() == f"vmm: {commands}:4: no register or symbol 'lunch'\n"
    done = vmm_command("shell", *options, "-e", "print lunch")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1 and b"-e" in done.stderr


def test_files_and_e_are_done_in_their_order_and_stdin_is_not_read(
    vmm_command, guest, tmp_path
) -> None:
    commands = tmp_path / "commands"
    commands.write_text("print 2\n")
    done = vmm_command(
        "shell", "-M", "leon3", "-kernel", guest("sparc/hello"),
        "-e", "print 1", "-x", commands, "-e", "print 3", "-e", "quit 7", "-e", "print 4",
        input=b"print 5\n",
    )
    assert (done.returncode, done.stderr) == (7, b"")
    assert done.stdout == b"1 = 0x1\n2 = 0x2\n3 = 0x3\n"


def test_wrong_usage_is_status_2(vmm_command, guest, tmp_path) -> None:
    options = ("-M", "leon3", "-kernel", guest("sparc/hello"))
    no_board = vmm_command("shell", "-e", "step")
    memory = vmm_command("shell", *options, "--history", "lots")
    twice = vmm_command("shell", "one", "--snapshot", "other")
    breaks = vmm_command("run", *options, "--break", "main")
    for done in (no_board, breaks, memory, twice):
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"vmm: ")
    assert b"vmm shell -e" in breaks.stderr
    assert memory.stderr.startswith(b"vmm: --history lots: not an amount of memory")


def test_files_of_commands_that_cannot_be_read_are_status_125(vmm_command, guest, tmp_path) -> None:
    options = ("-M", "leon3", "-kernel", guest("sparc/hello"))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for file, said in ((tmp_path / "none", "no such file or directory"), (binary, "not text")):
        done = vmm_command("shell", *options, "-x", file)
        assert (done.returncode, done.stdout) == (125, b"")
        assert done.stderr.decode() == f"vmm: -x {file}: {said}\n"


def test_a_guest_that_has_ended_has_ended(vmm_command, guest) -> None:
    done = vmm_command("shell", "-M", "leon3", "-kernel", guest("sparc/hello"), "-serial", "none",
                       "-e", "run", "-e", "run")
    assert (done.returncode, done.stderr) == (0, b"")
    first, second = done.stdout.decode().splitlines()[::2]
    assert first == second and first.startswith("the guest ended itself (ta 0) with status 0")


def test_ctrl_c_ends_it_with_130(guest) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "vmm", "shell", "-M", "leon3", "-kernel",
         str(guest("hostile/sparc/flood")), "-e", "run", "-e", "print 1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)  # it runs
        process.send_signal(signal.SIGINT)
        printed, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (130, b"vmm: interrupted\n")
    assert b"1 = 0x1" not in printed


def test_statistics_are_written(vmm_command, guest, tmp_path) -> None:
    stats = tmp_path / "stats.json"
    done = vmm_command("shell", "-M", "leon3", "-kernel", guest("sparc/hello"), "--stats", stats,
                       "-e", "step 10")
    assert done.returncode == 0
    assert '"instructions": 10' in stats.read_text()
