# SPDX-License-Identifier: GPL-2.0-or-later
"""The socket between a guest's network device and whatever network it is plugged into.

A device knows its `Port`: it sends frames and is told of frames.  A `Network`
(a NAT, a switch, a test) is plugged in from outside.  Frames are Ethernet
frames without preamble and frame check sequence, IEEE 802.3 clause 3.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from vmm.machine.channel import Channel

HEADER = 14  # bytes: destination, source, type
BACKLOG = 1024  # frames that wait for a device without room; more are lost


class Network(Protocol):
    """What a port can be plugged into."""

    def sent(self, port: Port, frame: bytes) -> None:
        """A frame comes from the guest; answers go to ``port.channel.arrive``."""


class Port:
    """One socket: the device on one side, at most one network on the other.

    ``name`` is unique in its machine (``net0``).  With nothing plugged in, the link is down
    and frames from the guest are lost, as with a cable pulled out.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.channel = Channel(name, self._enter)
        # The device takes a frame, or has no room: False, and it calls `retry` when it has.
        self.on_frame: Callable[[bytes], bool] = lambda frame: True
        self.on_link: Callable[[bool], None] = lambda up: None  # the device sees the cable
        self.taps: list[Callable[[bytes, bool], None]] = []  # captures: frame, whether sent
        self.muted = False  # what the guest sends is a repetition
        self.lost = 0  # frames for the guest that found the backlog full
        self._backlog: deque[bytes] = deque()
        self._network: Network | None = None

    @property
    def link(self) -> bool:
        """Whether something is plugged in."""
        return self._network is not None

    def plug(self, network: Network | None) -> None:
        """Plug a network in, or pull the plug (None)."""
        self._network = network
        self.on_link(self.link)

    def send(self, frame: bytes) -> None:
        """The device sends a frame; one without a whole header is lost on the wire."""
        if len(frame) < HEADER or self.muted:
            return
        for tap in self.taps:
            tap(frame, True)
        if self._network is not None:
            self._network.sent(self, frame)

    def retry(self) -> None:
        """The device has room again."""
        while self._backlog and self.on_frame(self._backlog[0]):
            self._backlog.popleft()

    def _enter(self, frame: bytes) -> None:
        if not self.muted:
            for tap in self.taps:
                tap(frame, False)
        if self._backlog or not self.on_frame(frame):
            if len(self._backlog) < BACKLOG:
                self._backlog.append(frame)
            else:
                self.lost += 1
