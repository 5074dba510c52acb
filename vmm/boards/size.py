# SPDX-License-Identifier: GPL-2.0-or-later
"""Amounts of memory as QEMU's users write them: ``64M``, ``1G``, ``128`` (MiB)."""

from __future__ import annotations

import re

UNITS = {"": 1 << 20, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
PAGE = 1 << 12
LIMIT = 1 << 32  # a 32-bit guest cannot address more


def memory_size(text: str) -> int:
    """Bytes: ``128`` and ``128M`` are mebibytes, ``1G`` is a gibibyte; ValueError otherwise."""
    found = re.fullmatch(r"(?:size=)?([0-9]{1,12})([KkMmGg]?)(?:[Ii]?[Bb])?", text)
    if found is None:
        raise ValueError("not an amount of memory; write 64M, 1G, or 128 (MiB)")
    return checked(int(found[1]) * UNITS[found[2].upper()])


def checked(size: int) -> int:
    """``size`` in bytes, if a machine can have so much; ValueError otherwise."""
    if size <= 0 or size % PAGE:
        raise ValueError("memory comes in whole pages of 4 KiB, at least one")
    if size > LIMIT:
        raise ValueError("a 32-bit guest has at most 4G")
    return size
