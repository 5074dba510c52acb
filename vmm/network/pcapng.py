# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures: what passes a port, as a pcapng file that wireshark and tcpdump read.

PCAP Next Generation (draft-ietf-opsawg-pcapng), sections 4.1 to 4.3: a section
header, an interface a port, an enhanced packet block a frame.  Times are
virtual time since reset, in nanoseconds, so two runs alike write two files alike.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from vmm.machine.network import Port

SECTION_HEADER, INTERFACE, ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
BYTE_ORDER_MAGIC = 0x1A2B3C4D
LENGTH_UNKNOWN = (1 << 64) - 1
LINKTYPE_ETHERNET = 1
OPTION_END, IF_NAME, IF_TSRESOL, EPB_FLAGS = 0, 2, 9, 2
INBOUND, OUTBOUND = 1, 2
APPLICATION = 4  # shb_userappl


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


class Capture:
    """One file and the ports that are captured in it.

    ``now`` gives virtual nanoseconds.  Each frame is written at once: what has been captured
    survives the end of the process.
    """

    def __init__(self, file: BinaryIO, now: Callable[[], int]) -> None:
        self._file = file
        self._now = now
        self._interfaces = 0
        self._write(SECTION_HEADER, struct.pack(
            "<IHHQ", BYTE_ORDER_MAGIC, 1, 0, LENGTH_UNKNOWN
        ) + _option(APPLICATION, b"vmm") + _option(OPTION_END, b""))

    @classmethod
    def open(cls, path: Path, now: Callable[[], int]) -> Capture:
        """A new file; OSError if it cannot be written."""
        return cls(path.open("wb", buffering=0), now)

    def _write(self, kind: int, body: bytes) -> None:
        self._file.write(_block(kind, body))

    def add(self, port: Port) -> None:
        """Capture what passes this port from now on."""
        interface = self._interfaces
        self._interfaces += 1
        self._write(INTERFACE, struct.pack("<HHI", LINKTYPE_ETHERNET, 0, 0)
                    + _option(IF_NAME, port.name.encode()) + _option(IF_TSRESOL, b"\x09")
                    + _option(OPTION_END, b""))
        port.taps.append(lambda frame, sent: self._packet(interface, frame, sent))

    def _packet(self, interface: int, frame: bytes, sent: bool) -> None:
        now = self._now()
        self._write(ENHANCED_PACKET, struct.pack(
            "<IIIII", interface, now >> 32, now & 0xFFFFFFFF, len(frame), len(frame)
        ) + frame + bytes(-len(frame) % 4)
            + _option(EPB_FLAGS, struct.pack("<I", OUTBOUND if sent else INBOUND))
            + _option(OPTION_END, b""))

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()
