# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/testing.md: its example passes and fails as it should, and its CI files are right."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vmm.cli.main import parser

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "testing.md").read_text(encoding="utf-8")
FILES = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)]
TOOLS = ("apt-get", "make", "pip", "pytest", "sudo", "vmm")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example with its guest built by the command that it names."""
    folder = tmp_path / "testing"
    shutil.copytree(TOP / "docs" / "examples" / "testing", folder,
                    ignore=shutil.ignore_patterns("__pycache__"))
    command = (folder / "guest.S").read_text().splitlines()[2][3:]
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
                          cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_example_passes(example: Path, vmm_command) -> None:
    done = checked(example)
    assert done.returncode == 0 and "6 passed" in done.stdout, done.stdout
    done = vmm_command("test", example, "-k", "calls", "--repeat", "2")
    assert done.returncode == 0 and b"\n2 passed" in done.stdout


def test_the_example_finds_a_mistake(example: Path, vmm_command) -> None:
    source = example / "guest.S"
    source.write_text(source.read_text().replace("CALLS, 3", "CALLS, 2"))
    command = source.read_text().splitlines()[2][3:]
    subprocess.run(command, shell=True, cwd=example, check=True)
    done = vmm_command("test", example)
    assert done.returncode == 1
    assert b"expected: /^calls: 3$/ (2 of 2)" in done.stdout
    assert b"  | calls: 2\n" in done.stdout


def commands(value: object) -> list[str]:
    """The lines of all ``run`` and ``script`` steps of a CI file."""
    if isinstance(value, list):
        return [line for one in value for line in commands(one)]
    if not isinstance(value, dict):
        return []
    found = []
    for key, inner in value.items():
        if key in ("run", "script", "before_script"):
            texts = inner if isinstance(inner, list) else [inner]
            found += [line for text in texts for line in str(text).splitlines()]
        else:
            found += commands(inner)
    return found


LINES = [line for file in FILES for line in commands(file)]


def test_there_is_a_file_for_each_service() -> None:
    github, gitlab = FILES
    assert github["jobs"]["guests"]["runs-on"] and "actions/checkout" in str(github)
    assert gitlab["guests"]["artifacts"]["reports"]["junit"] == "report.xml"
    assert any(line.startswith("vmm test") for line in LINES)
    assert any(line.startswith("pytest") for line in LINES)


@pytest.mark.parametrize("line", LINES)
def test_commands_of_ci_files_exist(line: str) -> None:
    words = shlex.split(line)
    assert words[0] in TOOLS
    if words[0] == "vmm":
        parser().parse_args(words[1:])  # SystemExit for an option that is not there
    if words[0] == "pytest":
        known = subprocess.run([sys.executable, "-m", "pytest", "--help"], cwd=TOP,
                               capture_output=True, text=True, check=True).stdout
        for word in words[1:]:
            if word.startswith("-"):
                assert re.search(rf"(^|\s){re.escape(word.partition('=')[0])}\b", known), word
    if words[0] == "pip":
        assert words[1] == "install" and "$VMM_WHEEL" in words
