# SPDX-License-Identifier: GPL-2.0-or-later
"""The small guests that an installed package carries."""

from __future__ import annotations

from pathlib import Path

from vmm.machine import artifacts


def demo_guest(name: str) -> Path:
    """The file of a demo guest, ``hello`` or ``timers`` of an architecture: ``sparc/hello``.

    FileNotFoundError if there is none; in a checkout `make guests` builds them.
    """
    path = artifacts.find(f"guests/{name}.elf")
    if path is None:
        raise FileNotFoundError(f"no demo guest {name!r} (in a checkout: make guests)")
    return path
