# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: workloads on processors, and how QEMU runs the same file.

A *row* is one guest of `guests/bench`: one workload built for one
architecture.  The guest, its size and its command line are the same here and
on QEMU; `null`, which does nothing, is what starting and ending costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from vmm.machine import artifacts

NULL = "null"


class BenchError(Exception):
    """Nothing can be measured: one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A processor, its board here, and QEMU's command line for the same board."""

    architecture: str
    board: str
    qemu: tuple[str, ...]
    status: int  # of a guest that ends well


PLATFORMS = {
    platform.architecture: platform
    for platform in (
        Platform("sparc", "leon3", ("qemu-system-sparc", "-M", "leon3_generic", "-nographic"), 0),
        Platform("arm", "virt", ("qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15",
                                 "-m", "128", "-nographic", "-semihosting"), 0),
        Platform("x86", "pc", ("qemu-system-i386", "-m", "128", "-display", "none",
                               "-serial", "stdio", "-no-reboot",
                               "-device", "isa-debug-exit,iobase=0xf4,iosize=4"), 1),
    )
}

WORKLOADS = {
    "compute": "integer work in registers, with branches",
    "memory": "loads, stores and copies over half a mebibyte",
    "calls": "recursive calls and returns (SPARC: window traps)",
    "traps": "trap instruction from supervisor mode and back",
    "user_traps": "trap instruction from user mode and back",
    "device_read": "poll of the UART's status (x86: port)",
    "device_write": "write of a device register, and reading it back (x86: port)",
    "interrupts": "interrupt raised by software, taken and ended",
    "timer": "timer interrupts that arrive during work",
    "sleep": "halt until a timer interrupt",
    "self_modifying": "an instruction written, then run",
    "page_tables": "switch of address space, then 16 pages touched",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One workload on one processor."""

    platform: Platform
    workload: str

    @property
    def name(self) -> str:
        return f"{self.platform.architecture}/{self.workload}"

    @property
    def kernel(self) -> Path:
        """The guest's file; BenchError if it was not built."""
        relative = f"guests/bench/{self.name}.elf"
        path = artifacts.find(relative)
        if path is None:
            raise BenchError(f"build/{relative} is not built: run `make guests`")
        return path

    def matches(self, pattern: str) -> bool:
        """Whether a shell pattern names the row, its processor or its workload."""
        names = (self.name, self.platform.architecture, self.workload)
        return any(fnmatchcase(name, pattern) for name in names)


ROWS = tuple(
    Row(platform, workload)
    for platform in PLATFORMS.values()
    for workload in WORKLOADS
)


def select(patterns: Sequence[str]) -> list[Row]:
    """The rows that any of the patterns names; all of them without patterns."""
    for pattern in patterns:
        if not any(row.matches(pattern) for row in ROWS):
            raise BenchError(
                f"no row matches {pattern!r}; processors: {', '.join(PLATFORMS)}; "
                f"workloads: {', '.join(WORKLOADS)}"
            )
    return [row for row in ROWS if not patterns or any(map(row.matches, patterns))]
