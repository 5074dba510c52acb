# SPDX-License-Identifier: GPL-2.0-or-later
"""The wheel and the source distribution: what is in them, and that the wheel works by itself."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))
from documented import Example, examples

TOP = Path(__file__).resolve().parents[2]
Installed = Callable[..., "subprocess.CompletedProcess[str]"]
SKIP = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "*.egg-info", "*.so",
                              "lib.*", "bdist.*", "showcase", "*.o", "*.d")
BUILD = """
import sys
from setuptools import build_meta
target = sys.argv[1]  # the back end changes sys.argv
build_meta.build_wheel(target)
build_meta.build_sdist(target)
"""


def skipped(folder: str, names: list[str]) -> set[str]:
    """What a build does not need, third-party guests among it."""
    fetched = {"debian", "linux"} if Path(folder) == TOP / "build" else set()
    return SKIP(folder, names) | fetched


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built from a copy of the checkout."""
    base = tmp_path_factory.mktemp("package")
    shutil.copytree(TOP, base / "source", ignore=skipped)
    # What an earlier build left must not get into the wheel.
    stale = base / "source" / "build" / "lib" / "vmm"
    stale.mkdir(parents=True)
    (stale / "stale.py").write_text("")
    done = subprocess.run([sys.executable, "-c", BUILD, str(base)], cwd=base / "source",
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return base


def test_wheel_is_for_any_python_and_any_linux_of_the_engine(packages: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    assert wheel.name == "vmm-0.1.0-py3-none-manylinux_2_17_x86_64.whl"
    assert wheel.stat().st_size < 2 << 20
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "vmm/native/libvmm_native.so" in names
    carried = {f"vmm/artifacts/firmware/{board}.elf" for board in ("leon3", "virt", "pc")} | {
        f"vmm/artifacts/guests/{arch}/{guest}.elf"
        for arch in ("sparc", "arm", "x86") for guest in ("hello", "timers")
    }
    assert {name for name in names if "/artifacts/" in name} == carried
    assert any(name.endswith("COPYING") for name in names)
    assert not [name for name in names if name.endswith((".c", ".h", ".inc")) or "stale" in name]
    assert not [name for name in names if name.split("/")[0] not in ("vmm", "vmm-0.1.0.dist-info")]


def test_tag_is_true(packages: Path) -> None:
    """auditwheel, which knows what each tag allows, finds nothing newer and nothing besides."""
    (wheel,) = packages.glob("*.whl")
    done = subprocess.run([sys.executable, "-m", "auditwheel", "show", str(wheel)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = re.search(r'platform tag:\s+"manylinux_(\d+)_(\d+)_x86_64"', done.stdout)
    assert found is not None, done.stdout
    assert (int(found[1]), int(found[2])) <= (2, 17)
    assert "copied into" not in done.stdout  # libraries that a repair would have to bring along
    assert set(re.findall(r"lib\w+\.so\.\d+", done.stdout)) <= {"libc.so.6"}


def test_nothing_in_the_wheel_has_debug_information(packages: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    files = [name for name in archive.namelist() if name.endswith((".elf", ".so"))]
    assert len(files) == 10
    for name in files:
        elf = ELFFile(io.BytesIO(archive.read(name)))
        assert not elf.has_dwarf_info(strict=True), name
        assert name.endswith(".so") or elf.get_section_by_name(".symtab") is not None, name


def test_sdist_has_what_a_build_needs(packages: Path) -> None:
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = {f"vmm/native/src/{path.name}" for path in (TOP / "vmm/native/src").iterdir()}
    assert sources <= names
    assert {"setup.py", "pyproject.toml", "COPYING", "guests/Makefile"} <= names
    assert not [name for name in names if name.endswith(".so")]


@pytest.fixture(scope="module")
def installed(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Run a program of a new environment that has the wheel, on a path without a compiler.

    The dependencies are those of the environment that runs the tests: no network.
    """
    base = tmp_path_factory.mktemp("environment")
    (wheel,) = packages.glob("*.whl")
    venv.create(base, symlinks=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(base / "bin" / "python"), "install",
         "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", str(wheel)],
        check=True, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": str(base)},
    )
    (site,) = base.glob("lib/python3*/site-packages")
    dependencies = Path(importlib.util.find_spec("unicorn").origin).parents[1]
    (site / "dependencies.pth").write_text(f"{dependencies}\n")

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(base / "bin" / program), *arguments], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, cwd=base, env={"PATH": str(base / "bin"), "HOME": str(base)},
            timeout=300, check=False,
        )

    return run


def test_installed_package_is_the_wheel_and_finds_no_compiler(installed: Installed) -> None:
    code = "import shutil, vmm; print(vmm.__file__, shutil.which('cc') or shutil.which('gcc'))"
    done = installed("python", "-c", code)
    assert done.stdout.endswith("site-packages/vmm/__init__.py None\n"), done.stderr


def test_installed_demo_boots_every_guest(installed: Installed) -> None:
    done = installed("vmm", "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("=== ")] == [
        f"=== {guest} on {board}" for guest in ("hello", "timers")
        for board in ("leon3", "virt", "pc")
    ]
    assert lines[-1] == "6 of 6 passed"
    for text in ("hello from SPARC V8 on LEON3", "Hello from ARMv7-A", "hello from x86"):
        assert text in done.stdout


def test_installed_command_names_its_engine(installed: Installed) -> None:
    done = installed("vmm", "--version")
    assert re.fullmatch(r"vmm 0\.1\.0 \(unicorn 2\.1\.4, build id [0-9a-f]{40}\)\n", done.stdout)


@pytest.mark.parametrize(
    "example", [e for e in examples(TOP / "docs/library.md") if "/usr/lib/" not in e.code], ids=str
)
def test_installed_library_runs_the_examples(installed: Installed, example: Example) -> None:
    done = installed("python", "-c", example.code)
    assert (done.stdout, done.stderr) == (example.output, "")
