# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm showcase`: boot the project's guests on every board, and a real U-Boot.

Each run is a `vmm run` of its own, so a run that goes wrong cannot take the
others with it.  The table at the end says how each ended.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmm.boards import BOARDS
from vmm.cli.arguments import file

GUESTS = ("hello", "traps")
U_BOOT = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")  # Debian's package u-boot-qemu
U_BOOT_SCRIPT = r"""
expect "Hit any key to stop autoboot"
send "\n"
expect "=> "
send "version\n"
expect "U-Boot"
expect "=> "
"""
WALL_LIMIT = 120  # seconds for one guest
SHORT = 0.1  # seconds; what takes less says nothing of speed
ENDED = re.compile(r"the guest ended itself \((.*)\) with status \d+")
# The status of a guest that succeeded: port 0xf4 makes (0 << 1) | 1 of 0, as QEMU's does.
SUCCESS = {"pc": 1}


@dataclass(frozen=True, slots=True)
class Boot:
    """One line of the table: what to run, and where its console goes."""

    name: str
    board: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """How it went."""

    boot: Boot
    status: int
    text: str
    stats: dict[str, Any]

    def number(self, key: str) -> float:
        value = self.stats.get(key, 0)
        return float(value) if isinstance(value, (int, float)) else 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the guest says that all went well."""
        return self.status == SUCCESS.get(self.boot.board, 0)

    @property
    def mips(self) -> str:
        """Millions of guest instructions in a second of the host, unless it was over at once."""
        host = self.number("host_seconds")
        return f"{self.number('instructions') / host / 1e6:,.1f}" if host > SHORT else ""

    @property
    def ending(self) -> str:
        """What ended it: of a guest that ended itself, the way that it took."""
        found = ENDED.fullmatch(self.text)
        return found[1] if found else self.text

    @property
    def traps(self) -> int:
        return sum(self.stats.get("traps", {}).values())


def add(commands: Any) -> None:
    """Declare `vmm showcase`."""
    command = commands.add_parser(
        "showcase", help="boot the project's guests on every board and U-Boot, and sum up",
        description="Boots the guests that `make guests` has built on every board, and Debian's"
        " U-Boot, and prints a table (`make run`).",
        epilog="exit status: 0 if all succeed, else 1.",
    )
    command.add_argument("--guests", type=file, default=Path("build/guests"), metavar="FOLDER",
                         help="where ARCH/NAME.elf are (default: build/guests)")
    command.add_argument("--u-boot", type=file, default=U_BOOT, metavar="FILE",
                         help="U-Boot for QEMU's 32-bit ARM virt board")
    command.add_argument("--output", type=file, default=Path("build/showcase"), metavar="FOLDER",
                         help="where consoles and statistics are written")
    command.set_defaults(function=run)


def boots(o: argparse.Namespace, output: Path) -> Iterator[Boot]:
    """What is run."""
    for guest in GUESTS:
        for board in BOARDS.values():
            kernel = o.guests / board.architecture / f"{guest}.elf"
            yield Boot(guest, board.name, ("-kernel", str(kernel)))
    script = output / "u-boot.script"
    script.write_text(U_BOOT_SCRIPT, encoding="utf-8")
    yield Boot("u-boot", "virt", ("-bios", str(o.u_boot), "--script", str(script)))


def run_one(boot: Boot, output: Path) -> Result:
    """Run one guest to its end."""
    stem = output / f"{boot.name}-{boot.board}"
    stats = stem.with_suffix(".json")
    stats.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "vmm", "run", "-M", boot.board, *boot.options, "-nographic",
        "--wall-timeout", str(WALL_LIMIT), "--stats", str(stats),
    ]
    with stem.with_suffix(".console").open("wb") as console:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.PIPE,
            timeout=2 * WALL_LIMIT, check=False,
        )
    complaint = done.stderr.decode(errors="replace")
    stem.with_suffix(".stderr").write_text(complaint, encoding="utf-8")
    try:
        counted = json.loads(stats.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        counted = {}
    text = complaint.partition("\n")[0] or str(counted.get("text", ""))
    return Result(boot, done.returncode, text.removeprefix("vmm: "), counted)


def summary(results: list[Result]) -> None:
    """The table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="guests on boards", title_justify="left")
    for heading in ("guest", "board", ""):
        table.add_column(heading, no_wrap=True)
    for heading in ("status", "instructions", "traps", "virtual s", "host s", "MIPS"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ended by", overflow="fold")
    for result in results:
        colour, verdict = ("green", "passed") if result.succeeded else ("bold red", "FAILED")
        table.add_row(
            result.boot.name, result.boot.board, f"[{colour}]{verdict}[/]", str(result.status),
            f"{result.number('instructions'):,.0f}", f"{result.traps:,}",
            f"{result.number('virtual_seconds'):.3f}", f"{result.number('host_seconds'):.3f}",
            result.mips, escape(result.ending),
        )
    terminal = sys.stdout.isatty()
    Console(width=None if terminal else 120).print(table)


def run(o: argparse.Namespace) -> int:
    """`vmm showcase`."""
    output: Path = o.output
    output.mkdir(parents=True, exist_ok=True)
    results = []
    with ExitStack() as stack:
        status = None
        if sys.stderr.isatty():
            from rich.console import Console

            status = stack.enter_context(Console(stderr=True).status("booting"))
        for boot in boots(o, output):
            if status is not None:
                status.update(f"booting {boot.name} on {boot.board}")
            results.append(run_one(boot, output))
    summary(results)
    failed = sum(not result.succeeded for result in results)
    print(f"{len(results) - failed} of {len(results)} succeeded; consoles are in {output}/")
    return 1 if failed else 0
