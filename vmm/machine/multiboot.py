# SPDX-License-Identifier: GPL-2.0-or-later
"""Multiboot version 1 (specification 0.6.96): kernel images and boot information.

Finds and checks the header (section 3.1), says what to put where in memory,
by the header's own addresses or by the ELF program headers, and builds the
information structure (section 3.3) that EBX points to.  Nothing is loaded
here.  Not built: symbol tables, drives, APM and VBE information.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from vmm.machine import elf
from vmm.machine.loader import Segment

HEADER_MAGIC = 0x1BADB002
LOADER_MAGIC = 0x2BADB002  # in EAX at the kernel's entry
SEARCH_LIMIT = 8192
PAGE_ALIGN, MEMORY_INFO, VIDEO_MODE, ADDRESSES = 0x1, 0x2, 0x4, 0x10000
MANDATORY = 0xFFFF  # a loader must understand these flags or refuse
UNDERSTOOD = PAGE_ALIGN | MEMORY_INFO | VIDEO_MODE

EM_386 = 3

INFO_SIZE = 88
INFO_MEMORY, INFO_CMDLINE, INFO_MODULES, INFO_MMAP, INFO_NAME = 0x1, 0x4, 0x8, 0x40, 0x200
AVAILABLE, RESERVED, ACPI_RECLAIMABLE, ACPI_NVS = 1, 2, 3, 4


class MultibootError(ValueError):
    """An image that cannot be booted; the message says why."""


@dataclass(frozen=True, slots=True)
class VideoMode:
    """What the kernel would like; a loader need not grant it."""

    text: bool
    width: int
    height: int
    depth: int


@dataclass(frozen=True, slots=True)
class Header:
    """The header as found, ``offset`` bytes into the image."""

    offset: int
    flags: int
    addresses: tuple[int, int, int, int, int] | None  # header, load, load end, bss end, entry
    video: VideoMode | None

    @property
    def page_aligned_modules(self) -> bool:
        return bool(self.flags & PAGE_ALIGN)


@dataclass(frozen=True, slots=True)
class Kernel:
    """What a loader needs: segments and the physical entry address."""

    header: Header
    segments: tuple[Segment, ...]
    entry: int


@dataclass(frozen=True, slots=True)
class MemoryRange:
    """One row of the memory map; ``kind`` 1 is usable RAM."""

    base: int
    length: int
    kind: int = AVAILABLE


@dataclass(frozen=True, slots=True)
class Module:
    """A module that was loaded at ``start`` (the first byte after it is ``end``)."""

    start: int
    end: int
    cmdline: str = ""


def find_header(image: bytes) -> Header | None:
    """The header, or None where the image is no Multiboot kernel.

    Raises MultibootError for one that ends too early or asks for a feature
    that this loader does not know.
    """
    for offset in range(0, min(len(image), SEARCH_LIMIT) - 11, 4):
        magic, flags, checksum = struct.unpack_from("<3I", image, offset)
        if magic == HEADER_MAGIC and (magic + flags + checksum) & 0xFFFFFFFF == 0:
            return _parse_header(image, offset, flags)
    return None


def _parse_header(image: bytes, offset: int, flags: int) -> Header:
    if unknown := flags & MANDATORY & ~UNDERSTOOD:
        raise MultibootError(f"multiboot header asks for unknown features: flags {unknown:#x}")
    size = 48 if flags & VIDEO_MODE else 32 if flags & ADDRESSES else 12
    if offset + size > min(len(image), SEARCH_LIMIT):
        raise MultibootError(f"multiboot header at {offset:#x} is cut off: it has {size} bytes")
    addresses = video = None
    if flags & ADDRESSES:
        addresses = struct.unpack_from("<5I", image, offset + 12)
    if flags & VIDEO_MODE:
        mode, width, height, depth = struct.unpack_from("<4I", image, offset + 32)
        video = VideoMode(mode == 1, width, height, depth)
    return Header(offset, flags, addresses, video)


def parse(image: bytes) -> Kernel:
    """Check an image and say where its parts go; raises MultibootError."""
    header = find_header(image)
    if header is None:
        raise MultibootError(f"no multiboot header in the first {SEARCH_LIMIT} bytes of the image")
    if header.addresses is not None:
        return _by_addresses(image, header, header.addresses)
    if image[:4] == elf.MAGIC:
        try:
            return _by_elf(image, header)
        except elf.ElfError as error:
            raise MultibootError(str(error)) from error
    raise MultibootError("multiboot image is neither ELF nor gives load addresses (flag 16)")


def _by_addresses(
    image: bytes, header: Header, addresses: tuple[int, int, int, int, int]
) -> Kernel:
    at, load, load_end, bss_end, entry = addresses
    if load > at:
        raise MultibootError(f"load_addr {load:#x} lies above header_addr {at:#x}")
    start = header.offset - (at - load)
    if start < 0:
        raise MultibootError(f"load_addr {load:#x} lies {-start} bytes before the image")
    size = load_end - load if load_end else len(image) - start
    if size < 0:
        raise MultibootError(f"load_end_addr {load_end:#x} lies below load_addr {load:#x}")
    if start + size > len(image):
        raise MultibootError(
            f"load_end_addr {load_end:#x} needs {start + size} bytes, the image has {len(image)}"
        )
    total = bss_end - load if bss_end else size
    if total < size:
        raise MultibootError(f"bss_end_addr {bss_end:#x} lies below the end of the image's data")
    if not load <= entry < load + total:
        raise MultibootError(f"entry_addr {entry:#x} lies outside what is loaded")
    data = memoryview(image)[start : start + size]
    return Kernel(header, (Segment(load, data, total),), entry)


def _by_elf(image: bytes, header: Header) -> Kernel:
    says = elf.identity(image)
    if says.bits != 32 or says.byteorder != "little":
        raise MultibootError("not a 32-bit little-endian ELF file, and no load addresses given")
    if says.machine != EM_386:
        raise MultibootError(f"ELF machine {says.machine} is not Intel 80386")
    file = elf.ElfFile(image)
    segments = file.segments()
    for segment in segments:
        offset = file.entry - segment.virtual
        if 0 <= offset < segment.size:
            loaded = tuple(Segment(s.physical, s.data, s.size) for s in segments)
            return Kernel(header, loaded, segment.physical + offset)
    raise MultibootError(f"ELF entry {file.entry:#x} lies in no segment")


def build_info(
    address: int,
    *,
    mem_lower: int | None = None,
    mem_upper: int | None = None,
    cmdline: str | None = None,
    loader_name: str | None = None,
    memory_map: Sequence[MemoryRange] = (),
    modules: Sequence[Module] = (),
) -> bytes:
    """The information structure and all it points to, to be put at ``address``.

    ``mem_lower`` and ``mem_upper`` are KiB below 640 KiB and above 1 MiB.
    """
    flags = 0
    tail = bytearray()

    def place(data: bytes) -> int:
        tail.extend(bytes(-len(tail) % 4))
        where = address + INFO_SIZE + len(tail)
        tail.extend(data)
        return where

    def text(value: str) -> int:
        return place(value.encode(errors="surrogateescape") + b"\0")  # bytes of file names

    info = [0] * (INFO_SIZE // 4)
    if mem_lower is not None and mem_upper is not None:
        flags |= INFO_MEMORY
        info[1], info[2] = mem_lower, mem_upper
    if cmdline is not None:
        flags |= INFO_CMDLINE
        info[4] = text(cmdline)
    if modules:
        flags |= INFO_MODULES
        rows = b"".join(struct.pack("<4I", m.start, m.end, text(m.cmdline), 0) for m in modules)
        info[5], info[6] = len(modules), place(rows)
    if memory_map:
        flags |= INFO_MMAP
        # The size field does not count itself.
        rows = b"".join(struct.pack("<IQQI", 20, r.base, r.length, r.kind) for r in memory_map)
        info[11], info[12] = len(rows), place(rows)
    if loader_name is not None:
        flags |= INFO_NAME
        info[16] = text(loader_name)
    info[0] = flags
    return struct.pack(f"<{len(info)}I", *info) + bytes(tail)
