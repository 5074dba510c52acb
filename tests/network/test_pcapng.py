# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures, read back by the format's own rules."""

from __future__ import annotations

import io
import struct

from vmm.machine.network import Port
from vmm.network.pcapng import Capture


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    """The blocks of a section: both lengths agree, and all is multiples of four bytes."""
    found = []
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0 and struct.unpack_from("<I", data, length - 4) == (length,)
        found.append((kind, data[8 : length - 4]))
        data = data[length:]
    return found


def options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while True:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            assert data[4:] == b""
            return found
        found[code] = data[4 : 4 + length]
        data = data[4 + -(-length // 4) * 4 :]


def test_frames_of_two_ports_in_both_directions() -> None:
    file = io.BytesIO()
    now = 5
    capture = Capture(file, lambda: now)
    ports = [Port("net0"), Port("net1")]
    for port in ports:
        capture.add(port)
    ports[0].send(bytes(range(61)))
    now = (7 << 32) + 9
    ports[1].channel.arrive(bytes(64))
    ports[1].send(b"short")
    header, *interfaces, first, second = blocks(file.getvalue())
    assert header[0] == 0x0A0D0D0A and struct.unpack_from("<IHH", header[1]) == (0x1A2B3C4D, 1, 0)
    assert options(header[1][16:]) == {4: b"vmm"}
    for (kind, body), port in zip(interfaces, ports, strict=True):
        assert kind == 1 and struct.unpack_from("<HHI", body) == (1, 0, 0)
        assert options(body[8:]) == {2: port.name.encode(), 9: b"\x09"}
    assert struct.unpack_from("<IIIII", first[1]) == (0, 0, 5, 61, 61)
    assert first[1][20:81] == bytes(range(61)) and options(first[1][84:]) == {2: b"\2\0\0\0"}
    assert struct.unpack_from("<IIIII", second[1]) == (1, 7, 9, 64, 64)
    assert options(second[1][84:]) == {2: b"\1\0\0\0"}
