# SPDX-License-Identifier: GPL-2.0-or-later
"""The little of the protocol buffers encoding that traces need.

A message is the bytes of its fields one behind the other, each a key
(field number and wire type) and a value: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

VARINT, LENGTH = 0, 2  # wire types


def varint(value: int) -> bytes:
    """A number of up to 64 bits, seven bits a byte, the lowest first."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """A field of an unsigned, boolean or enumerated type."""
    return varint(field << 3 | VARINT) + varint(value)


def message(field: int, *parts: bytes) -> bytes:
    """A field that holds a message (or bytes), from its parts."""
    content = b"".join(parts)
    return varint(field << 3 | LENGTH) + varint(len(content)) + content


def text(field: int, value: str) -> bytes:
    """A field that holds text."""
    return message(field, value.encode(errors="replace"))
