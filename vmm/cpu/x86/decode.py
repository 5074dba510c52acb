# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 instruction text, of 16-bit and 32-bit code, one instruction at a time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import capstone

LONGEST = 15  # bytes


@cache
def _decoder(wide: bool) -> capstone.Cs:
    import capstone  # large; few runs show an instruction

    return capstone.Cs(
        capstone.CS_ARCH_X86, capstone.CS_MODE_32 if wide else capstone.CS_MODE_16
    )


def instruction(code: bytes, address: int, wide: bool) -> tuple[int, str]:
    """Size and text of the instruction at the start of ``code``; ``wide`` is CS.D."""
    for found in _decoder(wide).disasm(code, address, 1):
        return int(found.size), f"{found.mnemonic} {found.op_str}".strip()
    return 1, f".byte {code[0]:#04x}"
