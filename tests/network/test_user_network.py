# SPDX-License-Identifier: GPL-2.0-or-later
"""NAT through libslirp: what it answers, when it enters, and who waits for whom."""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.network import Port
from vmm.machine.outcome import Outcome
from vmm.network.user import LATENCY, Forward, UserNetwork, UserOptions
from vmm.state.inputs import InputLog

RAM = 0x4000_0000
BRANCH_TO_SELF, WAIT_FOREVER = 0xEAFFFFFE, (0xE320F003, 0xEAFFFFFD)  # WFI; B .-4
MAC = bytes.fromhex("525400123456")
GUEST, HOST = IPv4Address("10.0.2.15"), IPv4Address("10.0.2.2")


def arp_request(asks: IPv4Address) -> bytes:
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + MAC + GUEST.packed + bytes(6) + asks.packed
    return (b"\xff" * 6 + MAC + b"\x08\x06" + body).ljust(60, b"\0")


def arp_reply(frame: bytes) -> bytes:
    """The guest's answer to who asks for its address."""
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 2) + MAC + GUEST.packed + frame[22:32]
    return (frame[6:12] + MAC + b"\x08\x06" + body).ljust(60, b"\0")


def discover() -> bytes:
    """A DHCPDISCOVER (RFC 2131)."""
    message = struct.pack(">BBBBIHH", 1, 1, 6, 0, 0x1234, 0, 0x8000) + bytes(16)
    message += MAC + bytes(10 + 64 + 128) + bytes.fromhex("63825363") + b"\x35\x01\x01\xff"
    udp = struct.pack(">HHHH", 68, 67, 8 + len(message), 0) + message
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0)
    head += bytes(4) + b"\xff" * 4
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack(">H", ~total & 0xFFFF) + head[12:]
    return b"\xff" * 6 + MAC + b"\x08\x00" + head + udp


class Guest:
    """A machine whose program only lets time pass, and its network port."""

    def __init__(self, *code: int) -> None:
        self.machine = machine = create(Options("virt", bare=True))
        machine.load_bytes(RAM, struct.pack(f"<{len(code)}I", *code), "code")
        machine.processor.registers["pc"] = RAM
        self.port = Port("net0")
        machine.add_port(self.port)
        self.frames: list[tuple[int, bytes]] = []
        self.wants = 0
        self.port.on_frame = self.take

    def take(self, frame: bytes) -> bool:
        """Say who we are; stop at an IP packet of the protocol that is wanted."""
        self.frames.append((self.machine.engine.cycles, frame))
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\x01":
            self.port.send(arp_reply(frame))
        elif frame[12:14] == b"\x08\x00" and frame[23] == self.wants:
            self.machine.stop(Outcome.stopped("it came"))
        return True

    def last(self, kind: bytes) -> bytes:
        return [frame for _, frame in self.frames if frame[12:14] == kind][-1]


@pytest.fixture
def networks() -> Iterator[list[UserNetwork]]:
    made: list[UserNetwork] = []
    yield made
    for network in made:
        network.close()


def test_arp_and_dhcp_are_answered_at_the_same_moments(networks: list[UserNetwork]) -> None:
    runs = []
    for _ in range(2):
        guest = Guest(BRANCH_TO_SELF)
        networks.append(UserNetwork(guest.machine, guest.port, UserOptions()))
        guest.machine.run(until=1000)
        guest.port.send(arp_request(HOST))
        guest.port.send(discover())
        assert guest.frames == []
        guest.machine.run(until=200_000)
        runs.append(guest.frames)
    assert runs[0] == runs[1]
    arp, offer = guest.last(b"\x08\x06"), guest.last(b"\x08\x00")
    assert arp[20:22] == b"\0\x02" and arp[28:32] == HOST.packed
    assert offer[42] == 2 and IPv4Address(offer[58:62]) == GUEST
    assert {count for count, _ in guest.frames} == {1000 + LATENCY}


def connect(guest: Guest, port: int) -> socket.socket:
    """Somebody outside connects to the forwarded port."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def forwarded(guest: Guest, networks: list[UserNetwork]) -> int:
    port = free_port()
    forward = Forward("tcp", port, 80, IPv4Address("127.0.0.1"))
    networks.append(UserNetwork(guest.machine, guest.port, UserOptions(forwards=(forward,))))
    guest.wants = 17  # the first address, by UDP
    guest.port.send(discover())
    guest.machine.run()
    guest.wants = 6
    return port


def test_a_connection_from_outside_wakes_a_guest_that_waits(networks: list[UserNetwork]) -> None:
    guest = Guest(*WAIT_FOREVER)
    guest.machine.limit_time(None, 20)
    port = forwarded(guest, networks)
    assert networks[0].expects
    with connect(guest, port):
        guest.machine.run()
    syn = guest.last(b"\x08\x00")
    assert syn[23] == 6 and syn[36:38] == struct.pack(">H", 80) and syn[47] & 0x3F == 2
    assert guest.machine.outcome is not None and guest.machine.outcome.text == "it came"


def test_a_recording_brings_the_connection_again(networks: list[UserNetwork], tmp_path) -> None:
    guest = Guest(*WAIT_FOREVER)
    guest.machine.limit_time(None, 20)
    file = io.StringIO()
    log = InputLog(guest.machine)
    log.record(file)
    port = forwarded(guest, networks)
    with connect(guest, port):
        guest.machine.run()
    assert len(log.entries) == len(guest.frames)
    again = Guest(*WAIT_FOREVER)
    InputLog(again.machine, log.entries)
    for again.wants in (17, 6):
        again.machine.run()
    assert again.frames == guest.frames
    assert again.machine.engine.cycles == guest.machine.engine.cycles


def test_a_port_that_is_taken_is_said(networks: list[UserNetwork]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        guest = Guest(BRANCH_TO_SELF)
        forward = Forward("tcp", port, 80, IPv4Address("127.0.0.1"))
        with pytest.raises(OSError, match=f"tcp 127.0.0.1:{port}"):
            UserNetwork(guest.machine, guest.port, UserOptions(forwards=(forward,)))
    assert not guest.port.link and not guest.machine.outside.sources


def test_what_is_no_frame_is_counted(networks: list[UserNetwork]) -> None:
    guest = Guest(BRANCH_TO_SELF)
    networks.append(UserNetwork(guest.machine, guest.port, UserOptions()))
    for size in (14, 15, 33, 60, 1514, 9000, 65535):
        for kind in (b"\x08\x06", b"\x08\x00", b"\x86\xdd", b"\x12\x34"):
            guest.port.send(b"\xff" * 6 + MAC + kind + b"\x45" * (size - 14))
    guest.machine.run(until=100_000)


def test_machine_is_left_as_it_was(networks: list[UserNetwork]) -> None:
    guest = Guest(BRANCH_TO_SELF)
    machine: Machine = guest.machine
    network = UserNetwork(machine, guest.port, UserOptions())
    assert guest.port.link
    network.close()
    assert not guest.port.link and not machine.outside.holds
