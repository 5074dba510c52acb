# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that misbehave (guests/hostile): each its documented status and one clear diagnosis."""

from __future__ import annotations

import json
import time

import pytest

BOARDS = {"leon3": "sparc", "virt": "arm", "pc": "x86"}
ALL = pytest.mark.parametrize("board", BOARDS)

CRASHES = [
    ("leon3", "nowhere", "error mode", "instruction_access_exception", "70000000"),
    ("leon3", "unmapped", "error mode", "data_access_exception", "ld "),
    ("leon3", "error_mode", "error mode", "illegal_instruction", "unimp"),
    ("virt", "nowhere", "unhandled prefetch_abort at 30000000", "ifar  30000000", "vectors"),
    ("virt", "unmapped", "unhandled data_abort at 40200004", "dfar  30000000", "vectors"),
    ("pc", "triple_fault", "shutdown", "triple fault", "ud2"),
    ("pc", "nowhere", "shutdown", "triple fault", "70000000"),
]


@pytest.mark.parametrize(("board", "name", "first", "also", "where"), CRASHES)
def test_crash_is_status_120_with_a_diagnosis(
    vmm_command, guest, board, name, first, also, where
) -> None:
    kernel = guest(f"hostile/{BOARDS[board]}/{name}")
    done = vmm_command("run", "-M", board, "-kernel", kernel, "--wall-timeout", 30)
    report = done.stderr.decode()
    assert done.returncode == 120, report
    assert done.stdout == b""
    lines = report.splitlines()
    assert lines[0].startswith("vmm: ") and first in lines[0]
    assert sum(line.startswith("vmm: ") for line in lines) == 1
    assert also in report
    assert where in report
    assert "Traceback" not in report


def test_crash_report_shows_the_last_traps_of_a_ledger(vmm_command, guest, tmp_path) -> None:
    ledger = tmp_path / "ledger"
    done = vmm_command("run", "-M", "virt", "-kernel", guest("hostile/arm/unmapped"),
                       "--ledger", ledger)
    assert done.returncode == 120
    recorded = ledger.read_text().splitlines()
    assert len(recorded) == 1
    count, name, pc, _ = recorded[0].split()
    assert int(count) > 0 and name.startswith("data_abort") and pc == "40200004"
    assert b"last traps" in done.stderr
    assert b"40200004 <start+0x4>" in done.stderr


@ALL
def test_loop_with_interrupts_off_reaches_the_virtual_limit(vmm_command, guest, board, tmp_path):
    kernel = guest(f"hostile/{BOARDS[board]}/spin")
    counts = set()
    for _ in range(2):
        stats = tmp_path / "stats"
        done = vmm_command("run", "-M", board, "-kernel", kernel, "--timeout", "0.02",
                           "--stats", stats)
        assert done.returncode == 124
        assert done.stderr.startswith(b"vmm: virtual time limit of 0.02 s")
        assert b"<start" in done.stderr
        assert done.stderr.count(b"\n") == 1
        report = json.loads(stats.read_text())
        assert report["virtual_seconds"] == pytest.approx(0.02, abs=1e-6)
        counts.add(report["instructions"])
    assert len(counts) == 1


@ALL
def test_loop_with_interrupts_off_reaches_the_wall_clock_limit(vmm_command, guest, board):
    started = time.monotonic()
    kernel = guest(f"hostile/{BOARDS[board]}/spin")
    done = vmm_command("run", "-M", board, "-kernel", kernel, "--wall-timeout", "0.3")
    assert done.returncode == 124
    assert done.stderr.startswith(b"vmm: wall-clock limit of 0.3 s")
    assert time.monotonic() - started < 30


@ALL
def test_console_flood_is_delivered_and_ends_at_the_limit(vmm_command, guest, board, tmp_path):
    console = tmp_path / "console"
    stats = tmp_path / "stats"
    kernel = guest(f"hostile/{BOARDS[board]}/flood")
    done = vmm_command("run", "-M", board, "-kernel", kernel, "--timeout", "0.001",
                       "-serial", f"file:{console}", "--stats", stats, "--wall-timeout", 60)
    assert done.returncode == 124
    assert done.stdout == b""
    printed = console.read_bytes()
    assert len(printed) > 100
    assert set(printed) == {ord("x")}


@ALL
def test_flood_into_a_pipe_that_closes_is_no_traceback(vmm_command, guest, board) -> None:
    import subprocess
    import sys

    kernel = guest(f"hostile/{BOARDS[board]}/flood")
    with subprocess.Popen(
        [sys.executable, "-m", "vmm", "run", "-M", board, "-kernel", str(kernel),
         "--wall-timeout", "60"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(100) == b"x" * 100
        process.stdout.close()
        complaint = process.stderr.read().decode()
        status = process.wait(timeout=60)
    assert status == 125
    assert complaint == "vmm: nobody reads the console any more\n"


def test_unmapped_memory_of_a_pc_reads_all_ones(vmm_command, guest) -> None:
    done = vmm_command("run", "-M", "pc", "-kernel", guest("hostile/x86/unmapped"))
    assert done.returncode == 7, done.stderr.decode()
    assert done.stderr == b""


def test_d_unimp_names_what_nothing_answers(vmm_command, guest) -> None:
    done = vmm_command("run", "-M", "pc", "-kernel", guest("hostile/x86/unmapped"), "-d", "unimp")
    assert done.returncode == 7
    assert b"0x70000000" in done.stderr
