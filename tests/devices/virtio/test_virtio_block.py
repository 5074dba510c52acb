# SPDX-License-Identifier: GPL-2.0-or-later
"""The block device in front of image files."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from virtio_driver import RAM, RINGS, WRITE, Board, Driver, Queue

from vmm.devices.disk.disk import Disk
from vmm.devices.disk.overlay import CLUSTER, Overlay
from vmm.devices.disk.raw import RawDisk
from vmm.devices.virtio.block import (
    F_CONFIG_WCE,
    F_DISCARD,
    F_FLUSH,
    F_RO,
    F_WRITE_ZEROES,
    S_IOERR,
    S_OK,
    S_UNSUPP,
    T_DISCARD,
    T_FLUSH,
    T_GET_ID,
    T_IN,
    T_OUT,
    T_WRITE_ZEROES,
    Block,
)

HEADER, STATUS, DATA = RAM + 0x100000, RAM + 0x100100, RAM + 0x110000
SECTORS = 512


class Guest:
    """A driver that makes requests and waits for them."""

    def __init__(self, disk: Disk, features: int = F_FLUSH) -> None:
        self.board = Board(Block(disk, serial="disk of 23 characters.."))
        self.driver = Driver(self.board)
        offered = self.driver.offered()
        self.queue: Queue = self.driver.start(features & offered | RINGS, size=32)[0]

    def request(self, kind: int, sector: int = 0, out: bytes = b"", room: int = 0) -> int:
        """One request over DATA; its status."""
        put = self.board.put
        put(HEADER, struct.pack("<IIQ", kind, 0, sector))
        put(STATUS, b"\xff")
        buffers = [(HEADER, 16, 0)]
        if out:
            put(DATA, out)
            buffers.append((DATA, len(out), 0))
        if room:  # in pieces that are no sectors
            first = room - room // 3
            buffers += [(DATA, first, WRITE), (DATA + first, room - first, WRITE)]
        head = self.queue.add([*buffers, (STATUS, 1, WRITE)], indirect=sector % 2 == 1)
        self.queue.kick()
        assert self.queue.take() == [(head, room + 1)]
        return self.board.get(STATUS, 1)[0]

    def read(self, sector: int, count: int = 1) -> bytes:
        assert self.request(T_IN, sector, room=512 * count) == S_OK
        return self.board.get(DATA, 512 * count)


def pattern(size: int, seed: int = 0) -> bytes:
    return bytes((i * 7 + i // 512 + seed) & 0xFF for i in range(size))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(pattern(512 * SECTORS))
    return path


def raw(path: Path, read_only: bool = False) -> RawDisk:
    return RawDisk(path, read_only, probe=True)


def overlay(path: Path) -> Overlay:
    return Overlay(raw(path, read_only=True))


def test_the_configuration_says_what_there_is(image: Path) -> None:
    guest = Guest(raw(image))
    assert guest.driver.config(0, 8) == SECTORS
    assert guest.driver.config(20, 4) == 512
    assert guest.driver.offered() & (F_RO | F_FLUSH | F_DISCARD) == F_FLUSH | F_DISCARD
    assert guest.request(T_GET_ID, room=20) == S_OK
    assert guest.board.get(DATA, 20) == b"disk of 23 character"


@pytest.mark.parametrize("make", [raw, overlay])
def test_what_is_written_is_read_back(make, image: Path) -> None:  # type: ignore[no-untyped-def]
    guest = Guest(make(image))
    assert guest.read(3, 5) == pattern(512 * SECTORS)[3 * 512 : 8 * 512]
    new = pattern(6 * 512, seed=99)
    at = CLUSTER // 512 - 3  # over the border of a cluster
    assert guest.request(T_OUT, at, out=new) == S_OK
    assert guest.read(at - 1, 8) == (
        pattern(512 * SECTORS)[(at - 1) * 512 : at * 512] + new
        + pattern(512 * SECTORS)[(at + 6) * 512 : (at + 7) * 512]
    )
    expected = bytearray(pattern(512 * SECTORS))
    if make is raw:
        expected[at * 512 : (at + 6) * 512] = new
    assert image.read_bytes() == expected


@pytest.mark.parametrize("make", [raw, overlay])
def test_zeroes_and_discards(make, image: Path) -> None:  # type: ignore[no-untyped-def]
    guest = Guest(make(image), F_DISCARD | F_WRITE_ZEROES | F_FLUSH)
    ranges = struct.pack("<QIIQII", 1, 2, 0, 100, 200, 1)
    assert guest.request(T_WRITE_ZEROES, out=ranges) == S_OK
    assert guest.read(0, 4) == pattern(512) + bytes(1024) + pattern(2048)[1536:]
    assert guest.read(100, 100) + guest.read(200, 100) == bytes(512 * 200)
    assert guest.request(T_DISCARD, out=struct.pack("<QII", 400, 8, 0)) == S_OK
    assert guest.read(399)[:512] == pattern(512 * SECTORS)[399 * 512 : 400 * 512]


@pytest.mark.parametrize("kind, sector, size", [
    (T_IN, SECTORS, 512), (T_IN, SECTORS - 1, 1024), (T_IN, 0, 511), (T_IN, (1 << 64) - 1, 512),
    (T_OUT, SECTORS, 512), (T_OUT, (1 << 55) + 1, 512), (T_OUT, 0, 100),
])
def test_beyond_the_disk_is_an_error(kind: int, sector: int, size: int, image: Path) -> None:
    guest = Guest(raw(image))
    out = bytes(size) if kind == T_OUT else b""
    assert guest.request(kind, sector, out=out, room=0 if out else size) == S_IOERR
    assert image.read_bytes() == pattern(512 * SECTORS)
    assert guest.read(1) == pattern(1024)[512:]


@pytest.mark.parametrize("data, status", [
    (struct.pack("<QII", SECTORS, 1, 0), S_IOERR), (struct.pack("<QII", 0, 1, 2), S_UNSUPP),
    (struct.pack("<QIIQII", 0, 1, 0, SECTORS, 1, 0), S_IOERR), (b"short", S_IOERR),
    (struct.pack("<QII", 0, 0, 0), S_OK), (bytes(16) * 33, S_IOERR),
])
def test_bad_ranges_change_nothing(data: bytes, status: int, image: Path) -> None:
    guest = Guest(raw(image), F_WRITE_ZEROES)
    assert guest.request(T_WRITE_ZEROES, out=data) == status
    assert image.read_bytes() == pattern(512 * SECTORS)


def test_unknown_requests_are_unsupported(image: Path) -> None:
    assert Guest(raw(image)).request(77) == S_UNSUPP


def test_a_read_only_disk(image: Path) -> None:
    image.chmod(0o444)
    guest = Guest(raw(image, read_only=True))
    assert guest.driver.offered() & (F_RO | F_DISCARD | F_WRITE_ZEROES | F_CONFIG_WCE) == F_RO
    assert guest.request(T_OUT, 0, out=bytes(512)) == S_IOERR
    assert guest.request(T_WRITE_ZEROES, out=struct.pack("<QII", 0, 1, 0)) == S_UNSUPP
    assert guest.read(0) == pattern(512)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is in the file's first byte whenever it is brought to the disk."""
    seen: list[bytes] = []
    monkeypatch.setattr(os, "fdatasync", lambda fd: seen.append(os.pread(fd, 1, 0)))
    return seen


def test_a_flush_reaches_the_file_before_its_completion(image: Path, syncs: list[bytes]) -> None:
    guest = Guest(raw(image), F_FLUSH)
    assert guest.request(T_OUT, 0, out=b"N" * 512) == S_OK and syncs == []
    assert guest.request(T_FLUSH) == S_OK and syncs == [b"N"]


def test_without_flush_every_write_reaches_the_file(image: Path, syncs: list[bytes]) -> None:
    guest = Guest(raw(image), 0)
    assert guest.request(T_OUT, 0, out=b"N" * 512) == S_OK and syncs == [b"N"]


def test_a_driver_can_choose_write_through(image: Path, syncs: list[bytes]) -> None:
    guest = Guest(raw(image), F_FLUSH | F_CONFIG_WCE)
    assert guest.driver.config(32, 1) == 1
    guest.board.mmio.write(0x100 + 32, 1, 0)
    assert guest.driver.config(32, 1) == 0
    assert guest.request(T_OUT, 0, out=b"N" * 512) == S_OK and syncs == [b"N"]


def test_a_failed_flush_is_an_error(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fails)
    guest = Guest(raw(image), F_FLUSH)
    assert guest.request(T_FLUSH) == S_IOERR
    assert "input/output error" in guest.board.notes[-1]


def test_a_request_without_a_status_stops_the_device(image: Path) -> None:
    guest = Guest(raw(image))
    guest.queue.add([(HEADER, 16, 0)])
    guest.queue.kick()
    assert guest.driver.status & 0x40 and "room for its header" in guest.board.notes[-1]
