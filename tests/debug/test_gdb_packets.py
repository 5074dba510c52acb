# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets of the Remote Serial Protocol on the wire, and addresses to listen at."""

from __future__ import annotations

import socket

import pytest

from vmm.debug.gdb.address import Address, AddressError, listen, name, parse
from vmm.debug.gdb.framing import LIMIT, Damaged, Reader, Signal, encode


def test_a_packet_as_the_manual_has_it() -> None:
    assert encode(b"OK") == b"$OK#9a"
    assert Reader().feed(b"$OK#9a") == [b"OK"]


@pytest.mark.parametrize("payload", [b"", b"#", b"$", b"}", b"*", bytes(range(256)), b"\x03+-"])
def test_every_byte_survives_the_way(payload) -> None:
    sent = encode(payload)
    assert sent.count(b"#") == sent.count(b"$") == 1
    assert Reader().feed(sent) == [payload]


def test_pieces_of_any_size() -> None:
    reader, items = Reader(), []
    for byte in b"+" + encode(b"m0,4") + b"\x03-" + encode(b"}}"):
        items += reader.feed(bytes((byte,)))
    assert items == [Signal.ACK, b"m0,4", Signal.INTERRUPT, Signal.NACK, b"}}"]


@pytest.mark.parametrize("sent", [b"$OK#9b", b"$OK#zz", b"$OK# 9", b"$OK#-1", b"$OK#+9", b"$g"])
def test_a_damaged_packet_does_not_spoil_the_next(sent) -> None:
    items = Reader().feed(sent + encode(b"?"))
    assert isinstance(items[0], Damaged)
    assert items[1:] == [b"?"]


def test_noise_between_packets_is_skipped() -> None:
    assert Reader().feed(b"noise\x00\xff" + encode(b"?") + b"#00") == [b"?"]


def test_a_packet_without_end_is_given_up() -> None:
    reader = Reader()
    items = reader.feed(b"$" + b"x" * (2 * LIMIT + 100))
    assert items == [Damaged("too long")]
    assert reader.feed(encode(b"?")) == [b"?"]


@pytest.mark.parametrize(("text", "address"), [
    ("tcp::1234", Address("127.0.0.1", 1234)),
    ("tcp:0.0.0.0:1", Address("0.0.0.0", 1)),
    ("tcp:[::1]:65535", Address("::1", 65535)),
    ("unix:/tmp/a:b", Address(path="/tmp/a:b")),
])
def test_addresses(text, address) -> None:
    found = parse(text)
    assert (found.path or (found.host, found.port)) == (
        address.path or (address.host, address.port))


@pytest.mark.parametrize("text", ["", "1234", "tcp:", "tcp:1234", "tcp::65536", "tcp::-1",
                                  "tcp::x", "unix:", "udp::1234", "tcp::\u0661"])
def test_addresses_that_make_no_sense(text) -> None:
    with pytest.raises(AddressError):
        parse(text)


def test_only_this_host_by_default() -> None:
    with listen(parse("tcp::0")) as server:
        assert server.getsockname()[0] == "127.0.0.1"
        assert name(server).startswith("127.0.0.1:")


def test_a_port_in_use_is_one_line(tmp_path) -> None:
    with listen(parse("tcp::0")) as server:
        port = server.getsockname()[1]
        with pytest.raises(OSError, match=rf"^127.0.0.1:{port}: address already in use$"):
            listen(parse(f"tcp::{port}"))


def test_a_unix_socket_that_was_left_behind_is_taken_over(tmp_path) -> None:
    path = tmp_path / "gdb"
    listen(parse(f"unix:{path}")).close()
    assert path.exists()
    with listen(parse(f"unix:{path}")), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        with pytest.raises(OSError, match="in use"):
            listen(parse(f"unix:{path}"))


def test_a_file_that_is_no_socket_is_left_alone(tmp_path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(OSError, match="precious"):
        listen(parse(f"unix:{path}"))
    assert path.read_text() == "data"
