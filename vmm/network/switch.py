# SPDX-License-Identifier: GPL-2.0-or-later
"""A learning Ethernet switch between the ports of machines on one host.

It forwards as IEEE 802.1D clause 7 says of a bridge: a source address is learnt at the
port where it was seen last; a frame goes to the port where its destination was
learnt, and to all others if it was not, or is a group address.  *Isolated* ports
exchange frames with ports that are not isolated only, so guests can share
a server without seeing each other.  Frames that bridges must not forward
(01:80:C2:00:00:0X) are dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

ADDRESSES = 1024  # that are remembered; the one not seen for longest is forgotten first
LINK_LOCAL = bytes.fromhex("0180c20000")  # reserved: 01:80:c2:00:00:00 to 0f


@dataclass(eq=False, slots=True)
class SwitchPort:
    """One port of a switch: where its frames go, and what it counted."""

    name: str
    deliver: Callable[[bytes], None]
    isolated: bool = False
    received: int = field(default=0, init=False)  # frames that came from its machine
    forwarded: int = field(default=0, init=False)  # frames that went to it


class Switch:
    """The switch: ports, and the addresses learnt."""

    def __init__(self) -> None:
        self.ports: list[SwitchPort] = []
        self.dropped = 0
        self._learnt: dict[bytes, SwitchPort] = {}  # in the order in which they were seen

    def add(self, port: SwitchPort) -> None:
        """Plug a cable in."""
        self.ports.append(port)

    def remove(self, port: SwitchPort) -> None:
        """Pull a cable out; what was learnt there is forgotten."""
        self.ports.remove(port)
        self._learnt = {a: p for a, p in self._learnt.items() if p is not port}

    def where(self, address: bytes) -> SwitchPort | None:
        """The port where an address was seen last."""
        return self._learnt.get(address)

    def frame(self, source: SwitchPort, frame: bytes) -> None:
        """A frame has come in at a port."""
        source.received += 1
        to, by = frame[:6], frame[6:12]
        if len(by) < 6 or by[0] & 1 or (to[:5] == LINK_LOCAL and to[5] < 16):
            self.dropped += 1
            return
        self._learnt.pop(by, None)
        if len(self._learnt) >= ADDRESSES:
            del self._learnt[next(iter(self._learnt))]
        self._learnt[by] = source
        known = None if to[0] & 1 else self._learnt.get(to)
        for port in self.ports if known is None else (known,):
            if port is not source and not (port.isolated and source.isolated):
                port.forwarded += 1
                port.deliver(frame)
