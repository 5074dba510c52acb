# SPDX-License-Identifier: GPL-2.0-or-later
"""`-m`: an amount of memory as QEMU's users write it."""

from __future__ import annotations

import re

from vmm.cli.report import UsageError

UNITS = {"": 1 << 20, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
LIMIT = 1 << 32  # a 32-bit guest cannot address more


def memory_size(text: str) -> int:
    """Bytes: ``128`` and ``128M`` are mebibytes, ``1G`` is a gibibyte; UsageError otherwise."""
    found = re.fullmatch(r"(?:size=)?([0-9]{1,12})([KkMmGg]?)(?:[Ii]?[Bb])?", text)
    if found is None:
        raise UsageError(f"-m {text}: not an amount of memory; write 64M, 1G, or 128 (MiB)")
    size = int(found[1]) * UNITS[found[2].upper()]
    if size == 0 or size % 4096:
        raise UsageError(f"-m {text}: memory comes in whole pages of 4 KiB, at least one")
    if size > LIMIT:
        raise UsageError(f"-m {text}: a 32-bit guest has at most 4G")
    return size
