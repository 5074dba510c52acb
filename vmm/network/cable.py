# SPDX-License-Identifier: GPL-2.0-or-later
"""A cable between a port of a machine and a switch in another process, and the switch's end.

A cable is a Unix socket of type SOCK_SEQPACKET; a packet is a frame.  The first
packet says who plugs in, and how (`greeting`).  A switch never waits for
a machine: frames that a full cable cannot take are lost, as on hardware.
"""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from vmm.machine.machine import Machine
from vmm.machine.network import Port
from vmm.machine.system_error import reason
from vmm.network.switch import Switch, SwitchPort

LONGEST_FRAME = 65536  # bytes
BUFFER = 1 << 20  # bytes of frames under way in each direction
KIND, VERSION = "vmm switch", 1


class CableError(OSError):
    """A switch that cannot be reached, or made: one line."""


def greeting(name: str, isolated: bool) -> bytes:
    """The first packet on a cable."""
    return json.dumps(
        {"kind": KIND, "version": VERSION, "name": name, "isolated": isolated}
    ).encode()


def greeted(packet: bytes) -> dict[str, object] | None:
    """What a first packet says, or None if it is of no cable."""
    with suppress(ValueError, RecursionError):
        said = json.loads(packet)
        if isinstance(said, dict) and (said.get("kind"), said.get("version")) == (KIND, VERSION):
            return said
    return None


def _socket() -> socket.socket:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return one


class Cable:
    """A machine's port, plugged into a switch of this host; a source of the machine's outside.

    CableError if there is no switch at ``path``.
    """

    expects = True  # other machines may send at any time

    def __init__(self, machine: Machine, port: Port, path: Path, isolated: bool = False) -> None:
        self.lost = 0  # frames that found the cable full
        self._machine, self._port = machine, port
        self._socket = _socket()
        try:
            self._socket.connect(str(path))
            self._socket.send(greeting(port.name, isolated))
        except OSError as error:
            self._socket.close()
            raise CableError(f"no switch at {path}: {reason(error)}") from error
        self._socket.setblocking(False)
        machine.outside.sources.append(self)
        port.plug(self)

    def close(self) -> None:
        """Pull the plug."""
        if self in self._machine.outside.sources:
            self._machine.outside.sources.remove(self)
            self._port.plug(None)
        self._socket.close()

    def sent(self, port: Port, frame: bytes) -> None:
        """A frame from the guest."""
        try:
            self._socket.send(frame)
        except BlockingIOError:
            self.lost += 1
        except OSError:
            self.close()  # the switch has gone

    def descriptors(self) -> Sequence[tuple[int, int]]:
        """The socket."""
        return [(self._socket.fileno(), select.POLLIN)]

    def take(self, found: Sequence[int]) -> None:
        """Frames have come, or the switch has gone."""
        if not found[0]:
            return
        with suppress(BlockingIOError):
            while frame := _received(self._socket):
                self._port.channel.arrive(frame)
            self.close()


def _received(one: socket.socket) -> bytes:
    """The next packet; nothing if the other end has gone."""
    try:
        return one.recv(LONGEST_FRAME)
    except BlockingIOError:
        raise
    except OSError:
        return b""


class SwitchServer:
    """A switch whose ports are cables: it serves until it is closed.

    CableError if ``path`` cannot be made; an old socket without a switch is replaced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.switch = Switch()
        self._cables: dict[int, tuple[socket.socket, SwitchPort | None]] = {}
        self._listener = _socket()
        try:
            if path.is_socket() and not self._answers():
                path.unlink()
            self._listener.bind(str(path))
            self._listener.listen()
        except OSError as error:
            self._listener.close()
            raise CableError(f"{path}: {reason(error)}") from error
        self._listener.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._listener, select.POLLIN)

    def _answers(self) -> bool:
        with _socket() as probe:
            return probe.connect_ex(str(self.path)) == 0

    def serve(self, seconds: float | None = None) -> None:
        """Switch what comes; wait for the first of it at most so long."""
        for descriptor, _ in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._listener.fileno():
                with suppress(BlockingIOError):
                    self._plugged(self._listener.accept()[0])
            elif descriptor in self._cables:
                self._receive(descriptor)

    def _plugged(self, one: socket.socket) -> None:
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self._cables[one.fileno()] = one, None
        self._poll.register(one, select.POLLIN)

    def _receive(self, descriptor: int) -> None:
        one, port = self._cables[descriptor]
        with suppress(BlockingIOError):
            while packet := _received(one):
                if port is not None:
                    self.switch.frame(port, packet)
                    continue
                port = self._greeted(one, packet)
                if port is None:
                    break
            self._pulled(descriptor)

    def _greeted(self, one: socket.socket, packet: bytes) -> SwitchPort | None:
        said = greeted(packet)
        if said is None:
            return None

        def deliver(frame: bytes) -> None:
            with suppress(OSError):  # full: lost; gone: seen when it is read
                one.send(frame)

        port = SwitchPort(str(said.get("name", "")), deliver, said.get("isolated") is True)
        self._cables[one.fileno()] = one, port
        self.switch.add(port)
        return port

    def _pulled(self, descriptor: int) -> None:
        one, port = self._cables.pop(descriptor)
        self._poll.unregister(descriptor)
        if port is not None:
            self.switch.remove(port)
        one.close()

    def close(self) -> None:
        """Pull all cables, and remove the socket."""
        for descriptor in list(self._cables):
            self._pulled(descriptor)
        self._listener.close()
        self.path.unlink(missing_ok=True)
