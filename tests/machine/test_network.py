# SPDX-License-Identifier: GPL-2.0-or-later
"""A port: frames out, frames in, and who sees them."""

from __future__ import annotations

from collections.abc import Callable

from vmm.machine.network import BACKLOG, Port

FRAME = bytes(range(60))


def taking(received: list[bytes]) -> Callable[[bytes], bool]:
    """A device that always has room."""

    def take(frame: bytes) -> bool:
        received.append(frame)
        return True

    return take


class Echo:
    """A network that gives each frame back."""

    def sent(self, port: Port, frame: bytes) -> None:
        port.channel.arrive(frame[::-1])


def test_frames_pass_and_taps_see_both_ways() -> None:
    port = Port("net0")
    received: list[bytes] = []
    seen: list[tuple[bytes, bool]] = []
    links: list[bool] = []
    port.on_frame, port.on_link = taking(received), links.append
    port.taps.append(lambda frame, sent: seen.append((frame, sent)))
    port.send(FRAME)
    assert received == [] and not port.link
    port.plug(Echo())
    port.send(FRAME)
    port.send(FRAME[:13])  # no header: nothing that a wire could carry
    assert received == [FRAME[::-1]]
    assert seen == [(FRAME, True), (FRAME, True), (FRAME[::-1], False)]
    port.plug(None)
    port.send(FRAME)
    assert len(received) == 1 and links == [True, False]


def test_somebody_may_have_frames_enter_later() -> None:
    port = Port("net0")
    received: list[bytes] = []
    held: list[bytes] = []
    port.on_frame = taking(received)
    port.channel.on_arrive = lambda channel, data: held.append(data)
    port.channel.arrive(FRAME)
    assert held == [FRAME] and received == []
    port.channel.enter(held[0])
    assert received == [FRAME]


def test_frames_wait_for_room_in_order_and_only_so_many() -> None:
    port = Port("net0")
    received: list[bytes] = []
    room = 1
    frames = [bytes([n & 255, n >> 8]) * 30 for n in range(BACKLOG + 3)]

    def take(frame: bytes) -> bool:
        nonlocal room
        if not room:
            return False
        room -= 1
        received.append(frame)
        return True

    port.on_frame = take
    for frame in frames[:-1]:
        port.channel.arrive(frame)
    assert received == frames[:1] and port.lost == 1
    room = 5
    port.retry()
    port.channel.arrive(frames[-1])
    room = BACKLOG
    port.retry()
    assert received == [*frames[: BACKLOG + 1], frames[-1]]


def test_a_repetition_reaches_nobody() -> None:
    port = Port("net0")
    seen: list[bytes] = []
    received: list[bytes] = []
    port.taps.append(lambda frame, sent: seen.append(frame))
    port.on_frame = taking(received)
    port.plug(Echo())
    port.muted = True
    port.send(FRAME)
    port.channel.enter(FRAME)  # what is repeated for the guest
    assert seen == [] and received == [FRAME]
