# SPDX-License-Identifier: GPL-2.0-or-later
"""The SPARC register windows: which one is current, what WIM says, where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmm.cpu.sparc.registers import WINDOWS
from vmm.machine.machine import Machine


@dataclass(frozen=True, slots=True)
class Window:
    """One window of the file."""

    number: int
    current: bool
    invalid: bool  # its WIM bit
    stack: int  # %sp (%o6)
    frame: int  # %fp (%i6)
    returns: int  # %i7, where its function was called from


def windows(registers: Mapping[str, int]) -> list[Window]:
    """All windows, the current one first, then those that RESTORE goes to."""
    current = registers["psr"] & 31
    order = [(current + i) % WINDOWS for i in range(WINDOWS)]
    return [
        Window(n, n == current, bool(registers["wim"] >> n & 1), registers[f"w{n}.o6"],
               registers[f"w{n}.i6"], registers[f"w{n}.i7"])
        for n in order
    ]


def window_lines(machine: Machine, registers: Mapping[str, int]) -> list[str]:
    """The window file as a table."""
    lines = [f"WIM = {registers['wim']:02x}, CWP = {registers['psr'] & 31}",
             "window  WIM      %sp       %fp       called from"]
    for window in windows(registers):
        mark = "=>" if window.current else "  "
        name = machine.symbols.name(window.returns) if window.returns else ""
        lines.append(
            f"{mark} {window.number:>2}   {'invalid' if window.invalid else '   -   '}  "
            f"{window.stack:08x}  {window.frame:08x}  {window.returns:08x} "
            f"{f'<{name}>' if name else ''}".rstrip()
        )
    return lines
