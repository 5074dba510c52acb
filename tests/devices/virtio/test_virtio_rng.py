# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from virtio_driver import RAM, WRITE, Board, Driver, Queue

from vmm.devices.virtio.rng import Rng

DATA = RAM + 0x100000


def ask(board: Board, queue: Queue, size: int = 32) -> bytes:
    queue.add([(DATA, size, WRITE)])
    queue.kick()
    ((_, written),) = queue.take()
    return board.get(DATA, written)


def stream(seed: int) -> list[bytes]:
    board = Board(Rng(seed))
    (queue,) = Driver(board).start()
    return [ask(board, queue) for _ in range(4)]


def test_a_seed_decides_the_bytes() -> None:
    assert stream(1) == stream(1)
    assert stream(1) != stream(2)
    assert len(set(stream(1))) == 4


def test_a_huge_request_gets_a_part() -> None:
    board = Board(Rng())
    (queue,) = Driver(board).start()
    assert len(ask(board, queue, 1 << 20)) == 4096


def test_a_reset_does_not_repeat_bytes() -> None:
    board = Board(Rng())
    driver = Driver(board)
    (queue,) = driver.start()
    first = ask(board, queue)
    (queue,) = driver.start()
    assert ask(board, queue) != first


def test_the_hosts_entropy_comes_later_by_the_channel() -> None:
    rng = Rng()
    asked: list[int] = []
    rng.host = asked.append
    board = Board(rng)
    (queue,) = Driver(board).start()
    for _ in range(2):
        queue.add([(DATA, 8, WRITE)])
    queue.kick()
    queue.kick()
    assert queue.take() == [] and len(asked) == 1
    rng.channel.arrive(b"entropy of the host")
    assert len(queue.take()) == 1 and board.get(DATA, 8) == b"entropy "
    assert len(asked) == 2 and board.line.level


def test_a_host_that_answers_at_once() -> None:
    rng = Rng()
    rng.host = lambda size: rng.channel.arrive(bytes([size & 0xFF]) * 4)
    board = Board(rng)
    (queue,) = Driver(board).start()
    queue.add([(DATA, 8, WRITE)])
    queue.add([(DATA, 8, WRITE)])
    queue.kick()
    assert [written for _, written in queue.take()] == [4, 4]
