# SPDX-License-Identifier: GPL-2.0-or-later
"""ACPI machine language: enough of its encoding to describe a board.

ACPI specification 6.4, chapter 20 (AML) and 6.4 (resource data types).  Every
function returns bytes; `name`, `scope`, `device` and `method` are terms of a
definition block, the others are objects or parts of a resource buffer.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

ROOT, DUAL, EXTENDED = b"\\", b"\x2e", b"\x5b"
END = b"\x79\x00"  # of a resource buffer, without a checksum
BUS_NUMBERS, PORTS = 2, 1  # kinds of word ranges
FIXED_RANGE = 0x0C  # neither end may move


def segment(text: str) -> bytes:
    """A name of one to four characters."""
    return text.ljust(4, "_").encode("ascii")


def path(text: str) -> bytes:
    """A name, or with a backslash and at most two names a path from the root."""
    names = [segment(part) for part in text.lstrip("\\").split(".")]
    if len(names) > 2:
        raise ValueError(f"{text}: more than two names")
    prefix = ROOT if text.startswith("\\") else b""
    return prefix + (DUAL if len(names) == 2 else b"") + b"".join(names)


def integer(value: int) -> bytes:
    """An integer of up to 32 bits."""
    if value in (0, 1):
        return bytes((value,))
    for prefix, layout, limit in ((0x0A, "<B", 1 << 8), (0x0B, "<H", 1 << 16)):
        if value < limit:
            return bytes((prefix,)) + struct.pack(layout, value)
    return b"\x0c" + struct.pack("<I", value)


def eisa_id(text: str) -> bytes:
    """A plug and play identifier such as PNP0A03, as the integer that stands for it."""
    letters = 0
    for letter in text[:3]:
        letters = letters << 5 | ord(letter) - 0x40
    return b"\x0c" + struct.pack(">HH", letters, int(text[3:], 16))


def _packaged(opcode: bytes, body: bytes) -> bytes:
    """``opcode``, the length of what follows it, and ``body``."""
    size = len(body) + 1
    if size < 0x40:
        return opcode + bytes((size,)) + body
    size = len(body) + 2
    if size < 0x1000:
        return opcode + bytes((0x40 | size & 15, size >> 4)) + body
    size = len(body) + 3
    return opcode + bytes((0x80 | size & 15, size >> 4 & 0xFF, size >> 12)) + body


def package(elements: Sequence[bytes]) -> bytes:
    """A list of objects."""
    return _packaged(b"\x12", bytes((len(elements),)) + b"".join(elements))


def buffer(data: bytes) -> bytes:
    """Bytes."""
    return _packaged(b"\x11", integer(len(data)) + data)


def name(where: str, value: bytes) -> bytes:
    """A named object."""
    return b"\x08" + path(where) + value


def scope(where: str, *terms: bytes) -> bytes:
    """Terms in an existing scope."""
    return _packaged(b"\x10", path(where) + b"".join(terms))


def device(where: str, *terms: bytes) -> bytes:
    """A device."""
    return EXTENDED + _packaged(b"\x82", path(where) + b"".join(terms))


def method(where: str, arguments: int) -> bytes:
    """A control method that does nothing."""
    return _packaged(b"\x14", path(where) + bytes((arguments,)))


# -- resources ------------------------------------------------------------------------


def resources(*items: bytes) -> bytes:
    """A resource buffer."""
    return buffer(b"".join(items) + END)


def ports(base: int, size: int) -> bytes:
    """Fixed ports."""
    return struct.pack("<BBHHBB", 0x47, 1, base, base, 1, size)


def irq(number: int) -> bytes:
    """An edge-triggered interrupt of the 8259s."""
    return struct.pack("<BH", 0x22, 1 << number)


def shared_interrupt(number: int) -> bytes:
    """A level-triggered, active-high interrupt that devices share."""
    return struct.pack("<BHBBI", 0x89, 6, 0x09, 1, number)


def words(kind: int, first: int, last: int) -> bytes:
    """A range of bus numbers or ports that a bridge passes on."""
    flags = 0x03 if kind == PORTS else 0
    return struct.pack("<BHBBBHHHHH", 0x88, 13, kind, FIXED_RANGE, flags, 0, first, last, 0,
                       last - first + 1)


def memory(first: int, last: int) -> bytes:
    """A range of memory that a bridge passes on, read and write."""
    return struct.pack("<BHBBBIIIII", 0x87, 23, 0, FIXED_RANGE, 1, 0, first, last, 0,
                       last - first + 1)
