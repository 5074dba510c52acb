# SPDX-License-Identifier: GPL-2.0-or-later
"""Multiboot 1: which images are accepted, what goes where, the information structure."""

import struct

import pytest

from vmm.machine.multiboot import (
    HEADER_MAGIC,
    MemoryRange,
    Module,
    MultibootError,
    VideoMode,
    build_info,
    find_header,
    parse,
)


def header(flags: int = 0, *words: int) -> bytes:
    return struct.pack("<3I", HEADER_MAGIC, flags, -(HEADER_MAGIC + flags) & 0xFFFFFFFF) + (
        struct.pack(f"<{len(words)}I", *words)
    )


def elf(
    body: bytes,
    *,
    physical: int = 0x100000,
    virtual: int | None = None,
    entry: int | None = None,
    size: int | None = None,
    machine: int = 3,
    elf_class: int = 1,
) -> bytes:
    """A file of one segment that starts at file offset 84."""
    virtual = physical if virtual is None else virtual
    entry = virtual if entry is None else entry
    ident = b"\x7fELF" + bytes((elf_class, 1, 1)) + bytes(9)
    size = len(body) if size is None else size
    return (
        ident
        + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, entry, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        + struct.pack("<8I", 1, 84, virtual, physical, len(body), size, 7, 4)
        + body
    )


def test_elf_kernel() -> None:
    kernel = parse(elf(header(3) + b"code", size=100))
    assert kernel.entry == 0x100000
    (segment,) = kernel.segments
    assert (segment.address, segment.data, segment.size) == (0x100000, header(3) + b"code", 100)
    assert kernel.header.offset == 84
    assert kernel.header.page_aligned_modules


def test_elf_entry_is_translated_to_its_physical_address() -> None:
    kernel = parse(elf(header(), physical=0x200000, virtual=0xC0200000, entry=0xC0200004))
    assert kernel.entry == 0x200004
    assert kernel.segments[0].address == 0x200000


def test_addresses_override_the_elf_headers() -> None:
    body = header(0x10000, 0x300054, 0x300000, 0, 0x301000, 0x300060)
    image = elf(body, machine=62)  # a 64-bit kernel in disguise
    kernel = parse(image)
    (segment,) = kernel.segments
    assert (segment.address, segment.data, segment.size) == (0x300000, image, 0x1000)
    assert kernel.entry == 0x300060


def test_flat_image_with_load_end() -> None:
    image = (
        bytes(16) + header(0x10000, 0x100010, 0x100008, 0x100030, 0x100040, 0x100010) + b"x" * 99
    )
    (segment,) = parse(image).segments
    assert (segment.address, segment.data, segment.size) == (0x100008, image[8:0x30], 0x38)


def test_video_mode_is_read() -> None:
    found = find_header(header(4, 0, 0, 0, 0, 0, 1, 80, 25, 0))
    assert found is not None
    assert found.video == VideoMode(True, 80, 25, 0)
    assert found.addresses is None


@pytest.mark.parametrize("position", [8192 - 12, 4096, 0])
def test_header_lies_in_the_first_8_kib(position: int) -> None:
    found = find_header(bytes(position) + header() + bytes(64))
    assert found is not None
    assert found.offset == position


@pytest.mark.parametrize("position", [8192 - 8, 8192, 2])
def test_header_elsewhere_is_not_found(position: int) -> None:
    assert find_header(bytes(position) + header() + bytes(64)) is None


def test_wrong_checksum_is_passed_over() -> None:
    bad = struct.pack("<3I", HEADER_MAGIC, 0, 1)
    found = find_header(bad + header(2))
    assert found is not None
    assert (found.offset, found.flags) == (12, 2)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (b"", "no multiboot header"),
        (header(8), "unknown features"),
        (header(0), "neither ELF"),
        (header(0x10000, 0x100000), "cut off"),
        (header(0x10000, 0x100000, 0x100010, 0, 0, 0x100010), "above header_addr"),
        (header(0x10000, 0x100010, 0x100000, 0, 0, 0x100000), "before the image"),
        (header(0x10000, 0x100000, 0x100000, 0x100100, 0, 0x100000), "the image has 32"),
        (header(0x10000, 0x100000, 0x100000, 0x1000, 0, 0x100000), "below load_addr"),
        (header(0x10000, 0x100000, 0x100000, 0, 0x100004, 0x100000), "below the end"),
        (header(0x10000, 0x100000, 0x100000, 0, 0, 0x200000), "entry_addr"),
        (elf(header(), machine=62), "machine 62"),
        (elf(header(), elf_class=2), "not a 32-bit"),
        (elf(header(), entry=0x50), "in no segment"),
        (elf(header(), size=4), "impossible size"),
        (elf(header() + bytes(8))[:-1], "segment 0 is cut off"),
        (elf(header(), physical=0xFFFFFFF8), "impossible size"),
    ],
)
def test_bad_images_are_refused_with_a_reason(image: bytes, message: str) -> None:
    with pytest.raises(MultibootError, match=message):
        parse(image)


def string_at(data: bytes, address: int, base: int) -> str:
    start = address - base
    return data[start : data.index(b"\0", start)].decode()


def test_information_structure() -> None:
    base = 0x9000
    ranges = [MemoryRange(0, 0x9FC00), MemoryRange(0xFFFF0000, 0x10000, 2)]
    data = build_info(
        base,
        mem_lower=639,
        mem_upper=31744,
        cmdline="kernel a=b",
        loader_name="vmm",
        memory_map=ranges,
        modules=[Module(0x200000, 0x201000, "one"), Module(0x300000, 0x300001)],
    )
    words = struct.unpack_from("<22I", data)
    assert words[0] == 0x1 | 0x4 | 0x8 | 0x40 | 0x200
    assert words[1:3] == (639, 31744)
    assert string_at(data, words[4], base) == "kernel a=b"
    assert string_at(data, words[16], base) == "vmm"
    assert words[5] == 2
    first = struct.unpack_from("<4I", data, words[6] - base)
    second = struct.unpack_from("<4I", data, words[6] - base + 16)
    assert first[:2] == (0x200000, 0x201000)
    assert string_at(data, first[2], base) == "one"
    assert second[:2] == (0x300000, 0x300001)
    assert string_at(data, second[2], base) == ""
    assert words[11] == 48
    rows = [struct.unpack_from("<IQQI", data, words[12] - base + 24 * n) for n in range(2)]
    assert rows == [(20, 0, 0x9FC00, 1), (20, 0xFFFF0000, 0x10000, 2)]
    assert words[6] % 4 == words[12] % 4 == 0


def test_information_left_out_has_no_flag() -> None:
    data = build_info(0x1000)
    assert data == bytes(88)
    assert struct.unpack_from("<I", build_info(0, cmdline=""))[0] == 0x4
