# SPDX-License-Identifier: GPL-2.0-or-later
"""Any text as a board file gives a board or one line with the file's name."""

from __future__ import annotations

from pathlib import Path

import loading
import pytest
from board_files import BOARDS, board_files
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vmm.boards import catalogue


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("boards")
    (where / "kernel.bin").write_bytes(bytes(64))
    return where


def build(folder: Path, data: bytes) -> bool:
    file = folder / "board.toml"
    file.write_bytes(data)
    return loading.board(file, folder / "kernel.bin") is not None


@pytest.mark.parametrize("arch", BOARDS)
def test_the_boards_that_are_spoiled_are_right(folder: Path, arch: str) -> None:
    assert build(folder, BOARDS[arch].encode())


def test_board_files_are_built_or_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "own", loading.no_modules)
    built = []

    @settings(max_examples=250, deadline=None)
    @given(board_files())
    def check(text: str) -> None:
        built.append(build(folder, text.encode()))

    check()
    assert 0 < sum(built) < len(built)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
@example(b"\xff")
@example("\ufeff[cpu]".encode())
def test_other_bytes_are_refused(folder: Path, data: bytes) -> None:
    assert not build(folder, data)
