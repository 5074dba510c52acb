# SPDX-License-Identifier: GPL-2.0-or-later
"""Host memory: zeroed at first and when cleared, and given back."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.memory.frames import DROPPED, PAGE, Frames


@pytest.mark.parametrize(("start", "size"), [
    (0, 1), (1, PAGE - 1), (10, PAGE), (0, PAGE), (PAGE, 2 * PAGE), (PAGE - 1, PAGE + 2),
    (5, 3 * PAGE), (PAGE - 1, 2), (0, 4 * PAGE), (7, 0),
])
def test_a_stretch_is_cleared_and_nothing_else(start: int, size: int) -> None:
    frames = Frames(4 * PAGE)
    frames.view[:] = b"\xff" * (4 * PAGE)
    frames.clear(start, size)
    assert bytes(frames.view) == (
        b"\xff" * start + bytes(size) + b"\xff" * (4 * PAGE - start - size))


def test_cleared_pages_are_given_back_to_the_host() -> None:
    frames = Frames(64 * PAGE)
    frames.view[:] = b"\xff" * (64 * PAGE)
    frames.clear(PAGE // 2, 62 * PAGE)
    assert os.fstat(frames.descriptor).st_blocks * 512 <= 4 * PAGE


def test_a_machine_that_is_gone_keeps_no_files_open(tmp_path: Path) -> None:
    kernel = tmp_path / "kernel"
    kernel.write_bytes(bytes(16))

    def opened() -> int:
        create(Options("virt", kernel=kernel, ram=4 << 20))
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    assert opened() == opened() == opened()


def test_machines_that_are_gone_leave_files_for_others(tmp_path: Path, monkeypatch) -> None:
    """Also where Python does not look for what nobody holds, or seldom: in a large program."""
    kernel = tmp_path / "kernel"
    kernel.write_bytes(bytes(16))
    gc.collect()
    monkeypatch.setattr(Frames, "_collect_at", 0)  # not what earlier tests have made of it
    held = len(Frames._open)
    before, most = len(os.listdir("/proc/self/fd")), 0
    gc.disable()
    try:
        for _ in range(60):
            create(Options("virt", kernel=kernel, ram=4 << 20))
            most = max(most, len(os.listdir("/proc/self/fd")))
    finally:
        gc.enable()
    assert most - before <= 2 * (max(DROPPED, held) + 5)  # two files each, of some in a machine


def test_frames_that_are_held_stay() -> None:
    held = [Frames(PAGE) for _ in range(DROPPED * 3)]
    for number, frames in enumerate(held):
        frames.view[:2] = number.to_bytes(2, "big")
    assert [int.from_bytes(frames.view[:2], "big") for frames in held] == list(range(len(held)))
