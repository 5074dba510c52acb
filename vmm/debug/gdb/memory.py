# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest memory as the debugger sees it: virtual addresses, RAM and ROM only.

Registers of devices are never touched: reading one may take a character or
acknowledge an interrupt, so addresses of devices answer as unmapped ones do.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from vmm.machine.bus import PAGE
from vmm.machine.guest_memory import read_virtual
from vmm.machine.machine import Machine

SPACE = 1 << 32
MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _pieces(address: int, size: int) -> Iterator[tuple[int, int]]:
    """``address`` and on, cut at pages; nothing wraps past the end of the address space."""
    end = min(address + size, SPACE)
    while address < end:
        length = min(end - address, PAGE - address % PAGE)
        yield address, length
        address += length


def read(machine: Machine, address: int, size: int) -> bytes:
    """Up to ``size`` bytes; they end where the first page begins that is not memory."""
    data = bytearray()
    for at, length in _pieces(address, size):
        piece = read_virtual(machine, at, length)
        if piece is None:
            break
        data += piece
    return bytes(data)


def write(machine: Machine, address: int, data: bytes) -> bool:
    """Change memory, ROM included; False, and nothing changed, if it is not all memory."""
    if address + len(data) > SPACE:
        return False
    places = []
    at = 0
    for virtual, length in _pieces(address, len(data)):
        physical = machine.processor.translate(virtual)
        if physical is None or machine.bus.read_memory(physical, length) is None:
            return False
        places.append((physical, data[at : at + length]))
        at += length
    return all(machine.bus.write_memory(physical, piece) for physical, piece in places)


def crc(machine: Machine, address: int, size: int) -> int | None:
    """The checksum of `compare-sections`, or None if it is not all memory.

    It is the common CRC-32 with the bits of bytes and result in the opposite order, without
    the final inversion (GDB manual, E.4, `qCRC`).
    """
    value = 0
    for at, length in _pieces(address, size):
        piece = read_virtual(machine, at, length)
        if piece is None:
            return None
        value = zlib.crc32(piece.translate(MIRRORED), value)
    return int(f"{value ^ 0xFFFFFFFF:032b}"[::-1], 2)
