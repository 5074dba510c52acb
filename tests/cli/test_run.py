# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm run` with guests that behave: console, statistics, ledger, scripts, input, limits."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time

import pytest

BOARDS = {"leon3": "sparc", "virt": "arm", "pc": "x86"}
ALL = pytest.mark.parametrize("board", BOARDS)
# What a guest that succeeded exits with: port 0xf4 makes (0 << 1) | 1 of 0, as QEMU's.
SUCCESS = {"leon3": 0, "virt": 0, "pc": 1}


@ALL
def test_hello_prints_on_stdout_only_and_exits_0(vmm_command, guest, board) -> None:
    done = vmm_command("run", "-M", board, "-kernel", guest(f"{BOARDS[board]}/hello"), "-nographic")
    assert done.returncode == SUCCESS[board]
    assert done.stderr == b""
    assert b"ello" in done.stdout.partition(b"\n")[0]


def test_serial_file_and_none(vmm_command, guest, tmp_path) -> None:
    kernel = guest("sparc/hello")
    there = vmm_command("run", "-M", "leon3", "-kernel", kernel)
    console = tmp_path / "console"
    filed = vmm_command("run", "-M", "leon3", "-kernel", kernel, "-serial", f"file:{console}")
    assert (filed.returncode, filed.stdout) == (0, b"")
    assert console.read_bytes() == there.stdout
    silent = vmm_command("run", "-M", "leon3", "-kernel", kernel, "-serial", "none")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, b"", b"")


@ALL
def test_statistics_and_ledger_agree(vmm_command, guest, board, tmp_path) -> None:
    stats, ledger = tmp_path / "stats.json", tmp_path / "ledger"
    done = vmm_command("run", "-M", board, "-kernel", guest(f"{BOARDS[board]}/traps"),
                       "--stats", stats, "--ledger", ledger)
    assert done.returncode == SUCCESS[board], done.stderr
    report = json.loads(stats.read_text())
    lines = [line.split() for line in ledger.read_text().splitlines()]
    assert report["status"] == SUCCESS[board] and report["ending"] == "exit"
    assert len(lines) == sum(report["traps"].values()) > 100
    counts = [int(line[0]) for line in lines]
    assert counts == sorted(counts)
    assert counts[-1] <= report["instructions"]
    by_name: dict[str, int] = {}
    for line in lines:
        name = line[1].rpartition("(")[0]
        by_name[name] = by_name.get(name, 0) + 1
    assert by_name == report["traps"]


def test_d_int_reports_every_trap(vmm_command, guest, tmp_path) -> None:
    log, ledger = tmp_path / "log", tmp_path / "ledger"
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/timers"), "-d", "int",
                       "-D", log, "--ledger", ledger)
    assert (done.returncode, done.stderr) == (0, b"")
    assert log.read_text() == "".join(f"int: {line}" for line in ledger.open())
    assert "interrupt_level_" in log.read_text()


@ALL
@pytest.mark.parametrize("how", [("--intercept", "all"), ("--delivery", "python")])
def test_intercepts_and_python_delivery_change_nothing(
    vmm_command, guest, board, how, tmp_path
) -> None:
    kernel = guest(f"{BOARDS[board]}/traps")
    plain, other = tmp_path / "plain", tmp_path / "other"
    first = vmm_command("run", "-M", board, "-kernel", kernel, "--ledger", plain)
    second = vmm_command("run", "-M", board, "-kernel", kernel, "--ledger", other, *how)
    assert second.returncode == first.returncode == SUCCESS[board], second.stderr
    assert second.stdout == first.stdout
    assert other.read_text() == plain.read_text()


SCRIPT_WAITS = 'expect "no guest prints this"\n'


def test_script_that_never_matches(vmm_command, guest, tmp_path) -> None:
    script = tmp_path / "script"
    script.write_text(SCRIPT_WAITS)
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("sparc/hello"), "--script", script)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"line 1" in done.stderr and b"no guest prints this" in done.stderr
    spin = guest("hostile/sparc/spin")
    late = vmm_command("run", "-M", "leon3", "-kernel", spin, "--script", script,
                       "--timeout", "0.01")
    assert late.returncode == 124
    assert b"line 1" in late.stderr


def test_script_ending_in_expect_ends_the_run(vmm_command, guest, tmp_path) -> None:
    script = tmp_path / "script"
    script.write_text('# a comment\nexpect "xxxx"\n')
    done = vmm_command("run", "-M", "leon3", "-kernel", guest("hostile/sparc/flood"),
                       "--script", script, "--wall-timeout", 60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 130, b"vmm: interrupted\n"), (signal.SIGTERM, 143, b"vmm: terminated\n")])
def test_a_signal_ends_the_run_with_one_line_and_its_files(
    guest, tmp_path, number, status, said
) -> None:
    stats = tmp_path / "stats.json"
    with subprocess.Popen(
        [sys.executable, "-m", "vmm", "run", "-M", "leon3", "-kernel",
         str(guest("hostile/sparc/flood")), "--wall-timeout", "60", "--stats", stats],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)  # it runs
        process.send_signal(number)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == status
    assert complaint == said
    assert json.loads(stats.read_text())["status"] == status


@pytest.fixture
def terminal():
    """A pseudo-terminal: (our end, the program's end)."""
    ours, theirs = os.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def read_until(descriptor: int, text: bytes, seconds: float = 60) -> bytes:
    seen = b""
    limit = time.monotonic() + seconds
    while text not in seen and (left := limit - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            seen += os.read(descriptor, 65536)
    return seen


def test_ctrl_a_x_quits_and_the_terminal_is_restored(guest, terminal) -> None:
    import termios

    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    with subprocess.Popen(
        [sys.executable, "-m", "vmm", "run", "-M", "leon3", "-kernel",
         str(guest("hostile/sparc/flood")), "--wall-timeout", "60"],
        stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
    ) as process:
        assert b"xxx" in read_until(ours, b"xxx")
        raw = termios.tcgetattr(theirs)
        assert not raw[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        os.write(ours, b"\x03\x01x")  # Ctrl-C is the guest's; Ctrl-A x is ours
        while process.poll() is None:  # a terminal that nobody reads would block it
            if select.select([ours], [], [], 0.1)[0]:
                os.read(ours, 65536)
        assert process.stderr is not None
        complaint = process.stderr.read()
    assert process.returncode == 130
    assert complaint == b"vmm: quit (Ctrl-A x)\n"
    assert termios.tcgetattr(theirs) == before


def test_live_line_on_a_terminal(guest, terminal) -> None:
    ours, theirs = terminal
    with subprocess.Popen(
        [sys.executable, "-m", "vmm", "run", "-M", "leon3", "-kernel",
         str(guest("hostile/sparc/spin")), "--wall-timeout", "60"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
    ) as process:
        seen = read_until(ours, b"traps/s")
        process.send_signal(signal.SIGINT)
        ended = read_until(ours, b"interrupted")
        process.wait(timeout=60)
    assert b"MIPS" in seen and b"s virtual" in seen and b"traps/s" in seen
    # The line is taken away before the diagnosis.
    assert b"\r\x1b[Kvmm: interrupted" in ended


def test_a_run_imports_nothing_of_what_it_was_not_asked_for(guest) -> None:
    """Starting takes as long as its imports."""
    spared = {"capstone", "vmm.monitor", "vmm.state.snapshot", "vmm.devices.virtio.net",
              "vmm.debug.trace.perfetto"}
    program = f"""
import sys
from vmm.cli.main import main
main(["run", "-M", "leon3", "-kernel", {str(guest("sparc/hello"))!r}])
print(*({spared} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stderr == b"\n"
