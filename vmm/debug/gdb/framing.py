# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets of gdb's Remote Serial Protocol on a byte stream (GDB manual, appendix E).

``$payload#checksum``, with ``}`` before bytes that are escaped.  Between
packets there are acknowledgements (``+``, ``-``) and the interrupt (0x03);
anything else there is noise and is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LIMIT = 0x4000  # bytes of a payload, as announced to gdb
ESCAPE, FLIP = 0x7D, 0x20
SPECIAL = b"#$}*"


class Signal(Enum):
    """What stands between packets."""

    ACK = "+"
    NACK = "-"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True)
class Damaged:
    """A packet that did not arrive as it was sent: wrong checksum, or far too long."""

    why: str


Item = bytes | Signal | Damaged  # bytes: the payload of a good packet, escapes undone

_SIGNALS = {0x2B: Signal.ACK, 0x2D: Signal.NACK, 0x03: Signal.INTERRUPT}


def checksum(payload: bytes | bytearray) -> int:
    """Sum of the bytes as they are sent, modulo 256."""
    return sum(payload) & 0xFF


def encode(payload: bytes) -> bytes:
    """A packet with this payload."""
    sent = bytearray()
    for byte in payload:
        if byte in SPECIAL:
            sent += bytes((ESCAPE, byte ^ FLIP))
        else:
            sent.append(byte)
    return b"$%s#%02x" % (sent, checksum(sent))


def unescape(sent: bytes) -> bytes:
    """The payload as it was meant; an escape at the very end stands for nothing."""
    if ESCAPE not in sent:
        return sent
    payload = bytearray()
    escaped = False
    for byte in sent:
        if escaped:
            payload.append(byte ^ FLIP)
            escaped = False
        elif byte == ESCAPE:
            escaped = True
        else:
            payload.append(byte)
    return bytes(payload)


class Reader:
    """Finds the items in a stream that arrives in pieces."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Item]:
        """The items that ``data`` completes."""
        self._pending += data
        items: list[Item] = []
        while (item := self._next()) is not None:
            items.append(item)
        return items

    def _next(self) -> Item | None:
        pending = self._pending
        while pending:
            first = pending[0]
            if first in _SIGNALS:
                del pending[0]
                return _SIGNALS[first]
            if first == 0x24:  # $
                return self._packet()
            del pending[0]
        return None

    def _packet(self) -> Item | None:
        pending = self._pending
        end = pending.find(b"#")
        again = pending.find(b"$", 1)
        if again > 0 and (end < 0 or again < end):
            del pending[:again]  # a packet that was never finished
            return Damaged("unfinished")
        if end < 0 or len(pending) < end + 3:
            if len(pending) > 2 * LIMIT + 4:
                pending.clear()
                return Damaged("too long")
            return None
        sent, sum_text = bytes(pending[1:end]), bytes(pending[end + 1 : end + 3])
        del pending[: end + 3]
        try:
            wanted = int(sum_text.decode("ascii"), 16)
        except ValueError:
            return Damaged("no checksum")
        if len(sum_text.strip()) != 2 or wanted != checksum(sent):
            return Damaged("wrong checksum")
        return unescape(sent)
