# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import os
import struct

from virtio_driver import RAM, RAM_SIZE, ROM, Board, Driver

from vmm.devices.virtio.balloon import F_STATS_VQ, Balloon
from vmm.machine.bus import Bus
from vmm.machine.dma import Dma

LIST, VICTIM = RAM + 0x10000, RAM + 0x200000


class Guest:
    def __init__(self) -> None:
        self.balloon = Balloon(Dma(Bus("little")))
        self.board = Board(self.balloon)
        self.balloon.dma = Dma(self.board.bus)
        self.driver = Driver(self.board)
        self.inflate, self.deflate, self.stats = self.driver.start(F_STATS_VQ, queues=3)

    def give(self, *addresses: int) -> None:
        self.board.put(LIST, struct.pack(f"<{len(addresses)}I", *(a >> 12 for a in addresses)))
        self.inflate.add([(LIST, 4 * len(addresses), 0)])
        self.inflate.kick()

    def blocks(self) -> int:
        """Bytes of the host's memory that the guest's RAM takes."""
        return os.fstat(self.board.bus.memory[0].frames.descriptor).st_blocks * 512


def test_frames_that_are_given_up_go_back_to_the_host() -> None:
    guest = Guest()
    guest.board.put(VICTIM, b"v" * 0x8000)
    guest.board.put(VICTIM + 0x8000, b"kept")
    guest.give(VICTIM + 0x100000)  # the list and the rings have their own frames now
    before = guest.blocks()
    guest.give(*[VICTIM + 0x1000 * page for page in (3, 1, 0, 2, 7)])
    assert before - guest.blocks() >= 5 * 0x1000
    assert guest.board.get(VICTIM, 0x4000) == bytes(0x4000)
    assert guest.board.get(VICTIM + 0x4000, 0x3000) == b"v" * 0x3000
    assert guest.board.get(VICTIM + 0x8000, 4) == b"kept"
    assert guest.board.device.counters()["released_pages"] == 6
    guest.deflate.add([(LIST, 20, 0)])
    guest.deflate.kick()
    assert guest.board.device.counters()["returned_pages"] == 5


def test_pages_that_are_no_ram_are_noted_and_nothing_else() -> None:
    guest = Guest()
    guest.board.put(ROM, b"rom")
    guest.give(ROM, RAM + RAM_SIZE, 0xFFFFFFFF000, VICTIM)
    assert guest.board.get(ROM, 3) == b"rom"
    assert guest.board.device.counters()["released_pages"] == 1
    assert all("not all RAM" in note for note in guest.board.notes) and len(guest.board.notes) == 3


def test_the_host_asks_and_the_driver_reports() -> None:
    guest = Guest()
    guest.balloon.want(128)
    assert guest.driver.read(0x60) == 2 and guest.driver.config(0, 4) == 128
    guest.board.mmio.write(0x104, 4, 100)
    assert guest.board.device.counters()["actual_pages"] == 100
    guest.driver.start(F_STATS_VQ, queues=3)
    assert guest.driver.config(0, 8) == 128  # wanted still, and the guest has its pages again


def test_statistics_come_when_they_are_asked_for() -> None:
    guest = Guest()
    guest.board.put(LIST, struct.pack("<HQHQHQ", 4, 1000, 5, 4000, 99, 1))
    guest.stats.add([(LIST, 30, 0)])
    guest.stats.kick()
    counters = guest.board.device.counters()
    assert counters["free_memory"] == 1000 and counters["total_memory"] == 4000
    assert guest.stats.take() == []
    guest.balloon.ask()
    assert len(guest.stats.take()) == 1 and guest.board.line.level
    guest.board.put(LIST, struct.pack("<HQ", 4, 900))
    guest.stats.add([(LIST, 10, 0)])
    guest.stats.kick()
    assert guest.board.device.counters()["free_memory"] == 900


def test_a_flood_of_pages_stops_the_device() -> None:
    guest = Guest()
    guest.inflate.add([(RAM, 0x80000, 0)])
    guest.inflate.kick()
    assert guest.driver.status & 0x40 and "pages at once" in guest.board.notes[-1]
