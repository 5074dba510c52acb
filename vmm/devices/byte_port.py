# SPDX-License-Identifier: GPL-2.0-or-later
"""Wider accesses to byte-wide devices on the ISA bus.

The bus controller cuts a 16- or 32-bit access to an 8-bit device into byte
cycles at consecutive ports, lowest first (IBM PC/AT Technical Reference,
section "System Board").  A device with byte registers runs both directions
through here.
"""

from __future__ import annotations

from collections.abc import Callable


def read_bytes(read: Callable[[int], int], offset: int, size: int) -> int:
    """One read of ``size`` bytes as byte cycles, least significant first."""
    value = 0
    for index in range(size):
        value |= (read(offset + index) & 0xFF) << (8 * index)
    return value


def write_bytes(write: Callable[[int, int], None], offset: int, size: int, value: int) -> None:
    """One write of ``size`` bytes as byte cycles, least significant first."""
    for index in range(size):
        write(offset + index, value >> (8 * index) & 0xFF)
