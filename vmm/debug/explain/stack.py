# SPDX-License-Identifier: GPL-2.0-or-later
"""What the ways up a stack have in common."""

from __future__ import annotations

from dataclasses import dataclass

from vmm.debug.explain.source import sources
from vmm.machine.machine import Machine


@dataclass(frozen=True, slots=True)
class Step:
    """One activation of a function: where it is, its stack pointer, how that was found."""

    pc: int
    stack: int
    how: str


def is_code(machine: Machine, address: int) -> bool:
    """Whether an address is in something that a symbol table or a line table knows."""
    if not address:
        return False
    return machine.symbols.at(address) is not None or (
        sources(machine.symbols).at(address) is not None
    )
