# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the shell's history is kept, and where there is no place for it."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest
from prompt_toolkit.history import FileHistory, InMemoryHistory

from vmm.cli.prompt import history


def test_it_is_kept_below_the_state_home(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert isinstance(history(), FileHistory)
    assert (tmp_path / "state" / "vmm" / "shell-history").is_file()


def test_without_a_state_home_it_is_below_the_users_own(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert isinstance(history(), FileHistory)
    assert (tmp_path / ".local" / "state" / "vmm" / "shell-history").is_file()


def test_where_nothing_can_be_written_it_ends_with_the_shell(monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    assert isinstance(history(), InMemoryHistory)


def test_a_user_without_name_and_home_has_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs with a number for a user."""
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert isinstance(history(), InMemoryHistory)
