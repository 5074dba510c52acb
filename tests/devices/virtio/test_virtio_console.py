# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import struct

from virtio_driver import RAM, WRITE, Board, Driver, Queue

from vmm.devices.virtio.console import F_MULTIPORT, SerialPort, VirtioConsole
from vmm.machine.console import Console

READY, ADD, PORT_READY, CONSOLE_PORT, OPEN, NAME = 0, 1, 3, 4, 6, 7
ANY = 0xFFFFFFFF
OUT, IN = RAM + 0x100000, RAM + 0x200000


class Guest:
    """A driver of a terminal (port 0) and a stream (port 1)."""

    def __init__(self, features: int = F_MULTIPORT) -> None:
        self.consoles = [Console("tty"), Console("stream")]
        self.printed = [bytearray(), bytearray()]
        for console, printed in zip(self.consoles, self.printed, strict=True):
            console.sinks.append(printed.extend)
        self.board = Board(VirtioConsole([
            SerialPort(0, self.consoles[0], is_console=True),
            SerialPort(1, self.consoles[1], "org.example.stream"),
        ]))
        self.driver = Driver(self.board)
        self.queues: list[Queue] = self.driver.start(features, queues=6)
        for i in range(8):
            self.offer(2, i)

    def offer(self, queue: int, place: int, size: int = 64) -> None:
        self.queues[queue].add([(IN + 0x10000 * queue + 0x100 * place, size, WRITE)])
        self.queues[queue].kick()

    def take(self, queue: int) -> list[bytes]:
        """What came into the buffers of a queue, of which there are eight in turn."""
        return [
            self.board.get(IN + 0x10000 * queue + 0x100 * head, written)
            for head, written in self.queues[queue].take()
        ]

    def say(self, queue: int, data: bytes) -> None:
        self.board.put(OUT, data)
        self.queues[queue].add([(OUT, len(data), 0)])
        self.queues[queue].kick()

    def control(self, port: int, event: int, value: int) -> list[tuple[int, int, int, bytes]]:
        """Say something; the device's answers."""
        self.say(3, struct.pack("<IHH", port, event, value))
        return [(*struct.unpack("<IHH", one[:8]), one[8:]) for one in self.take(2)]


def test_the_driver_learns_of_the_ports_and_their_names() -> None:
    guest = Guest()
    assert guest.driver.config(4, 4) == 2
    assert guest.control(ANY, READY, 1) == [(0, ADD, 1, b""), (1, ADD, 1, b"")]
    assert guest.control(0, PORT_READY, 1) == [(0, CONSOLE_PORT, 1, b""), (0, OPEN, 1, b"")]
    assert guest.control(1, PORT_READY, 1) == [
        (1, NAME, 1, b"org.example.stream"), (1, OPEN, 1, b""),
    ]


def test_what_a_port_prints_goes_to_its_console() -> None:
    guest = Guest()
    guest.say(1, b"hello")
    guest.say(5, b"stream")
    assert guest.printed == [b"hello", b"stream"]


def test_what_is_typed_waits_until_the_port_is_open_and_has_buffers() -> None:
    guest = Guest()
    guest.consoles[1].type(b"x" * 100)
    guest.offer(4, 0)
    assert guest.take(4) == []
    guest.control(1, OPEN, 1)
    assert guest.take(4) == [b"x" * 64]
    guest.offer(4, 1)
    assert guest.take(4) == [b"x" * 36]
    guest.consoles[1].type(b"more")
    assert guest.take(4) == []
    guest.offer(4, 2)
    assert guest.take(4) == [b"more"]
    guest.control(1, OPEN, 0)
    guest.offer(4, 3)
    guest.consoles[1].type(b"closed")
    assert guest.take(4) == []


def test_a_driver_without_multiport_has_port_0_alone() -> None:
    guest = Guest(features=0)
    guest.offer(0, 0)
    guest.consoles[0].type(b"keys")
    guest.say(1, b"shell")
    assert guest.take(0) == [b"keys"] and guest.printed[0] == b"shell"


def test_an_emergency_write_needs_no_queue() -> None:
    board = Board(VirtioConsole([SerialPort(0, console := Console("tty"))]))
    printed = bytearray()
    console.sinks.append(printed.extend)
    board.mmio.write(0x108, 4, ord("!"))
    assert printed == b"!"


def test_control_messages_that_make_no_sense_are_noted() -> None:
    guest = Guest()
    for data in (b"short", struct.pack("<IHH", 99, OPEN, 1), struct.pack("<IHH", 0, 77, 1)):
        guest.say(3, data)
    assert guest.take(2) == [] and len(guest.board.notes) == 2
    assert not guest.driver.status & 0x40


def test_messages_wait_for_buffers() -> None:
    guest = Guest()
    for _ in range(3):
        guest.control(ANY, READY, 1)
    guest.say(3, struct.pack("<IHH", ANY, READY, 1))
    guest.say(3, struct.pack("<IHH", ANY, READY, 1))
    assert len(guest.take(2)) == 2  # the eight buffers are used up
    guest.offer(2, 0)
    assert len(guest.take(2)) == 1


def test_a_huge_write_is_lost() -> None:
    guest = Guest()
    guest.queues[1].add([(RAM, 2 << 20, 0)])
    guest.queues[1].kick()
    assert guest.printed[0] == b"" and "are lost" in guest.board.notes[-1]
