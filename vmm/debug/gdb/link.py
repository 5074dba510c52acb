# SPDX-License-Identifier: GPL-2.0-or-later
"""One connection to a debugger: packets in and out, acknowledged until both agree not to."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections import deque

from vmm.debug.gdb.framing import Damaged, Reader, Signal, encode

PIECE = 1 << 16
LINGER = 0.5  # seconds that a debugger has to hang up
SEND_LIMIT = 10.0  # seconds that a debugger may take to read a reply


class Link:
    """A connected socket.  `packets` holds what has arrived and is not yet handled."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.settimeout(SEND_LIMIT)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = Reader()
        self._last = b""  # the packet sent last, in case it is asked for again
        self.packets: deque[bytes] = deque()
        self.acknowledging = True
        self.interrupted = False  # the debugger asked for a stop
        self.closed = False

    def poll(self, seconds: float = 0) -> None:
        """Take in what has arrived, waiting at most ``seconds`` for it."""
        if self.closed:
            return
        try:
            ready, _, _ = select.select([self._socket], [], [], seconds)
            data = self._socket.recv(PIECE) if ready else None
        except OSError:
            data = b""
        if data is None:
            return
        if not data:
            self.close()
            return
        for item in self._reader.feed(data):
            if isinstance(item, bytes):
                self._acknowledge(b"+")
                self.packets.append(item)
            elif isinstance(item, Damaged):
                self._acknowledge(b"-")
            elif item is Signal.INTERRUPT:
                self.interrupted = True
            elif item is Signal.NACK and self.acknowledging:
                self._send(self._last)

    def _acknowledge(self, sign: bytes) -> None:
        if self.acknowledging:
            self._send(sign)

    def reply(self, payload: bytes) -> None:
        """Send a packet."""
        self._last = encode(payload)
        self._send(self._last)

    def _send(self, data: bytes) -> None:
        try:
            if not self.closed:
                self._socket.sendall(data)
        except OSError:
            self.close()

    def finish(self) -> None:
        """Let the debugger hang up first, so that it gets the last reply."""
        end = time.monotonic() + LINGER
        while not self.closed and (left := end - time.monotonic()) > 0:
            self.poll(left)
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._socket.close()
