# SPDX-License-Identifier: GPL-2.0-or-later
"""What `-netdev` understands, and what it says of the rest."""

from __future__ import annotations

from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from vmm.boards import Options, create
from vmm.machine.machine import Machine
from vmm.machine.network import Port
from vmm.network.netdev import Netdev, NetdevError, parse, plug
from vmm.network.user import Forward, UserOptions


@pytest.mark.parametrize(
    ("text", "netdev"),
    [
        ("user,id=n0", Netdev("n0", UserOptions())),
        (
            "user,id=n,hostfwd=tcp::8080-:80,hostfwd=udp:127.0.0.1:53-10.0.2.20:5353",
            Netdev("n", UserOptions(forwards=(
                Forward("tcp", 8080, 80),
                Forward("udp", 53, 5353, IPv4Address("127.0.0.1"), IPv4Address("10.0.2.20")),
            ))),
        ),
        (
            "user,id=n,net=192.168.7.0/24,host=192.168.7.1,dns=192.168.7.2,dhcpstart=192.168.7.9,"
            "hostname=guest,restrict=on,capture=/c",
            Netdev("n", UserOptions(IPv4Network("192.168.7.0/24"), 1, 2, 9, "guest", True),
                   capture=Path("/c")),
        ),
        ("user,id=n,net=10.9.0.0/28", Netdev("n", UserOptions(IPv4Network("10.9.0.0/28"), dhcp=4))),
        ("switch,id=n,path=/s,isolated=on", Netdev("n", switch=Path("/s"), isolated=True)),
    ],
)
def test_options(text: str, netdev: Netdev) -> None:
    assert parse(text) == netdev


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user", "it needs an id="),
        ("tap,id=n", "a network is user or switch, not 'tap'"),
        ("user,id=n,ipv6=on", "user has no option 'ipv6'"),
        ("user,id=n,id=m", "id is given twice"),
        ("user,id=n,restrict", "an option is written key=value, not 'restrict'"),
        ("user,id=n,restrict=yes", "restrict is on or off, not 'yes'"),
        ("user,id=n,net=10.0.2.1/24", "net: '10.0.2.1/24' is no IPv4 network"),
        ("user,id=n,net=10.0.2.0/29",
         "net: 10.0.2.0/29 has no room for host, name server and guest"),
        ("user,id=n,host=10.0.3.1", "host: 10.0.3.1 is not in 10.0.2.0/24"),
        ("user,id=n,dns=x", "dns: 'x' is no IPv4 address"),
        ("user,id=n,hostfwd=80", "hostfwd=80: write [tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT"),
        ("user,id=n,hostfwd=::0-:80", "hostfwd=::0-:80: 0 is no port"),
        ("user,id=n,hostfwd=::80-:65536", "hostfwd=::80-:65536: 65536 is no port"),
        ("user,id=n,hostfwd=:a:80-:80", "hostfwd: 'a' is no IPv4 address"),
        ("switch,id=n", "a switch has path=SOCKET"),
        ("switch,id=n,path=s,hostfwd=::1-:1", "a switch has path=SOCKET, no hostfwd"),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    with pytest.raises(NetdevError) as caught:
        parse(text)
    assert str(caught.value) == said


@pytest.fixture
def machine() -> Machine:
    machine = create(Options("virt", bare=True))
    machine.add_port(Port("n0"))
    return machine


def test_plugging(machine: Machine, tmp_path: Path) -> None:
    port = machine.ports[0]
    file = tmp_path / "capture"
    with ExitStack() as stack:
        plug(machine, parse(f"user,id=n0,capture={file}"), stack)
        assert port.link and machine.outside.sources
        port.send(bytes(60))
    assert not port.link and not machine.outside.sources
    assert bytes(60) in file.read_bytes()


def test_a_recording_needs_no_network(machine: Machine, tmp_path: Path) -> None:
    with ExitStack() as stack:
        plug(machine, parse(f"switch,id=n0,path={tmp_path / 'none'}"), stack, recorded=True)
        assert machine.ports[0].link and not machine.outside.sources
        machine.ports[0].send(bytes(60))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user,id=other", "no network device uses netdev=other"),
        ("user,id=n0,capture=/nowhere/file", "/nowhere/file: no such file or directory"),
        ("switch,id=n0,path=/nowhere/s", "no switch at /nowhere/s: no such file or directory"),
    ],
)
def test_what_cannot_be_plugged(machine: Machine, text: str, said: str) -> None:
    with ExitStack() as stack, pytest.raises(NetdevError) as caught:
        plug(machine, parse(text), stack)
    assert str(caught.value) == said
