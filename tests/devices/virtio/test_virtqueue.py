# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings: what a device takes from them, gives back, and refuses."""

from __future__ import annotations

import pytest
from virtio_driver import (
    INDIRECT,
    NEXT,
    RAM,
    RAM_SIZE,
    RINGS,
    ROM,
    WRITE,
    Board,
    Driver,
    descriptor,
)

from vmm.devices.virtio.device import (
    DEVICE_NEEDS_RESET,
    F_EVENT_IDX,
    F_INDIRECT_DESC,
    F_RING_RESET,
    VirtioDevice,
)
from vmm.devices.virtio.virtqueue import Chain, Virtqueue, scatter


class Upper:
    """A device that gives back what it reads in capitals, in as much room as there is."""

    name, device_id, features = "upper", 42, 0
    queue_sizes: tuple[int, ...] = (64,)

    def __init__(self) -> None:
        self.chains: list[Chain] = []

    def config(self) -> bytes:
        return bytes(range(1, 9))

    def counters(self) -> dict[str, int]:
        return {}

    def configure(self, offset: int, data: bytes) -> None: ...
    def start(self, device: VirtioDevice) -> None: ...
    def reset(self) -> None: ...

    def serve(self, device: VirtioDevice, queue: Virtqueue) -> None:
        while (chain := queue.pop()) is not None:
            self.chains.append(chain)
            text = b"".join(chain.readable).upper()
            queue.push(chain, scatter(chain.writable, text[: chain.write_size]))


def make(features: int = RINGS, size: int = 8):  # type: ignore[no-untyped-def]
    board = Board(Upper())
    driver = Driver(board)
    (queue,) = driver.start(features, size=size)
    return board, driver, queue


def test_a_chain_of_several_buffers_is_read_and_written_in_order() -> None:
    board, _, queue = make()
    board.put(RAM + 0x100000, b"hello ")
    board.put(RAM + 0x200000, b"world")
    head = queue.add([
        (RAM + 0x100000, 6, 0), (RAM + 0x200000, 5, 0),
        (RAM + 0x300000, 4, WRITE), (RAM + 0x310000, 100, WRITE),
    ])
    queue.kick()
    assert queue.take() == [(head, 11)]
    assert board.get(RAM + 0x300000, 4) + board.get(RAM + 0x310000, 8) == b"HELLO WORLD\0"


def test_an_indirect_table_is_the_same_chain() -> None:
    board, _, queue = make()
    board.put(RAM + 0x100000, b"hello")
    head = queue.add([(RAM + 0x100000, 5, 0), (RAM + 0x200000, 9, WRITE)], indirect=True)
    queue.kick()
    assert queue.take() == [(head, 5)]
    assert board.get(RAM + 0x200000, 5) == b"HELLO"


def test_ordinary_descriptors_may_lead_to_an_indirect_one() -> None:
    board, _, queue = make()
    board.put(RAM + 0x100000, b"ab")
    table = RAM + 0x180000
    board.put(table, descriptor(RAM + 0x100001, 1, NEXT, 1))
    board.put(table + 16, descriptor(RAM + 0x200000, 2, WRITE, 0))
    queue.describe(0, RAM + 0x100000, 1, NEXT, 5)
    queue.describe(5, table, 32, INDIRECT, 0)
    queue.offer(0)
    queue.kick()
    assert queue.take() == [(0, 2)]
    assert board.get(RAM + 0x200000, 2) == b"AB"


def test_the_indices_wrap() -> None:
    board, _, queue = make(features=0, size=2)
    board.put(RAM + 0x100000, b"x")
    for _ in range(0x10003):
        head = queue.add([(RAM + 0x100000, 1, 0)])
        queue.kick()
        assert queue.take() == [(head, 0)]


def test_rom_can_be_read_but_not_written() -> None:
    board, driver, queue = make()
    board.put(ROM + 4, b"rom")
    queue.add([(ROM + 4, 3, 0), (RAM + 0x200000, 3, WRITE)])
    queue.kick()
    assert board.get(RAM + 0x200000, 3) == b"ROM"
    queue.add([(ROM + 4, 3, WRITE)])
    queue.kick()
    assert driver.status & DEVICE_NEEDS_RESET and board.get(ROM + 4, 3) == b"rom"


def test_an_interrupt_for_each_notification_unless_the_driver_wants_none() -> None:
    board, driver, queue = make(features=0)
    for flags, edges in ((0, 1), (1, 1), (0, 2)):
        board.put(queue.avail, flags.to_bytes(2, "little"))
        queue.add([(RAM, 1, 0)])
        queue.add([(RAM, 1, 0)])
        queue.kick()
        assert len(queue.take()) == 2 and board.edges == edges
        driver.write(0x64, 1)
        assert not board.line.level
    counters = board.device.counters()
    assert (counters["interrupts"], counters["suppressed"], counters["chains"]) == (2, 1, 6)


def test_with_event_index_the_driver_says_after_which_chain() -> None:
    board, driver, queue = make(features=F_EVENT_IDX)
    queue.want_interrupt_at(2)  # once the third has been given back
    assert queue.avail_event == 0
    for given, edges in ((1, 0), (2, 0), (3, 1), (4, 1)):
        queue.add([(RAM, 1, 0)])
        queue.kick()
        assert board.edges == edges, given
        assert queue.avail_event == given  # tell me of the next
        driver.write(0x64, 1)


@pytest.mark.parametrize("why, chain", [
    ("not all memory", [(RAM + RAM_SIZE - 4, 8, 0)]),
    ("not all memory", [(RAM + RAM_SIZE - 4, 8, WRITE)]),
    ("not all memory", [(0xFFFF_FFFF_FFFF_FFFF, 1, WRITE)]),
    ("not all memory", [(0xFFFF_FFFF_FFFF_F000, 0xFFFFFFFF, 0)]),
    ("behind a writable", [(RAM, 4, WRITE), (RAM, 4, 0)]),
    ("no bytes", [(RAM, 0, 0)]),
])
def test_a_bad_buffer_stops_the_device_until_it_is_reset(
    why: str, chain: list[tuple[int, int, int]]
) -> None:
    board, driver, queue = make()
    queue.add(chain)
    queue.kick()
    assert why in board.notes[-1]
    assert driver.status & DEVICE_NEEDS_RESET and driver.read(0x60) == 2 and board.line.level
    assert queue.take() == []
    queue.add([(RAM, 1, 0)])
    queue.kick()
    assert queue.take() == [] and not board.device.function.chains  # type: ignore[attr-defined]
    (again,) = driver.start(RINGS)
    assert not driver.status & DEVICE_NEEDS_RESET and not board.line.level
    head = again.add([(RAM, 1, 0)])
    again.kick()
    assert again.take() == [(head, 0)]


def loop(queue) -> None:  # type: ignore[no-untyped-def]
    queue.describe(0, RAM, 4, NEXT, 1)
    queue.describe(1, RAM, 4, NEXT, 0)
    queue.offer(0)


def beyond(queue) -> None:  # type: ignore[no-untyped-def]
    queue.describe(0, RAM, 4, NEXT, queue.size)
    queue.offer(0)


def head_beyond(queue) -> None:  # type: ignore[no-untyped-def]
    queue.offer(queue.size)


def too_many(queue) -> None:  # type: ignore[no-untyped-def]
    queue.idx = queue.size
    queue.offer(0)


def table_in_table(queue) -> None:  # type: ignore[no-untyped-def]
    queue.board.put(RAM + 0x100000, descriptor(RAM + 0x100000, 16, INDIRECT, 0))
    queue.describe(0, RAM + 0x100000, 16, INDIRECT, 0)
    queue.offer(0)


def table_with_next(queue) -> None:  # type: ignore[no-untyped-def]
    queue.describe(0, RAM + 0x100000, 16, INDIRECT | NEXT, 1)
    queue.offer(0)


def odd_table(queue) -> None:  # type: ignore[no-untyped-def]
    queue.describe(0, RAM + 0x100000, 17, INDIRECT, 0)
    queue.offer(0)


def table_loop(queue) -> None:  # type: ignore[no-untyped-def]
    queue.board.put(RAM + 0x100000, descriptor(RAM, 1, NEXT, 0))
    queue.describe(0, RAM + 0x100000, 16, INDIRECT, 0)
    queue.offer(0)


def table_outside(queue) -> None:  # type: ignore[no-untyped-def]
    queue.describe(0, RAM + RAM_SIZE - 16, 32, INDIRECT, 0)
    queue.offer(0)


def four_gigabytes(queue) -> None:  # type: ignore[no-untyped-def]
    count = 1024
    queue.board.put(RAM + 0x100000, b"".join(
        descriptor(RAM, RAM_SIZE, NEXT if i + 1 < count else 0, i + 1) for i in range(count)
    ))
    queue.describe(0, RAM, 1, NEXT, 1)
    queue.describe(1, RAM + 0x100000, 16 * count, INDIRECT, 0)
    queue.offer(0)


@pytest.mark.parametrize("break_it, why", [
    (loop, "has a loop"), (beyond, "next descriptor 8 of 8"), (head_beyond, "descriptor 8 of 8"),
    (too_many, "offers 9 chains of 8"), (table_in_table, "may not be indirect"),
    (table_with_next, "may not be indirect"), (odd_table, "table of 17 bytes"),
    (table_loop, "has a loop"), (table_outside, "not all memory"),
    (four_gigabytes, "0x100000001 bytes"),
])
def test_a_malformed_ring_stops_the_device(break_it, why: str) -> None:  # type: ignore[no-untyped-def]
    board, driver, queue = make()
    break_it(queue)
    queue.kick()
    assert why in board.notes[-1]
    assert driver.status & DEVICE_NEEDS_RESET


def test_indirect_tables_only_if_they_were_negotiated() -> None:
    board, _driver, queue = make(features=F_EVENT_IDX)
    queue.add([(RAM, 1, 0)], indirect=True)
    queue.kick()
    assert "may not be indirect" in board.notes[-1]


@pytest.mark.parametrize("change, why", [
    ({"desc": RAM + 8}, "not aligned"), ({"used": RAM + RAM_SIZE - 16}, "not all RAM"),
    ({"avail": ROM}, "not all RAM"), ({"size": 128}, "size of 128"), ({"size": 6}, "size of 6"),
    ({"size": 0}, "size of 0"), ({"desc": 1 << 63}, "not all RAM"),
])
def test_rings_that_cannot_be_used(change: dict[str, int], why: str) -> None:
    board = Board(Upper())
    driver = Driver(board)
    driver.negotiate(F_INDIRECT_DESC)
    queue = driver.queue(0)
    driver.write(0x44, 0)
    for name, value in change.items():
        setattr(queue, name, value)
    driver.set_up(queue)
    assert why in board.notes[-1] and driver.status & DEVICE_NEEDS_RESET
    driver.ready()
    queue.kick()  # nothing happens


def test_one_queue_can_be_reset() -> None:
    _board, driver, queue = make(features=RINGS | F_RING_RESET)
    queue.add([(RAM, 1, 0)])
    queue.kick()
    driver.write(0xC0, 1)
    assert driver.read(0xC0) == 0 and driver.read(0x44) == 0
    again = driver.queue(0)
    head = again.add([(RAM, 1, 0)])
    again.kick()
    assert again.take() == [(head, 0)]
