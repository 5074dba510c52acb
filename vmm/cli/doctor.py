# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm doctor`: is everything here that guests need, and does it work?

A table of what was looked at.  Cross compilers and QEMU are only needed to
build guests and to compare with; without them guests still run, so they do
not decide the exit status.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.metadata
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import vmm

OK, MISSING, FAILED = "ok", "missing", "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at."""

    name: str
    state: str
    text: str
    essential: bool = True

    @property
    def blocks(self) -> bool:
        """Whether guests cannot run because of it."""
        return self.essential and self.state != OK


PROGRAMS = (
    ("compiler for SPARC guests", "sparc64-linux-gnu-gcc", "gcc-sparc64-linux-gnu"),
    ("compiler for ARM guests", "arm-none-eabi-gcc", "gcc-arm-none-eabi"),
    ("compiler for x86 guests", "i686-linux-gnu-gcc", "gcc-i686-linux-gnu"),
    ("QEMU for SPARC", "qemu-system-sparc", "qemu-system-sparc"),
    ("QEMU for ARM", "qemu-system-arm", "qemu-system-arm"),
    ("QEMU for x86", "qemu-system-i386", "qemu-system-x86"),
)


def add(commands: Any) -> None:
    """Declare `vmm doctor`."""
    command = commands.add_parser(
        "doctor", help="check what guests need, and run the self-tests",
        description="Checks what guests need, and runs self-tests, which prove by behaviour what"
        " we rely on in the engine.",
        epilog="exit status: 0 if guests can run, 1 if not. Compilers and QEMU may be missing:"
        " guests are built, and compared, with them.",
    )
    command.set_defaults(function=run)


def first_line(program: str) -> str:
    """What ``program --version`` says first, or an empty string."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0] if done.returncode == 0 else ""


def programs() -> Iterator[Row]:
    """Cross compilers and QEMU: informative."""
    for name, program, package in PROGRAMS:
        if shutil.which(program) is None:
            yield Row(name, MISSING, f"{program}: install {package}", essential=False)
        elif version := first_line(program):
            yield Row(name, OK, version, essential=False)
        else:
            yield Row(name, FAILED, f"{program} --version fails", essential=False)


def engine() -> Iterator[Row]:
    """Python, the engine's wheel, the native library and its table of offsets."""
    python = f"{platform.python_version()} ({platform.python_implementation()}) at {sys.executable}"
    yield Row("Python", OK if sys.version_info >= (3, 11) else FAILED, python)
    from vmm.native import library
    from vmm.native.build import LIBRARY

    try:
        version = importlib.metadata.version("unicorn")
    except importlib.metadata.PackageNotFoundError:
        yield Row("unicorn", MISSING, "pip install unicorn==2.1.4")
        return
    try:
        path = library.engine_path()
        yield Row("unicorn", OK, f"{version}, build id {library.build_id(path) or 'none'}")
    except (library.NativeError, OSError) as error:
        yield Row("unicorn", FAILED, str(error))
        return
    native = library.HERE / LIBRARY
    if not native.exists():
        yield Row("native library", MISSING, "make setup, or python -m vmm.native.build")
        return
    try:
        loaded = library.library()
    except (library.NativeError, OSError) as error:
        yield Row("native library", FAILED, str(error))
        return
    yield Row("native library", OK, f"{native.name}, {native.stat().st_size} bytes")
    describe = ctypes.CFUNCTYPE(ctypes.c_char_p)(("vmm_engine_version", loaded.dll))
    yield Row("offsets table", OK, f"for unicorn {describe().decode()}")


def self_tests() -> Iterator[Row]:
    """Every mechanism and offset of the native layer, by behaviour."""
    from vmm.cpu import selftest

    for test in selftest.TESTS:
        name = f"self-test: {test.name}"
        try:
            yield Row(name, OK, test.run())
        except Exception as error:
            yield Row(name, FAILED, f"{type(error).__name__}: {error}".replace("\n", " "))


def examine() -> Iterator[Row]:
    """Everything, the essential things first; self-tests only if there is an engine to test."""
    blocked = False
    for row in engine():
        blocked = blocked or row.blocks
        yield row
    if not blocked:
        yield from self_tests()
    yield from programs()


def print_plain(rows: list[Row]) -> None:
    """For pipes and logs: one line each, columns by spaces."""
    width = max(len(row.name) for row in rows)
    for row in rows:
        print(f"{row.name:<{width}}  {row.state:<7}  {row.text}")


def print_table(rows: list[Row]) -> None:
    """For terminals."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    style = {OK: "green", MISSING: "yellow", FAILED: "bold red"}
    table = Table(title=f"vmm {vmm.__version__}", title_justify="left")
    for heading in ("what", "state", "details"):
        table.add_column(heading)
    for row in rows:
        colour = "bold red" if row.blocks else style[row.state]
        table.add_row(row.name, f"[{colour}]{row.state}[/]", escape(row.text))
    Console().print(table)


def run(o: argparse.Namespace) -> int:
    """`vmm doctor`."""
    rows = list(examine())
    show: Callable[[list[Row]], None] = print_table if sys.stdout.isatty() else print_plain
    show(rows)
    return 1 if any(row.blocks for row in rows) else 0
