# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtio driver in Python, as a guest's: it reaches its device by registers and memory only."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from vmm.devices.virtio.device import (
    ACKNOWLEDGE,
    DRIVER,
    DRIVER_OK,
    F_EVENT_IDX,
    F_INDIRECT_DESC,
    F_VERSION_1,
    FEATURES_OK,
    Function,
    VirtioDevice,
)
from vmm.devices.virtio.mmio import VirtioMmio
from vmm.machine.bus import Bus
from vmm.machine.dma import Dma
from vmm.machine.line import Line

RAM, RAM_SIZE = 0x40000000, 4 << 20
ROM, ROM_SIZE = 0, 0x10000
NEXT, WRITE, INDIRECT = 1, 2, 4
RINGS = F_INDIRECT_DESC | F_EVENT_IDX


class Board:
    """4 MiB of RAM, a ROM, and one device in an mmio slot."""

    def __init__(self, function: Function) -> None:
        self.bus = Bus("little")
        self.bus.add_memory(RAM, RAM_SIZE, "RAM")
        self.bus.add_memory(ROM, ROM_SIZE, "ROM", rom=True)
        self.device = VirtioDevice(function, Dma(self.bus))
        self.line = Line()
        self.edges = 0
        self.line.sink = self._edge
        self.mmio = VirtioMmio(self.device, self.line)
        self.notes: list[str] = []
        self.device.unknown.sink = self.notes.append
        self.free = RAM

    def _edge(self, level: bool) -> None:
        self.edges += level

    def allocate(self, size: int, align: int = 16) -> int:
        """Memory that nobody else has."""
        self.free = -(-self.free // align) * align
        address, self.free = self.free, self.free + size
        assert self.free <= RAM + RAM_SIZE
        return address

    def put(self, address: int, data: bytes) -> None:
        assert self.bus.write_memory(address, data)

    def get(self, address: int, size: int) -> bytes:
        data = self.bus.read_memory(address, size)
        assert data is not None
        return data


class Queue:
    """The driver's side of one split virtqueue."""

    def __init__(self, driver: Driver, index: int, size: int) -> None:
        self.driver, self.board, self.index, self.size = driver, driver.board, index, size
        self.desc = self.board.allocate(16 * size)
        self.avail = self.board.allocate(6 + 2 * size)
        self.used = self.board.allocate(6 + 8 * size)
        for address, length in (
            (self.desc, 16 * size), (self.avail, 6 + 2 * size), (self.used, 6 + 8 * size)
        ):
            self.board.put(address, bytes(length))
        self.idx = self.seen = self.next = 0

    def describe(self, slot: int, address: int, length: int, flags: int, following: int) -> None:
        self.board.put(self.desc + 16 * slot, descriptor(address, length, flags, following))

    def offer(self, head: int) -> None:
        """Put a chain into the available ring."""
        self.board.put(self.avail + 4 + 2 * (self.idx % self.size), struct.pack("<H", head))
        self.idx = self.idx + 1 & 0xFFFF
        self.board.put(self.avail + 2, struct.pack("<H", self.idx))

    def add(self, buffers: Sequence[tuple[int, int, int]], indirect: bool = False) -> int:
        """Offer a chain of (address, size, WRITE or 0); returns its head."""
        count = len(buffers)
        if indirect:
            table = self.board.allocate(16 * count)
            self.board.put(table, b"".join(
                descriptor(address, size, flags | (NEXT if i + 1 < count else 0), i + 1)
                for i, (address, size, flags) in enumerate(buffers)
            ))
            head = self._slots(1)
            self.describe(head, table, 16 * count, INDIRECT, 0)
        else:
            head = self._slots(count)
            for i, (address, size, flags) in enumerate(buffers):
                last = i + 1 == count
                self.describe((head + i) % self.size, address, size,
                              flags | (0 if last else NEXT), (head + i + 1) % self.size)
        self.offer(head)
        return head

    def _slots(self, count: int) -> int:
        head, self.next = self.next, (self.next + count) % self.size
        return head

    def want_interrupt_at(self, index: int) -> None:
        """Set used_event (VIRTIO_F_EVENT_IDX)."""
        self.board.put(self.avail + 4 + 2 * self.size, struct.pack("<H", index & 0xFFFF))

    @property
    def avail_event(self) -> int:
        """The chain at which the device wants to be notified."""
        return int.from_bytes(self.board.get(self.used + 4 + 8 * self.size, 2), "little")

    def kick(self) -> None:
        self.driver.write(0x50, self.index)

    def take(self) -> list[tuple[int, int]]:
        """What the device has given back since the last look: (head, bytes written)."""
        idx = int.from_bytes(self.board.get(self.used + 2, 2), "little")
        found = []
        while self.seen != idx:
            at = self.used + 4 + 8 * (self.seen % self.size)
            found.append(struct.unpack("<II", self.board.get(at, 8)))
            self.seen = self.seen + 1 & 0xFFFF
        return found


def descriptor(address: int, length: int, flags: int, following: int) -> bytes:
    return struct.pack("<QIHH", address, length, flags, following)


class Driver:
    """Finds, negotiates and uses one device."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.queues: list[Queue] = []

    def read(self, offset: int) -> int:
        return self.board.mmio.read(offset, 4)

    def write(self, offset: int, value: int) -> None:
        self.board.mmio.write(offset, 4, value)

    @property
    def status(self) -> int:
        return self.read(0x70)

    def offered(self) -> int:
        features = 0
        for word in (0, 1):
            self.write(0x14, word)
            features |= self.read(0x10) << 32 * word
        return features

    def negotiate(self, features: int = 0) -> None:
        """Up to FEATURES_OK, with these features and VERSION_1."""
        self.write(0x70, 0)
        self.write(0x70, ACKNOWLEDGE)
        self.write(0x70, ACKNOWLEDGE | DRIVER)
        features |= F_VERSION_1
        for word in (0, 1):
            self.write(0x24, word)
            self.write(0x20, features >> 32 * word & 0xFFFFFFFF)
        self.write(0x70, ACKNOWLEDGE | DRIVER | FEATURES_OK)

    def queue(self, index: int, size: int = 8) -> Queue:
        """Set a queue up."""
        queue = Queue(self, index, size)
        self.set_up(queue)
        self.queues.append(queue)
        return queue

    def set_up(self, queue: Queue) -> None:
        self.write(0x30, queue.index)
        self.write(0x38, queue.size)
        for register, address in ((0x80, queue.desc), (0x90, queue.avail), (0xA0, queue.used)):
            self.write(register, address & 0xFFFFFFFF)
            self.write(register + 4, address >> 32)
        self.write(0x44, 1)

    def ready(self) -> None:
        self.write(0x70, self.status | DRIVER_OK)

    def start(self, features: int = 0, queues: int = 1, size: int = 8) -> list[Queue]:
        """All of it, with the first ``queues`` queues."""
        self.negotiate(features)
        made = [self.queue(index, size) for index in range(queues)]
        self.ready()
        return made

    def config(self, offset: int, size: int) -> int:
        """The configuration space, read as a guest reads it."""
        whole = b"".join(
            self.board.mmio.read(0x100 + offset + at, 1).to_bytes(1, "little")
            for at in range(size)
        )
        return int.from_bytes(whole, "little")
