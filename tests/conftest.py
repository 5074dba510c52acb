# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of whole runs share: the command as a process, and built guests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
GUESTS = TOP / "build" / "guests"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def pytest_configure() -> None:
    """Two modules of one name would be taken for each other, depending on which is imported first.

    ``tests`` has no packages: tests and what they share are imported by their base names.
    """
    modules: dict[str, Path] = {}
    for path in sorted((TOP / "tests").rglob("*.py")):
        if path.name == "conftest.py":
            continue
        other = modules.setdefault(path.name, path)
        if other != path:
            raise pytest.UsageError(
                f"{other.relative_to(TOP)} and {path.relative_to(TOP)} have the same name")


@pytest.fixture
def vmm_command() -> Run:
    """Run `vmm ARGUMENTS` as a process; console input is empty unless ``input`` is given.

    A run that hangs fails the test: every run has a limit of real time.
    """

    def run(
        *arguments: object, input: bytes | None = None, timeout: float = 120,
        environment: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **(environment or {})}
        environment.pop("VMM_DEBUG", None)
        command = [sys.executable, "-m", "vmm", *map(str, arguments)]
        given = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        return subprocess.run(
            command, capture_output=True, timeout=timeout, cwd=TOP, env=environment, check=False,
            **given,  # type: ignore[arg-type]
        )

    return run


@pytest.fixture
def guest() -> Callable[[str], Path]:
    """The file of a built guest, such as ``sparc/hello`` or ``hostile/arm/spin``."""

    def find(name: str) -> Path:
        path = GUESTS / f"{name}.elf"
        if not path.is_file():
            pytest.fail(f"{path} is not built: run `make guests`")
        return path

    return find
