# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import struct

from virtio_driver import RAM, RINGS, WRITE, Board, Driver, Queue

from vmm.devices.virtio.net import F_MRG_RXBUF, F_STATUS, HEADER, Net
from vmm.machine.network import Port

MAC = bytes.fromhex("525400123456")
FRAME = bytes(range(200)) * 7
BUFFERS, SENT = RAM + 0x100000, RAM + 0x200000


class Wire:
    """A network that keeps what it gets."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def sent(self, port: Port, frame: bytes) -> None:
        self.frames.append(frame)


class Guest:
    def __init__(self, features: int) -> None:
        self.port, self.wire = Port("net0"), Wire()
        self.port.plug(self.wire)
        self.board = Board(Net(self.port, MAC))
        self.driver = Driver(self.board)
        self.receive: Queue
        self.receive, self.transmit = self.driver.start(features, queues=2)

    def offer(self, *sizes: int) -> None:
        """Buffers to receive into, a chain each."""
        for size in sizes:
            self.receive.add([(BUFFERS + 0x1000 * (self.receive.idx % 8), size, WRITE)])

    def send(self, frame: bytes, header: bytes = bytes(HEADER.size)) -> None:
        self.board.put(SENT, header + frame)
        self.transmit.add([(SENT, len(header), 0), (SENT + len(header), len(frame), 0)])
        self.transmit.kick()


def test_a_frame_is_sent_whole() -> None:
    guest = Guest(RINGS)
    guest.send(FRAME)
    assert guest.wire.frames == [FRAME] and guest.transmit.take() == [(0, 0)]


def test_frames_with_offloads_that_nobody_negotiated_are_not_sent() -> None:
    guest = Guest(0)
    guest.send(FRAME, bytes([1]) + bytes(11))
    assert guest.wire.frames == [] and len(guest.transmit.take()) == 1
    assert "is not sent" in guest.board.notes[-1]


def test_a_frame_fills_one_buffer() -> None:
    guest = Guest(RINGS)
    guest.offer(1514 + 12)
    guest.receive.kick()
    guest.port.channel.arrive(FRAME)
    assert guest.receive.take() == [(0, len(FRAME) + 12)] and guest.board.line.level
    data = guest.board.get(BUFFERS, 12 + len(FRAME))
    assert data == bytes(10) + struct.pack("<H", 1) + FRAME


def test_a_frame_may_take_several_merged_buffers() -> None:
    guest = Guest(RINGS | F_MRG_RXBUF)
    guest.offer(600, 600)
    guest.port.channel.arrive(FRAME)
    assert guest.receive.take() == []  # 1412 bytes do not fit: it waits
    guest.offer(600)
    guest.receive.kick()
    assert [written for _, written in guest.receive.take()] == [600, 600, 212]
    data = b"".join(guest.board.get(BUFFERS + 0x1000 * i, 600) for i in range(3))[: 12 + len(FRAME)]
    assert data == bytes(10) + struct.pack("<H", 3) + FRAME


def test_frames_wait_for_buffers_in_order_and_the_driver_is_asked_for_them() -> None:
    guest = Guest(RINGS)
    frames = [bytes([n]) * 60 for n in range(3)]
    for frame in frames:
        guest.port.channel.arrive(frame)
    for n, frame in enumerate(frames):
        assert guest.receive.avail_event == n  # notify me of the next buffer
        guest.offer(1526)
        guest.receive.kick()
        assert guest.board.get(BUFFERS + 0x1000 * n + 12, 60) == frame
    assert guest.receive.avail_event == 2  # there is nothing to give: do not


def test_without_event_index_a_flag_says_so() -> None:
    guest = Guest(0)
    assert guest.board.get(guest.receive.used, 2) == b"\1\0"
    guest.port.channel.arrive(FRAME)
    assert guest.board.get(guest.receive.used, 2) == b"\0\0"


def test_a_buffer_that_is_too_small_loses_the_frame() -> None:
    guest = Guest(0)
    guest.offer(100, 1526)
    guest.port.channel.arrive(FRAME)
    guest.port.channel.arrive(FRAME)
    assert guest.receive.take() == [(0, 0), (1, len(FRAME) + 12)]
    assert guest.board.device.counters()["dropped"] == 1


def test_frames_for_a_driver_that_is_not_there_are_lost() -> None:
    guest = Guest(0)
    guest.driver.write(0x70, 0)
    guest.port.channel.arrive(FRAME)
    (guest.receive, guest.transmit) = guest.driver.start(0, queues=2)
    guest.offer(1526)
    guest.receive.kick()
    assert guest.receive.take() == []


def test_what_waited_is_lost_by_a_reset() -> None:
    guest = Guest(0)
    guest.port.channel.arrive(FRAME)
    guest.receive, guest.transmit = guest.driver.start(0, queues=2)
    guest.offer(1526)
    guest.receive.kick()
    assert guest.receive.take() == [] and guest.board.device.counters()["dropped"] == 1


def test_the_link_and_the_address_are_in_the_configuration() -> None:
    guest = Guest(F_STATUS)
    assert guest.driver.config(0, 6).to_bytes(6, "little") == MAC
    assert guest.driver.config(6, 2) == 1
    generation = guest.driver.read(0xFC)
    guest.port.plug(None)
    assert guest.driver.config(6, 2) == 0 and guest.driver.read(0x60) == 2
    assert guest.driver.read(0xFC) != generation
