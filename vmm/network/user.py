# SPDX-License-Identifier: GPL-2.0-or-later
"""A user network: the guest behind NAT, reaching the host's network without any privilege.

libslirp plays the router, the name server and the DHCP server, and carries TCP
and UDP over sockets of this process; ports of the host can be forwarded to the
guest.  Frames come to the guest `LATENCY` after what caused them, at the
virtual time of an event, so what libslirp answers by itself (ARP, DHCP) is the
same in every run.  What sockets bring is not, and is recorded
(`vmm.state.inputs`).
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vmm.machine.clock import Event
from vmm.machine.machine import Machine
from vmm.machine.network import Port
from vmm.network.slirp import POLL_ERR, POLL_HUP, POLL_IN, POLL_OUT, POLL_PRI, Slirp

ANY = IPv4Address("0.0.0.0")
DEFAULT = IPv4Network("10.0.2.0/24")
LATENCY = 20_000  # virtual nanoseconds
# libslirp's masks and those of poll(2)
MASKS = (
    (POLL_IN, select.POLLIN), (POLL_OUT, select.POLLOUT), (POLL_PRI, select.POLLPRI),
    (POLL_ERR, select.POLLERR), (POLL_HUP, select.POLLHUP),
)


@dataclass(frozen=True, slots=True)
class Forward:
    """Connections to (or datagrams at) a port of the host go to a port of the guest."""

    kind: str  # tcp or udp
    port: int
    guest_port: int
    address: IPv4Address = ANY  # of the host
    guest: IPv4Address = ANY  # ANY: who has the first address by DHCP


@dataclass(frozen=True, slots=True)
class UserOptions:
    """The virtual network: QEMU's defaults."""

    network: IPv4Network = DEFAULT
    host: int = 2  # the last parts of addresses in the network
    dns: int = 3
    dhcp: int = 15
    hostname: str | None = None
    restricted: bool = False  # nothing leaves it but by forwards
    forwards: tuple[Forward, ...] = ()


class UserNetwork:
    """One guest's port behind NAT; a source of the machine's outside.

    SlirpMissing without libslirp, OSError if a port of the host cannot be listened at.
    """

    def __init__(self, machine: Machine, port: Port, options: UserOptions) -> None:
        self.options = options
        self.complaints = 0  # frames that libslirp could make nothing of
        self._machine, self._port = machine, port
        self._frames: deque[bytes] = deque()
        self._event: Event | None = None
        self._expects = False
        base = options.network.network_address
        self._slirp = Slirp(
            options.network, base + options.host, base + options.dns, base + options.dhcp,
            options.hostname, options.restricted, self._output, machine.clock.now, self._complain,
        )
        try:
            for forward in options.forwards:
                self._slirp.forward(
                    forward.kind, forward.address, forward.port, forward.guest, forward.guest_port
                )
        except OSError:
            self.close()
            raise
        machine.outside.sources.append(self)
        port.plug(self)
        self.descriptors()

    def close(self) -> None:
        """End all connections and pull the plug."""
        self._slirp.close()
        self._machine.clock.cancel(self._event)
        if self in self._machine.outside.sources:
            self._machine.outside.sources.remove(self)
            self._port.plug(None)

    def _complain(self, text: str) -> None:
        self.complaints += 1

    # -- frames ------------------------------------------------------------------

    def sent(self, port: Port, frame: bytes) -> None:
        """A frame from the guest."""
        self._slirp.input(frame)
        self._soon()

    def _output(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._soon()

    def _soon(self) -> None:
        if self._event is None or not self._event.live:
            clock = self._machine.clock
            self._event = clock.at(clock.now() + LATENCY, self._due, "user network", host=True)

    def _due(self) -> None:
        """Sockets have had their time: what they brought, and what libslirp answered."""
        self._machine.outside.look()
        frames, self._frames = self._frames, deque()
        for frame in frames:
            self._port.channel.arrive(frame)

    # -- a source of the outside ----------------------------------------------------

    def descriptors(self) -> Sequence[tuple[int, int]]:
        """The sockets that libslirp waits for."""
        wanted = self._slirp.wants()
        self._expects = bool(wanted)
        return [
            (descriptor, sum(theirs for ours, theirs in MASKS if events & ours))
            for descriptor, events in wanted
        ]

    def take(self, found: Sequence[int]) -> None:
        """What poll(2) found."""
        self._slirp.poll([
            sum(ours for ours, theirs in MASKS if mask & theirs) for mask in found
        ])

    @property
    def expects(self) -> bool:
        """A guest that sleeps waits for connections in real time, once there is any socket."""
        return self._expects
