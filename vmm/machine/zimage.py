# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM Linux kernels as `zImage`: recognising one, and what its header says.

Documentation/arch/arm/booting.rst, and arch/arm/boot/compressed/head.S for the words at 0x24:
magic, start address, end address, endianness.  The image relocates and decompresses itself; it is
entered at its first byte, MMU and caches off, r0 = 0, r1 = machine type, r2 = device tree.
"""

from __future__ import annotations

import struct
from pathlib import Path

from vmm.machine.loader import Image, LoadError, Segment

HEADER = struct.Struct("<4I")  # magic, start, end, endianness
HEADER_OFFSET = 0x24
MAGIC = 0x016F2818
LITTLE_ENDIAN = 0x04030201


def is_zimage(data: bytes) -> bool:
    """Whether the bytes begin as a zImage of this byte order or the other."""
    magic = data[HEADER_OFFSET : HEADER_OFFSET + 4]
    return MAGIC in (int.from_bytes(magic, "little"), int.from_bytes(magic, "big"))


def read(path: Path, data: bytes, address: int) -> Image:
    """The kernel as an image that is loaded and entered at ``address``.

    LoadError for a truncated file and for a kernel of big-endian processors.
    """
    if len(data) < HEADER_OFFSET + HEADER.size:
        raise LoadError(f"{path}: a truncated zImage: it ends inside its header")
    magic, start, end, endianness = HEADER.unpack_from(data, HEADER_OFFSET)
    if magic != MAGIC:
        raise LoadError(f"{path}: a zImage for big-endian ARM, which this board is not")
    if end <= start:
        raise LoadError(f"{path}: a damaged zImage: it ends at {end:#x}, before {start:#x}")
    if endianness not in (0, LITTLE_ENDIAN):  # 0: kernels before the word was there
        raise LoadError(f"{path}: a zImage whose code is big-endian, which this board is not")
    if len(data) < end - start:
        raise LoadError(
            f"{path}: a truncated zImage: {len(data)} bytes of the {end - start} it says it has")
    return Image(path, None, address, (Segment(address, data, len(data)),), ())
