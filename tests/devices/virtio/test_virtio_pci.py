# SPDX-License-Identifier: GPL-2.0-or-later
"""The PCI transport: capabilities, negotiation through them, interrupts, places."""

from __future__ import annotations

import struct

import pytest
from virtio_driver import RAM, WRITE, Board, Queue

from vmm.devices.virtio.device import DRIVER_OK, F_VERSION_1, FEATURES_OK
from vmm.devices.virtio.pci import NO_VECTOR, VirtioPci
from vmm.devices.virtio.rng import Rng
from vmm.machine.line import Line

DATA = RAM + 0x100000
SELECT, DRIVER_FEATURE, STATUS, QUEUE_SIZE, ENABLE = 0x16, 0x0C, 0x14, 0x18, 0x1C


class PciGuest:
    """A driver that finds everything by the capabilities."""

    def __init__(self, messages: bool = False) -> None:
        self.board = Board(Rng())
        self.line = Line()
        self.sent: list[tuple[int, int]] = []
        send = (lambda address, data: self.sent.append((address, data))) if messages else None
        self.pci = VirtioPci(self.board.device, self.line, send)
        self.space = self.pci.config
        self.places: list[int | None] = []
        self.pci.connect(self.places.append, lambda base: None)
        self.structures = self._structures()

    def _structures(self) -> dict[int, tuple[int, int, int]]:
        """cfg_type: where its capability is, offset in BAR 4, length."""
        assert self.space.read(0x06, 2) & 0x10
        found, at = {}, self.space.read(0x34, 1)
        while at:
            if self.space.read(at, 1) == 9:
                kind, bar = self.space.read(at + 3, 1), self.space.read(at + 4, 1)
                assert kind == 5 or bar == 4
                found[kind] = (at, self.space.read(at + 8, 4), self.space.read(at + 12, 4))
            at = self.space.read(at + 1, 1)
        return found

    def read(self, offset: int, size: int, kind: int = 1) -> int:
        return self.pci.read(self.structures[kind][1] + offset, size)

    def write(self, offset: int, size: int, value: int, kind: int = 1) -> None:
        self.pci.write(self.structures[kind][1] + offset, size, value)

    def start(self) -> Queue:
        self.write(STATUS, 1, 0)
        self.write(STATUS, 1, 3)
        self.write(0x08, 4, 1)
        self.write(DRIVER_FEATURE, 4, F_VERSION_1 >> 32)
        self.write(STATUS, 1, 3 | FEATURES_OK)
        assert self.read(STATUS, 1) & FEATURES_OK
        queue = Queue(self, 0, 8)  # type: ignore[arg-type]
        self.write(SELECT, 2, 0)
        self.write(QUEUE_SIZE, 2, 8)
        for offset, address in ((0x20, queue.desc), (0x28, queue.avail), (0x30, queue.used)):
            self.write(offset, 4, address & 0xFFFFFFFF)
            self.write(offset + 4, 4, address >> 32)
        self.write(ENABLE, 2, 1)
        self.write(STATUS, 1, 3 | FEATURES_OK | DRIVER_OK)
        return queue

    def ask(self, queue: Queue) -> None:
        queue.add([(DATA, 16, WRITE)])
        at, _, _ = self.structures[2]
        multiplier = self.space.read(at + 16, 4)
        self.write(multiplier * self.read(0x1E, 2), 2, 0, kind=2)
        assert len(queue.take()) == 1


def test_it_is_a_modern_device_with_all_structures() -> None:
    guest = PciGuest()
    assert guest.space.read(0, 4) == 0x1044_1AF4 and guest.space.read(8, 1) == 1
    assert set(guest.structures) == {1, 2, 3, 4, 5}
    assert guest.read(0x12, 2) == 1 and guest.read(QUEUE_SIZE, 2) == 8


def test_an_interrupt_pin_and_the_status_that_a_read_clears() -> None:
    guest = PciGuest()
    queue = guest.start()
    guest.ask(queue)
    assert guest.line.level
    assert guest.read(0, 1, kind=3) == 1 and not guest.line.level
    assert guest.read(0, 1, kind=3) == 0
    guest.space.write(0x04, 2, 0x400)  # INTx disable
    guest.ask(queue)
    assert not guest.line.level
    guest.space.write(0x04, 2, 0)
    assert guest.line.level


def test_reset_forgets_everything() -> None:
    guest = PciGuest()
    guest.ask(guest.start())
    guest.write(STATUS, 1, 0)
    assert guest.read(STATUS, 1) == 0 and guest.read(ENABLE, 2) == 0 and not guest.line.level
    guest.ask(guest.start())


def test_messages_go_to_the_queues_vector() -> None:
    guest = PciGuest(messages=True)
    queue = guest.start()
    guest.write(0x1A, 2, 1)
    assert guest.read(0x1A, 2) == 1
    guest.write(0x1A, 2, 7)
    assert guest.read(0x1A, 2) == NO_VECTOR  # there are two
    guest.write(0x1A, 2, 1)
    guest.space.write(0x9A, 2, 0x8000)
    guest.ask(queue)
    assert guest.sent == [] and guest.pci.table.read(0x800, 4) == 2  # masked: it waits
    for offset, value in ((16, 0xFEE01000), (24, 0x4031), (28, 0)):
        guest.pci.table.write(offset, 4, value)
    assert guest.sent == [(0xFEE01000, 0x4031)] and guest.pci.table.read(0x800, 4) == 0
    guest.ask(queue)
    assert len(guest.sent) == 2 and not guest.line.level and guest.read(0, 1, kind=3) == 0
    guest.space.write(0x9A, 2, 0xC000)  # all masked
    guest.ask(queue)
    assert len(guest.sent) == 2
    guest.space.write(0x9A, 2, 0x8000)
    assert len(guest.sent) == 3


def test_the_window_reaches_the_structures_without_a_mapping() -> None:
    guest = PciGuest()
    at, _, _ = guest.structures[5]

    def window(offset: int, size: int) -> None:
        guest.space.write(at + 4, 1, 4)
        guest.space.write(at + 8, 4, offset)
        guest.space.write(at + 12, 4, size)

    window(STATUS, 1)
    guest.space.write(at + 16, 4, 3)
    assert guest.read(STATUS, 1) == 3 and guest.space.read(at + 16, 4) == 3
    window(0x2000000, 4)
    assert guest.space.read(at + 16, 4) == 0


def test_its_place_is_where_the_guest_puts_it_while_memory_is_on() -> None:
    guest = PciGuest()
    guest.space.write(0x20, 4, 0xFFFFFFFF)
    assert guest.space.read(0x20, 4) == 0xFFFFC000
    guest.space.write(0x20, 4, 0xFE004000)
    assert guest.places[-1] is None
    guest.space.write(0x04, 2, 2)
    assert guest.places[-1] == 0xFE004000
    guest.space.write(0x04, 2, 0)
    assert guest.places[-1] is None


@pytest.mark.parametrize("offset, size", [(0x3C, 4), (0x14, 4), (0x21, 1), (0x3000, 2)])
def test_reads_that_no_register_answers(offset: int, size: int) -> None:
    guest = PciGuest()
    assert guest.pci.read(offset, size) == 0
    assert sum(guest.board.device.unknown.counts.values()) == 1


def test_addresses_are_read_back_in_halves_or_whole() -> None:
    guest = PciGuest()
    guest.write(0x28, 8, 0x1122334455667788)
    assert guest.read(0x28, 4) == 0x55667788 and guest.read(0x2C, 4) == 0x11223344
    assert guest.read(0x28, 8) == 0x1122334455667788
    assert struct.pack("<Q", guest.read(0x20, 8)) == bytes(8)
