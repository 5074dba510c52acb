# SPDX-License-Identifier: GPL-2.0-or-later
"""The mmio transport: registers, negotiation, reset."""

from __future__ import annotations

import pytest
from virtio_driver import RAM, Board, Driver

from vmm.devices.virtio.device import (
    ACKNOWLEDGE,
    DRIVER,
    DRIVER_OK,
    F_INDIRECT_DESC,
    F_VERSION_1,
    FEATURES_OK,
)
from vmm.devices.virtio.mmio import VirtioMmio
from vmm.devices.virtio.rng import Rng
from vmm.machine.line import Line


def make() -> tuple[Board, Driver]:
    board = Board(Rng())
    return board, Driver(board)


def test_identifies_itself() -> None:
    _board, driver = make()
    assert driver.read(0).to_bytes(4, "little") == b"virt"
    assert (driver.read(4), driver.read(8), driver.read(0xC)) == (2, 4, 0x554D4551)
    assert driver.offered() & (F_VERSION_1 | F_INDIRECT_DESC) == F_VERSION_1 | F_INDIRECT_DESC
    driver.write(0x14, 2)
    assert driver.read(0x10) == 0


def test_a_big_endian_bus_sees_bytes_in_the_same_places() -> None:
    board, _ = make()
    big = VirtioMmio(board.device, Line(), "big")
    assert big.read(0, 4).to_bytes(4, "big") == b"virt"
    big.write(0x70, 4, 0x01000000)
    assert board.device.status == ACKNOWLEDGE


def test_a_driver_without_version_1_is_refused() -> None:
    board, driver = make()
    driver.write(0x70, ACKNOWLEDGE | DRIVER)
    driver.write(0x20, F_INDIRECT_DESC)
    driver.write(0x70, ACKNOWLEDGE | DRIVER | FEATURES_OK)
    assert driver.status == ACKNOWLEDGE | DRIVER
    driver.write(0x70, ACKNOWLEDGE | DRIVER | DRIVER_OK)
    assert driver.status == ACKNOWLEDGE | DRIVER
    assert "DRIVER_OK without" in board.notes[-1]


def test_features_that_were_not_offered_are_refused() -> None:
    _, driver = make()
    driver.negotiate(1 << 5)
    assert not driver.status & FEATURES_OK


def test_features_are_settled_by_features_ok() -> None:
    board, driver = make()
    driver.negotiate()
    driver.write(0x24, 0)
    driver.write(0x20, F_INDIRECT_DESC)
    assert board.device.state.features == F_VERSION_1
    assert "after FEATURES_OK" in board.notes[-1]


def test_bits_of_the_status_are_cleared_by_reset_only() -> None:
    board, driver = make()
    driver.start()
    driver.write(0x70, ACKNOWLEDGE)
    assert driver.status & DRIVER_OK and "without a reset" in board.notes[-1]
    driver.write(0x70, 0)
    assert driver.status == 0 and driver.read(0x44) == 0 and driver.read(0x60) == 0


def test_reset_lowers_the_line_and_the_device_starts_again() -> None:
    board, driver = make()
    for _ in range(3):
        (queue,) = driver.start()
        head = queue.add([(RAM + 0x100000, 16, 2)])
        queue.kick()
        assert queue.take() == [(head, 16)] and board.line.level
        driver.write(0x70, 0)
        assert not board.line.level


def test_a_notification_before_the_driver_is_ready_does_nothing() -> None:
    board, driver = make()
    driver.negotiate()
    queue = driver.queue(0)
    queue.add([(RAM + 0x100000, 16, 2)])
    queue.kick()
    assert queue.take() == [] and "not in use" in board.notes[-1]
    driver.ready()  # then it finds what was offered
    assert len(queue.take()) == 1


@pytest.mark.parametrize("offset, size", [(0x3C, 4), (0x70, 1), (0x50, 2), (0x100, 4), (0x72, 2)])
def test_what_no_register_answers_reads_as_zero_and_is_counted(offset: int, size: int) -> None:
    board, _ = make()
    assert board.mmio.read(offset, size) == 0
    board.mmio.write(offset, size, 1)
    assert sum(board.device.unknown.counts.values()) == 2


def test_a_queue_that_does_not_exist() -> None:
    board, driver = make()
    driver.negotiate()
    driver.write(0x30, 7)
    assert driver.read(0x34) == 0
    driver.write(0x44, 1)
    driver.ready()
    driver.write(0x50, 7)
    assert driver.read(0x44) == 0 and "queue 7" in board.notes[-1]


def test_registers_of_a_queue_in_use_do_not_change() -> None:
    board, driver = make()
    (queue,) = driver.start()
    driver.write(0x80, 0)
    assert board.device.queues[0].state.desc == queue.desc
    assert "while queue 0 is in use" in board.notes[-1]
