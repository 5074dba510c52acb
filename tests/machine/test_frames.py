# SPDX-License-Identifier: GPL-2.0-or-later
"""Host memory: zeroed at first and when cleared, and given back."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.memory.frames import PAGE, Frames


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
