# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the server listens: ``tcp:HOST:PORT``, ``tcp::PORT`` (loopback) or ``unix:PATH``."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from dataclasses import dataclass

from vmm.machine.system_error import reason

LOOPBACK = "127.0.0.1"


class AddressError(ValueError):
    """An address that cannot be read, in one line."""


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP host and port (0: any free one), or the path of a Unix socket."""

    host: str = LOOPBACK
    port: int = 0
    path: str = ""


def parse(text: str) -> Address:
    """Read an address; AddressError says what is wrong with it."""
    kind, _, rest = text.partition(":")
    if kind == "unix" and rest:
        return Address(path=rest)
    host, colon, port = rest.rpartition(":")
    if kind != "tcp" or not colon:
        raise AddressError(f"{text}: written tcp::PORT, tcp:HOST:PORT or unix:PATH")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise AddressError(f"{text}: {port!r} is not a port (0 to 65535)")
    return Address(host.strip("[]") or LOOPBACK, int(port))


def listen(address: Address) -> socket.socket:
    """A listening socket; OSError with one line of text if the address cannot be had."""
    if address.path:
        return _listen_unix(address.path)
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        family, _, _, _, place = found[0]
        return _bound(family, place, f"{address.host}:{address.port}")
    except socket.gaierror as error:
        raise OSError(f"{address.host}: {reason(error)}") from error


def _listen_unix(path: str) -> socket.socket:
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(os.stat(path).st_mode) and not _answers(path):
            os.unlink(path)  # left behind by a server that is gone
    return _bound(socket.AF_UNIX, path, path)


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _bound(family: int, place: object, name: str) -> socket.socket:
    server = socket.socket(family)
    try:
        if family != socket.AF_UNIX:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(place)  # type: ignore[arg-type]
        server.listen(1)
    except (OSError, ValueError, TypeError) as error:
        server.close()
        raise OSError(f"{name}: {reason(error)}") from error
    return server


def name(server: socket.socket) -> str:
    """The address that a socket listens at, as a user types it after ``target remote``."""
    place = server.getsockname()
    if isinstance(place, str):
        return place
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    return f"{host}:{place[1]}"
