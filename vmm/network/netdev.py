# SPDX-License-Identifier: GPL-2.0-or-later
"""`-netdev`: a network and its options as QEMU spells them, and plugging a port into it.

    user,id=ID[,net=ADDRESS/BITS][,host=A][,dns=A][,dhcpstart=A][,hostname=NAME][,restrict=on]
        [,hostfwd=[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT]...
    switch,id=ID,path=SOCKET[,isolated=on]

Both take ``capture=FILE``: what passes, as pcapng.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from vmm.machine.machine import Machine
from vmm.machine.network import Port
from vmm.machine.system_error import reason
from vmm.network.cable import Cable
from vmm.network.pcapng import Capture
from vmm.network.slirp import SlirpMissing
from vmm.network.user import Forward, UserNetwork, UserOptions

FORWARD = re.compile(r"(tcp|udp)?:([^:]*):(\d+)-([^:]*):(\d+)")


class NetdevError(ValueError):
    """An option that does not fit: one line."""


@dataclass(frozen=True, slots=True)
class Netdev:
    """One network of the command line; ``id`` is the name of the port that it is for."""

    id: str
    user: UserOptions | None = None
    switch: Path | None = None
    isolated: bool = False
    capture: Path | None = None


class Nowhere:
    """What a port is plugged into when its frames come from a recording."""

    def sent(self, port: Port, frame: bytes) -> None:
        """It has been answered already."""


def _address(text: str, key: str) -> IPv4Address:
    try:
        return IPv4Address(text or "0.0.0.0")
    except ValueError as error:
        raise NetdevError(f"{key}: {text!r} is no IPv4 address") from error


def forward(text: str) -> Forward:
    """``tcp:127.0.0.1:8080-:80``; NetdevError if it is none."""
    matched = FORWARD.fullmatch(text)
    if matched is None:
        raise NetdevError(f"hostfwd={text}: write [tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT")
    kind, address, port, guest, guest_port = matched.groups()
    for number in (port, guest_port):
        if not 0 < int(number) < 65536:
            raise NetdevError(f"hostfwd={text}: {number} is no port")
    return Forward(kind or "tcp", int(port), int(guest_port),
                   _address(address, "hostfwd"), _address(guest, "hostfwd"))


def _on_off(key: str, text: str) -> bool:
    if text not in ("on", "off"):
        raise NetdevError(f"{key} is on or off, not {text!r}")
    return text == "on"


def _user(values: dict[str, str], forwards: list[str]) -> UserOptions:
    text = values.pop("net", str(UserOptions().network))
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise NetdevError(f"net: {text!r} is no IPv4 network") from error
    if network.prefixlen > 28:
        raise NetdevError(f"net: {text} has no room for host, name server and guest")
    places = {}
    for key, name in (("host", "host"), ("dns", "dns"), ("dhcpstart", "dhcp")):
        if key in values:
            address = _address(values.pop(key), key)
            if address not in network:
                raise NetdevError(f"{key}: {address} is not in {network}")
            places[name] = int(address) - int(network.network_address)
        elif network.num_addresses <= 15 + 16 and key == "dhcpstart":
            places[name] = 4  # a small network has no 15
    return UserOptions(
        network, hostname=values.pop("hostname", None),
        restricted=_on_off("restrict", values.pop("restrict", "off")),
        forwards=tuple(forward(one) for one in forwards), **places,
    )


def parse(text: str) -> Netdev:
    """One ``-netdev``; NetdevError if it cannot be understood."""
    kind, *words = text.split(",")
    values: dict[str, str] = {}
    forwards = []
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals or not value:
            raise NetdevError(f"an option is written key=value, not {word!r}")
        if key == "hostfwd":
            forwards.append(value)
        elif key in values:
            raise NetdevError(f"{key} is given twice")
        else:
            values[key] = value
    identity = values.pop("id", "")
    if not identity:
        raise NetdevError("it needs an id=")
    capture = Path(values.pop("capture")) if "capture" in values else None
    if kind == "user":
        netdev = Netdev(identity, user=_user(values, forwards), capture=capture)
    elif kind == "switch":
        if "path" not in values or forwards:
            raise NetdevError("a switch has path=SOCKET" + (", no hostfwd" if forwards else ""))
        netdev = Netdev(identity, switch=Path(values.pop("path")), capture=capture,
                        isolated=_on_off("isolated", values.pop("isolated", "off")))
    else:
        raise NetdevError(f"a network is user or switch, not {kind!r}")
    if values:
        raise NetdevError(f"{kind} has no option {next(iter(values))!r}")
    return netdev


def plug(machine: Machine, netdev: Netdev, stack: ExitStack, recorded: bool = False) -> None:
    """Plug the machine's port of this id in, until the stack is closed.

    With ``recorded`` its frames come from a recording, and nothing outside is touched.
    NetdevError in one line for whatever does not work.
    """
    port = next((port for port in machine.ports if port.name == netdev.id), None)
    if port is None:
        raise NetdevError(f"no network device uses netdev={netdev.id}")
    try:
        if netdev.capture is not None:
            capture = Capture.open(netdev.capture, machine.clock.now)
            stack.callback(capture.close)
            capture.add(port)
        if recorded:
            port.plug(Nowhere())
        elif netdev.user is not None:
            stack.callback(UserNetwork(machine, port, netdev.user).close)
        elif netdev.switch is not None:
            stack.callback(Cable(machine, port, netdev.switch, netdev.isolated).close)
    except SlirpMissing as error:
        raise NetdevError(str(error)) from error
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise NetdevError(f"{name}{reason(error)}") from error
