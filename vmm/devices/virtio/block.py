# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio block device (virtio 1.2, 5.2) in front of a disk back end.

A flush is complete once the back end has everything where it outlives the
host.  A driver that has not accepted VIRTIO_BLK_F_FLUSH, or has switched the
cache to write-through, gets that with every write.
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass

from vmm.devices.disk.disk import SECTOR, Disk, DiskError
from vmm.devices.virtio.device import VirtioDevice
from vmm.devices.virtio.virtqueue import Chain, QueueError, Virtqueue, scatter, take

DEVICE_ID = 2
F_SEG_MAX, F_RO, F_BLK_SIZE, F_FLUSH = 1 << 2, 1 << 5, 1 << 6, 1 << 9
F_CONFIG_WCE, F_DISCARD, F_WRITE_ZEROES = 1 << 11, 1 << 13, 1 << 14
T_IN, T_OUT, T_FLUSH, T_GET_ID, T_DISCARD, T_WRITE_ZEROES = 0, 1, 4, 8, 11, 13
S_OK, S_IOERR, S_UNSUPP = 0, 1, 2
HEADER = struct.Struct("<IIQ")  # type, reserved, sector
SEGMENT = struct.Struct("<QII")  # sector, num_sectors, flags
SEGMENT_UNMAP = 1
QUEUE_SIZE = 256
SEG_MAX = QUEUE_SIZE - 2  # a request's header and status are descriptors too
ID_SIZE = 20
RANGES_MAX = 32  # segments in a discard or write zeroes
RANGE_SECTORS_MAX = (1 << 31) // SECTOR
# capacity, size_max, seg_max, geometry, blk_size, topology, writeback, unused, num_queues,
# discard: sectors, segments, alignment; write zeroes: sectors, segments, may unmap, padding
CONFIG = struct.Struct("<QII4sI8sBBHIIIIIB3s")
WRITEBACK = 32


@dataclass(slots=True)
class BlockStatistics:
    """Requests and bytes since the machine was built."""

    reads: int = 0
    read_bytes: int = 0
    writes: int = 0
    written_bytes: int = 0
    flushes: int = 0
    errors: int = 0


@dataclass(slots=True)
class BlockState:
    """What the driver has chosen."""

    writeback: int = 1
    write_through: bool = False  # no F_FLUSH


class Block:
    """A disk."""

    device_id = DEVICE_ID
    queue_sizes: tuple[int, ...] = (QUEUE_SIZE,)

    def __init__(self, disk: Disk, name: str = "virtio-blk", serial: str = "") -> None:
        """``serial`` is what the driver can ask for; its first 20 bytes count."""
        self.disk = disk
        self.name = name
        self.serial = serial.encode()[:ID_SIZE]
        self.features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH
        if disk.read_only:
            self.features |= F_RO
        else:
            self.features |= F_CONFIG_WCE | F_DISCARD | F_WRITE_ZEROES
        self.state = BlockState()
        self.statistics = BlockStatistics()

    # -- configuration ----------------------------------------------------------

    def config(self) -> bytes:
        writable = not self.disk.read_only
        ranges = (RANGE_SECTORS_MAX, RANGES_MAX) if writable else (0, 0)
        return CONFIG.pack(
            self.disk.size // SECTOR, 0, SEG_MAX, bytes(4), SECTOR, bytes(8),
            self.state.writeback, 0, 1, *ranges, int(writable), *ranges, int(writable), bytes(3),
        )

    def configure(self, offset: int, data: bytes) -> None:
        """The driver may switch the cache between write-back (1) and write-through (0)."""
        if offset == WRITEBACK and len(data) == 1 and self.features & F_CONFIG_WCE:
            self.state.writeback = data[0] & 1

    def counters(self) -> dict[str, int]:
        return asdict(self.statistics)

    def start(self, device: VirtioDevice) -> None:
        self.state.write_through = not device.has(F_FLUSH)

    def reset(self) -> None:
        self.state = BlockState()

    # -- requests ---------------------------------------------------------------

    def serve(self, device: VirtioDevice, queue: Virtqueue) -> None:
        while (chain := queue.pop()) is not None:
            queue.push(chain, self._request(device, chain))

    def _request(self, device: VirtioDevice, chain: Chain) -> int:
        """Do one request; returns how many bytes of the chain were written."""
        room = chain.write_size - 1
        if chain.read_size < HEADER.size or room < 0:
            raise QueueError("a block request without room for its header and its status")
        kind, _, sector = HEADER.unpack(_join(chain.readable, HEADER.size))
        status = S_OK
        try:
            if kind == T_IN:
                self._read(sector, chain, room)
            elif kind == T_OUT:
                status = self._write(sector, chain)
            elif kind == T_FLUSH:
                self.statistics.flushes += 1
                self.disk.flush()
            elif kind == T_GET_ID:
                scatter(chain.writable, self.serial.ljust(ID_SIZE, b"\0")[:room])
            elif kind in (T_DISCARD, T_WRITE_ZEROES) and not self.disk.read_only:
                status = self._ranges(kind, chain)
            else:
                status = S_UNSUPP
        except (_Outside, DiskError) as error:
            device.unknown.note(str(error))
            status = S_IOERR
        if status != S_OK:
            self.statistics.errors += 1
        scatter(chain.writable, bytes([status]), room)
        return room + 1  # the status is the last byte, and what lies before it counts too

    def _check(self, sector: int, size: int) -> int:
        """The byte where a transfer begins, if it is all on the disk and whole sectors."""
        offset = sector * SECTOR
        if size % SECTOR or offset + size > self.disk.size:
            raise _Outside(f"{size} bytes at sector {sector} are not all on the disk")
        return offset

    def _read(self, sector: int, chain: Chain, size: int) -> None:
        offset = self._check(sector, size)
        self.disk.read(offset, take(chain.writable, 0, size))
        self.statistics.reads += 1
        self.statistics.read_bytes += size

    def _write(self, sector: int, chain: Chain) -> int:
        if self.disk.read_only:
            return S_IOERR
        data = take(chain.readable, HEADER.size)
        size = sum(map(len, data))
        self.disk.write(self._check(sector, size), data)
        if self.state.write_through or not self.state.writeback:
            self.disk.flush()
        self.statistics.writes += 1
        self.statistics.written_bytes += size
        return S_OK

    def _ranges(self, kind: int, chain: Chain) -> int:
        """Discard or zero; nothing is done unless all ranges are good (5.2.6.2)."""
        data = _join(take(chain.readable, HEADER.size), RANGES_MAX * SEGMENT.size + 1)
        if not data or len(data) % SEGMENT.size or len(data) > RANGES_MAX * SEGMENT.size:
            return S_IOERR
        ranges = list(SEGMENT.iter_unpack(data))
        for sector, count, flags in ranges:
            if flags & ~SEGMENT_UNMAP or (kind == T_DISCARD and flags):
                return S_UNSUPP
            self._check(sector, count * SECTOR)
            if count > RANGE_SECTORS_MAX:
                return S_IOERR
        for sector, count, flags in ranges:
            if not count:
                continue
            if kind == T_DISCARD:
                self.disk.discard(sector * SECTOR, count * SECTOR)
            else:
                self.disk.write_zeroes(sector * SECTOR, count * SECTOR, bool(flags))
        return S_OK


class _Outside(Exception):
    """A request beyond the disk's end, or not of whole sectors."""


def _join(views: list[memoryview], size: int) -> bytes:
    """At most ``size`` bytes from the beginning."""
    return b"".join(take(views, 0, size))
