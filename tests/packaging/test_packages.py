# SPDX-License-Identifier: GPL-2.0-or-later
"""The wheel and the source distribution: what is in them, and that the wheel works by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
SKIP = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "*.egg-info", "*.so",
                              "lib.*", "bdist.*", "showcase", "*.o", "*.d")
BUILD = """
import sys
from setuptools import build_meta
target = sys.argv[1]  # the back end changes sys.argv
build_meta.build_wheel(target)
build_meta.build_sdist(target)
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built from a copy of the checkout."""
    base = tmp_path_factory.mktemp("package")
    shutil.copytree(TOP, base / "source", ignore=SKIP)
    # What an earlier build left must not get into the wheel.
    stale = base / "source" / "build" / "lib" / "vmm"
    stale.mkdir(parents=True)
    (stale / "stale.py").write_text("")
    done = subprocess.run([sys.executable, "-c", BUILD, str(base)], cwd=base / "source",
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return base


def test_wheel_is_for_this_platform_and_any_python(packages: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    assert wheel.name == "vmm-0.1.0-py3-none-linux_x86_64.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "vmm/native/libvmm_native.so" in names
    assert "vmm/artifacts/firmware/leon3.elf" in names
    assert "vmm/artifacts/guests/sparc/hello.elf" in names
    assert any(name.endswith("COPYING") for name in names)
    assert not [name for name in names if name.endswith((".c", ".h", ".inc")) or "stale" in name]
    assert not [name for name in names if name.split("/")[0] not in ("vmm", "vmm-0.1.0.dist-info")]


def test_sdist_has_what_a_build_needs(packages: Path) -> None:
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = {f"vmm/native/src/{path.name}" for path in (TOP / "vmm/native/src").iterdir()}
    assert sources <= names
    assert {"setup.py", "pyproject.toml", "COPYING", "guests/Makefile"} <= names
    assert not [name for name in names if name.endswith(".so")]


def test_wheel_runs_a_guest_without_the_checkout(packages: Path, tmp_path: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    kernel = tmp_path / "site/vmm/artifacts/guests/sparc/hello.elf"
    done = subprocess.run(
        [sys.executable, "-m", "vmm", "run", "-M", "leon3", "-kernel", str(kernel)],
        cwd=tmp_path / "site", env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"hello from SPARC" in done.stdout
