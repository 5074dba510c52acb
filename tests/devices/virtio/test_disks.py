# SPDX-License-Identifier: GPL-2.0-or-later
"""Image files: which are refused, and what becomes of odd ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm.devices.disk.disk import DiskError
from vmm.devices.disk.overlay import Overlay
from vmm.devices.disk.raw import ImageError, RawDisk


def image(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(data)
    return path


def read(disk: RawDisk | Overlay, offset: int, size: int) -> bytes:
    data = bytearray(b"\xee" * size)
    view = memoryview(data)
    disk.read(offset, [view[: size // 2], view[size // 2 :]])
    return bytes(data)


def test_a_short_last_sector_reads_as_zeros_and_can_be_written(tmp_path: Path) -> None:
    path = image(tmp_path, b"a" * 1000)
    disk = RawDisk(path, read_only=False)
    assert disk.size == 1024
    assert read(disk, 512, 512) == b"a" * 488 + bytes(24)
    disk.write(512, [memoryview(b"b" * 512)])
    assert path.read_bytes() == b"a" * 512 + b"b" * 512


def test_an_overlay_of_a_short_image(tmp_path: Path) -> None:
    path = image(tmp_path, b"a" * 1000)
    disk = Overlay(RawDisk(path, read_only=True))
    disk.write(1023 - 511, [memoryview(b"b" * 512)])
    assert read(disk, 0, 1024) == b"a" * 512 + b"b" * 512
    assert path.read_bytes() == b"a" * 1000


def test_an_image_that_is_cut_while_it_is_used(tmp_path: Path) -> None:
    path = image(tmp_path, bytes(4096))
    disk = RawDisk(path, read_only=False)
    with path.open("r+b") as file:
        file.truncate(1024)
    assert read(disk, 0, 1024) == bytes(1024)
    with pytest.raises(DiskError, match="ends at byte 1024 of 4096"):
        read(disk, 512, 1024)


def test_an_image_larger_than_any_disk(tmp_path: Path) -> None:
    path = image(tmp_path, b"")
    with path.open("r+b") as file:
        file.truncate((8 << 40) - 1)  # sparse
    disk = RawDisk(path, read_only=False)
    assert disk.size == 8 << 40
    disk.write(disk.size - 512, [memoryview(b"z" * 512)])
    assert read(disk, disk.size - 512, 512) == b"z" * 512
    held = Overlay(disk)
    held.write_zeroes(disk.size - 512, 512, unmap=True)
    assert read(held, disk.size - 512, 512) == bytes(512)


@pytest.mark.parametrize("data, why", [
    (b"", "empty"), (b"QFI\xfb" + bytes(512), "qcow2"), (b"KDMV" + bytes(512), "VMDK"),
])
def test_images_that_are_refused(tmp_path: Path, data: bytes, why: str) -> None:
    path = image(tmp_path, data)
    with pytest.raises(ImageError, match=why) as error:
        RawDisk(path, read_only=True, probe=True)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_a_foreign_format_can_be_said_to_be_raw(tmp_path: Path) -> None:
    assert RawDisk(image(tmp_path, b"QFI\xfb" + bytes(508)), read_only=True).size == 512


def test_no_file_and_no_image(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        RawDisk(tmp_path / "none.img", read_only=True)
    with pytest.raises(ImageError, match=r"directory|neither a file"):
        RawDisk(tmp_path, read_only=True)


def test_one_writer_or_many_readers(tmp_path: Path) -> None:
    path = image(tmp_path, bytes(512))
    first = RawDisk(path, read_only=True)
    RawDisk(path, read_only=True)
    with pytest.raises(ImageError, match="in use by another machine"):
        RawDisk(path, read_only=False)
    del first
    RawDisk(path, read_only=False)


def test_more_buffers_than_one_call_takes(tmp_path: Path) -> None:
    path = image(tmp_path, bytes(range(256)) * 16)
    data = bytearray(4096)
    view = memoryview(data)
    disk = RawDisk(path, read_only=False)
    disk.read(0, [view[i : i + 1] for i in range(4096)])
    assert bytes(data) == path.read_bytes()
    disk.write(0, [memoryview(b"%c" % (i & 0x7F)) for i in range(4096)])
    assert path.read_bytes() == bytes(range(128)) * 32


def test_what_an_overlay_has_kept_can_be_committed(tmp_path: Path) -> None:
    path = image(tmp_path, bytes(100_000))
    overlay = Overlay(RawDisk(path, read_only=True))
    overlay.write(65_000, [memoryview(b"x" * 1024)])
    assert path.read_bytes() == bytes(100_000)
    before = bytearray(overlay.size)
    overlay.read(0, [memoryview(before)])
    assert overlay.commit() == overlay.size
    assert path.read_bytes()[64_990:66_034] == bytes(10) + b"x" * 1024 + bytes(10)
    after = bytearray(overlay.size)
    overlay.read(0, [memoryview(after)])
    assert after == before
    reader = RawDisk(path, read_only=True)
    with pytest.raises(DiskError, match="in use by another machine"):
        overlay.commit()
    del reader
    path.unlink()
    with pytest.raises(DiskError, match="no such file"):
        overlay.commit()
