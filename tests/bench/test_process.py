# SPDX-License-Identifier: GPL-2.0-or-later
"""Measuring a process from outside: its output, status, processor time and its limit."""

from __future__ import annotations

import sys

from vmm.bench.process import measure


def test_output_complaints_and_status() -> None:
    sample = measure(
        [sys.executable, "-c", "import sys, os; os.write(1, b'one '); os.write(2, b'two'); "
                               "sys.exit(7)"], 60)
    assert (sample.output, sample.errors) == (b"one ", b"two")
    assert sample.status == 7
    assert not sample.timed_out
    assert sample.first_output is not None
    assert 0 < sample.first_output <= sample.elapsed
    assert sample.peak_rss > 1 << 20


def test_processor_time_is_the_childs_own_with_its_threads() -> None:
    # The child says what it used; waiting must not count, threads must.
    sample = measure([sys.executable, "-c", """
import threading, time
def burn():
    until = time.thread_time() + 0.1
    while time.thread_time() < until:
        pass
threads = [threading.Thread(target=burn) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(time.process_time())
"""], 60)
    said = float(sample.output)
    assert said >= 0.2
    assert said * 0.9 <= sample.cpu <= said + 2  # starting and ending Python are in ours only


def test_a_process_that_does_not_end_is_ended() -> None:
    sample = measure([sys.executable, "-c", "import sys; print('begun', flush=True);\n"
                                            "while True: pass"], 1)
    assert sample.timed_out
    assert sample.output in (b"begun\n", b"")
    assert sample.status == -9


def test_status_of_a_process_killed_by_a_signal_is_negative() -> None:
    sample = measure([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"], 60)
    assert sample.status == -11


def test_compiled_modules_are_kept(monkeypatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert measure([sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)"],
                   60).output == b"False\n"
