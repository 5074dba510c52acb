# SPDX-License-Identifier: GPL-2.0-or-later
"""A port: frames out, frames in, and who sees them."""

from __future__ import annotations

from vmm.machine.network import Port

FRAME = bytes(range(60))


class Echo:
    """A network that gives each frame back."""

    def sent(self, port: Port, frame: bytes) -> None:
        port.channel.arrive(frame[::-1])


def test_frames_pass_and_taps_see_both_ways() -> None:
    port = Port("net0")
    received: list[bytes] = []
    seen: list[tuple[bytes, bool]] = []
    links: list[bool] = []
    port.on_frame, port.on_link = received.append, links.append
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
    port.on_frame = received.append
    port.channel.on_arrive = lambda channel, data: held.append(data)
    port.channel.arrive(FRAME)
    assert held == [FRAME] and received == []
    port.channel.enter(held[0])
    assert received == [FRAME]
