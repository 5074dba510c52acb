# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux' boot protocol: which images are accepted, and what the zero page tells the kernel."""

import struct

import pytest

from vmm.machine import bzimage
from vmm.machine.bzimage import BzImageError
from vmm.machine.multiboot import MemoryRange

CODE = bytes(range(64))


def image(
    code: bytes = CODE, *, version: int = 0x20F, loadflags: int = 1, sects: int = 1,
    jump: int = 0x6A, syssize: int | None = None, preferred: int = 0x1000000,
    init_size: int = 0x200000,
) -> bytes:
    """A kernel with one sector of setup code, as the kernel's own build lays it out."""
    setup = bytearray(512 * ((sects or 4) + 1))
    for offset, layout, value in (
        (0x1F1, "<B", sects), (0x1F4, "<I", len(code) // 16 if syssize is None else syssize),
        (0x1FE, "<H", 0xAA55), (0x200, "<BB4s", (0xEB, jump, b"HdrS")), (0x206, "<H", version),
        (0x211, "<B", loadflags), (0x214, "<I", 0x100000), (0x22C, "<I", 0x37FFFFFF),
        (0x238, "<I", 2047), (0x258, "<Q", preferred), (0x260, "<I", init_size),
    ):
        struct.pack_into(layout, setup, offset, *(value if isinstance(value, tuple) else (value,)))
    return bytes(setup) + code


def test_what_a_kernel_demands() -> None:
    kernel = bzimage.parse(image())
    assert bytes(kernel.code) == CODE
    assert (kernel.cmdline_size, kernel.initrd_addr_max) == (2047, 0x37FFFFFF)
    assert kernel.end == 0x1200000


def test_no_setup_sectors_mean_four() -> None:
    assert bytes(bzimage.parse(image(sects=0)).code) == CODE


def test_a_kernel_is_known_by_its_two_signatures() -> None:
    good = image()
    assert bzimage.is_bzimage(good)
    for offset in (0x1FE, 0x202):
        assert not bzimage.is_bzimage(good[:offset] + b"\0" + good[offset + 1 :])
    assert not bzimage.is_bzimage(good[:0x203])


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (image()[:0x220], "cut short: the setup header"),
        (image()[:1024], "cut short: 1024 bytes, and the setup header says 1088"),
        (image()[:-1], "cut short: 1087 bytes"),
        (image(b"", syssize=0), "cut short: 1024 bytes"),
        (image(version=0x209), r"boot protocol 2\.09"),
        (image(loadflags=0), "zImage"),
        (image(jump=0x20), "ends at 0x222"),
    ],
)
def test_broken_images_are_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(BzImageError, match=complaint):
        bzimage.parse(data)


def test_the_zero_page() -> None:
    kernel = bzimage.parse(image())
    rows = (MemoryRange(0, 0xA0000), MemoryRange(0xF0000, 0x10000, 2),
            MemoryRange(0x100000, 0x7F00000))
    page = bzimage.zero_page(kernel, 0x20000, 0x7000000, 0x1234, rows)
    assert len(page) == 4096
    # The header as it was, to the byte that its jump names, but for the loader's own fields.
    assert page[0x1F1:0x210] == image()[0x1F1:0x210]
    assert page[0x26C:0x2D0] == bytes(0x64)
    assert page[0x210] == 0xFF
    assert struct.unpack_from("<I", page, 0x228) == (0x20000,)
    assert struct.unpack_from("<II", page, 0x218) == (0x7000000, 0x1234)
    assert struct.unpack_from("<I", page, 0x1E0) == (0x7F00000 >> 10,)
    assert page[0x1E8] == 3
    found = [struct.unpack_from("<QQI", page, 0x2D0 + 20 * n) for n in range(3)]
    assert found == [(r.base, r.length, r.kind) for r in rows]
    # The kernel distrusts a loader that has not cleared the page: the sentinel.
    assert page[0x1EF] == 0
