# SPDX-License-Identifier: GPL-2.0-or-later
"""A switch in another place: cables, what comes through them, and what becomes of broken ones."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.network import Port
from vmm.network.cable import Cable, CableError, SwitchServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SwitchServer]:
    server = SwitchServer(tmp_path / "switch")
    yield server
    server.close()


class Guest:
    """A machine with a port; nothing runs."""

    def __init__(self, number: int) -> None:
        self.machine: Machine = create(Options("virt", bare=True))
        self.mac = bytes([2, 0, 0, 0, 0, number])
        self.port = Port(f"net{number}")
        self.got: list[bytes] = []
        self.port.on_frame = self.take

    def take(self, frame: bytes) -> bool:
        self.got.append(frame)
        return True

    def send(self, to: bytes) -> bytes:
        frame = to + self.mac + b"\x88\xb5" + bytes(46)
        self.port.send(frame)
        return frame


def plug(server: SwitchServer, guest: Guest, isolated: bool = False) -> Cable:
    """Plug in; the server has seen it."""
    cable = Cable(guest.machine, guest.port, server.path, isolated)
    server.serve(1)
    server.serve(1)
    return cable


def test_two_machines_talk(server: SwitchServer) -> None:
    one, two = Guest(1), Guest(2)
    cables = [plug(server, one), plug(server, two)]
    assert [port.name for port in server.switch.ports] == ["net1", "net2"]
    frames = [one.send(b"\xff" * 6), one.send(two.mac)]
    server.serve(1)
    two.machine.outside.look()
    assert two.got == frames and one.got == []
    cables[1].close()
    server.serve(1)
    assert len(server.switch.ports) == 1 and not two.port.link


def test_isolation_is_asked_for_by_the_cable(server: SwitchServer) -> None:
    guests = [Guest(n) for n in (1, 2, 3)]
    for guest in guests:
        plug(server, guest, isolated=guest is not guests[0])
    guests[1].send(b"\xff" * 6)
    server.serve(1)
    for guest in guests:
        guest.machine.outside.look()
    assert [len(guest.got) for guest in guests] == [1, 0, 0]


def test_a_switch_that_goes_pulls_the_plug(tmp_path: Path) -> None:
    server = SwitchServer(tmp_path / "switch")
    guest = Guest(1)
    plug(server, guest)
    server.close()
    guest.machine.outside.look()
    assert not guest.port.link and not guest.machine.outside.sources
    guest.send(b"\xff" * 6)


def test_what_greets_wrongly_is_sent_away(server: SwitchServer) -> None:
    for packet in (b"\xff" * 60, b"[1]", b'{"kind": "vmm switch", "version": 9}'):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
            other.connect(str(server.path))
            other.send(packet)
            server.serve(1)
            server.serve(1)
            assert other.recv(100) == b"" and not server.switch.ports


def test_no_switch_there(tmp_path: Path) -> None:
    with pytest.raises(CableError, match=r"no switch at .*nowhere: no such file"):
        Cable(Guest(1).machine, Guest(1).port, tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(CableError, match="file: address already in use"):
        SwitchServer(tmp_path / "file")


def test_an_old_socket_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "switch"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as left:
        left.bind(str(path))
    server = SwitchServer(path)
    with pytest.raises(CableError, match="in use"):
        SwitchServer(path)
    server.close()
    assert not path.exists()
