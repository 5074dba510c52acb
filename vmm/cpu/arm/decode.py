# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM and Thumb instruction text, one instruction at a time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import capstone


@cache
def _decoder(thumb: bool) -> capstone.Cs:
    import capstone  # large; few runs show an instruction

    mode = capstone.CS_MODE_THUMB if thumb else capstone.CS_MODE_ARM
    return capstone.Cs(capstone.CS_ARCH_ARM, mode | capstone.CS_MODE_V8)


def instruction(code: bytes, address: int, thumb: bool) -> tuple[int, str]:
    """Size and text of the instruction at the start of ``code`` (2 or 4 bytes)."""
    for found in _decoder(thumb).disasm(code, address, 1):
        return int(found.size), f"{found.mnemonic} {found.op_str}".strip()
    size = 4
    if thumb and (len(code) < 4 or code[1] >> 3 not in (0x1D, 0x1E, 0x1F)):
        size = 2  # not the first half of a 32-bit instruction (DDI 0406C, A6.1)
    return size, f".{'short' if size == 2 else 'word'} {int.from_bytes(code[:size], 'little'):#x}"
