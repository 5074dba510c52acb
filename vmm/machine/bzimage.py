# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux/x86 kernels: the setup header of a bzImage, and the zero page.

After Linux' Documentation/x86/boot.rst ("The Linux/x86 Boot Protocol") and
zero-page.rst.  Only what a loader of 32-bit entry needs: the real-mode part is
not run, and what it would ask the BIOS is written into the zero page
(`struct boot_params`) instead.  Nothing is loaded here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from vmm.machine.multiboot import MemoryRange

SECTOR = 512
BOOT_FLAG, HEADER_MAGIC = b"\x55\xaa", b"HdrS"
OLDEST = 0x20A  # the protocol that has pref_address and init_size (Linux 2.6.31)
LOADED_HIGH = 0x01  # of loadflags: the protected-mode part belongs to 1 MiB, not 64 KiB
UNDEFINED_LOADER = 0xFF  # type_of_loader: no number has been assigned to us
LOAD_ADDRESS = 0x100000
ZERO_PAGE_SIZE = 4096
E820_ENTRIES, E820_TABLE, E820_MOST = 0x1E8, 0x2D0, 128
ALT_MEM_K = 0x1E0

# Fields of the setup header: offset in the image, which is that in the zero page, and layout.
SETUP_SECTS, SYSSIZE, JUMP_LENGTH = (0x1F1, "<B"), (0x1F4, "<I"), (0x201, "<B")
VERSION, TYPE_OF_LOADER, LOADFLAGS = (0x206, "<H"), (0x210, "<B"), (0x211, "<B")
RAMDISK_IMAGE, RAMDISK_SIZE = (0x218, "<I"), (0x21C, "<I")
CMD_LINE_PTR, INITRD_ADDR_MAX = (0x228, "<I"), (0x22C, "<I")
RELOCATABLE, CMDLINE_SIZE = (0x234, "<B"), (0x238, "<I")
PREF_ADDRESS, INIT_SIZE = (0x258, "<Q"), (0x260, "<I")
HEADER_START, HEADER_LEAST = 0x1F1, 0x264


class BzImageError(ValueError):
    """An image that cannot be booted; the message says why."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A bzImage: its setup header, its protected-mode part, and what the header demands."""

    header: bytes  # from offset 0x1F1 on
    code: memoryview
    cmdline_size: int  # longest command line, without its NUL
    initrd_addr_max: int  # the initrd's last byte may be here
    end: int  # the kernel unpacks itself below this address


def is_bzimage(data: bytes) -> bool:
    """Whether the bytes begin as a kernel with a setup header."""
    return data[0x202:0x206] == HEADER_MAGIC and data[0x1FE:0x200] == BOOT_FLAG


def parse(data: bytes) -> Kernel:
    """Read a bzImage; BzImageError for one that cannot be entered in 32-bit mode."""
    if len(data) < HEADER_LEAST:
        raise BzImageError("cut short: the setup header is not all there")

    def field(place: tuple[int, str]) -> int:
        return int(struct.unpack_from(place[1], data, place[0])[0])

    version = field(VERSION)
    if version < OLDEST:
        raise BzImageError(
            f"boot protocol {version >> 8}.{version & 0xFF:02}; 2.10 (Linux 2.6.31) is the oldest "
            "that vmm enters"
        )
    if not field(LOADFLAGS) & LOADED_HIGH:
        raise BzImageError("a zImage, which loads below 1 MiB; build a bzImage")
    # A zero means four, for kernels that are older than the field.
    start = ((field(SETUP_SECTS) or 4) + 1) * SECTOR
    size = start + 16 * field(SYSSIZE)
    if len(data) < size or len(data) <= start:
        raise BzImageError(f"cut short: {len(data)} bytes, and the setup header says {size}")
    header_end = min(0x202 + field(JUMP_LENGTH), start)
    if header_end < HEADER_LEAST:
        raise BzImageError(f"the setup header ends at {header_end:#x}, before its last field")
    return Kernel(
        data[HEADER_START:header_end], memoryview(data)[start:], field(CMDLINE_SIZE),
        field(INITRD_ADDR_MAX),
        max(LOAD_ADDRESS, field(PREF_ADDRESS)) + max(field(INIT_SIZE), len(data) - start),
    )


def zero_page(
    kernel: Kernel, cmdline_at: int, initrd_at: int, initrd_size: int,
    memory_map: Sequence[MemoryRange],
) -> bytes:
    """The zero page of a kernel that was loaded at LOAD_ADDRESS.

    ``memory_map`` has the rows of BIOS function E820, in ascending order.  No display,
    disk or APM BIOS is told of.
    """
    if len(memory_map) > E820_MOST:
        raise ValueError(f"{len(memory_map)} rows of memory map; the zero page has {E820_MOST}")
    page = bytearray(ZERO_PAGE_SIZE)
    page[HEADER_START : HEADER_START + len(kernel.header)] = kernel.header

    def put(place: tuple[int, str], value: int) -> None:
        struct.pack_into(place[1], page, place[0], value)

    put(TYPE_OF_LOADER, UNDEFINED_LOADER)
    put(CMD_LINE_PTR, cmdline_at)
    put(RAMDISK_IMAGE, initrd_at)
    put(RAMDISK_SIZE, initrd_size)
    high = next((r.length for r in memory_map if r.base == LOAD_ADDRESS and r.kind == 1), 0)
    put((ALT_MEM_K, "<I"), high >> 10)
    put((E820_ENTRIES, "<B"), len(memory_map))
    for number, row in enumerate(memory_map):
        struct.pack_into("<QQI", page, E820_TABLE + 20 * number, row.base, row.length, row.kind)
    return bytes(page)
