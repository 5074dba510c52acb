# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading the parts of packets.  What cannot be read is the debugger's mistake: `PacketError`."""

from __future__ import annotations

import re

HEX = re.compile(r"[0-9a-fA-F]{1,16}")
BYTES = re.compile(rb"(?:[0-9a-fA-F]{2})*")

BAD_PACKET = b"E01"  # the packet makes no sense
NO_MEMORY = b"E0e"  # EFAULT: the address is no memory


class PacketError(Exception):
    """A packet that cannot be carried out; the argument is the reply."""

    def __init__(self, reply: bytes = BAD_PACKET) -> None:
        super().__init__(reply)
        self.reply = reply


def number(text: str) -> int:
    """A number in hexadecimal."""
    if not HEX.fullmatch(text):
        raise PacketError
    return int(text, 16)


def numbers(text: str, count: int) -> list[int]:
    """``count`` numbers with commas between them."""
    parts = text.split(",")
    if len(parts) != count:
        raise PacketError
    return [number(part) for part in parts]


def data(text: bytes) -> bytes:
    """Bytes in hexadecimal."""
    if not BYTES.fullmatch(text):
        raise PacketError
    return bytes.fromhex(text.decode("ascii"))
