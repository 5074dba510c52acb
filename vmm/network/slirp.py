# SPDX-License-Identifier: GPL-2.0-or-later
"""libslirp, the C library, from Python: structures, calls and callbacks, and nothing else.

Declared after libslirp.h of version 4.7 (configuration version 4), which also
says what each call means.
"""

from __future__ import annotations

import ctypes as C
import sys
from collections.abc import Callable, Sequence
from ctypes.util import find_library
from ipaddress import IPv4Address, IPv4Network

CONFIG_VERSION = 4
POLL_IN, POLL_OUT, POLL_PRI, POLL_ERR, POLL_HUP = 1, 2, 4, 8, 16
FOREVER = 0xFFFFFFFF  # milliseconds: no time limit


class SlirpMissing(OSError):
    """The library is not installed, or too old: one line."""


class Address4(C.Structure):
    """An IPv4 address in network byte order (struct in_addr)."""

    _fields_ = (("s_addr", C.c_uint32),)

    @classmethod
    def of(cls, address: IPv4Address) -> Address4:
        """The structure for an address."""
        return cls(int.from_bytes(address.packed, sys.byteorder))


class Config(C.Structure):
    """SlirpConfig."""

    _fields_ = (
        ("version", C.c_uint32),
        ("restricted", C.c_int), ("in_enabled", C.c_bool),
        ("vnetwork", Address4), ("vnetmask", Address4), ("vhost", Address4),
        ("in6_enabled", C.c_bool), ("vprefix_addr6", C.c_uint8 * 16), ("vprefix_len", C.c_uint8),
        ("vhost6", C.c_uint8 * 16),
        ("vhostname", C.c_char_p), ("tftp_server_name", C.c_char_p), ("tftp_path", C.c_char_p),
        ("bootfile", C.c_char_p),
        ("vdhcp_start", Address4), ("vnameserver", Address4), ("vnameserver6", C.c_uint8 * 16),
        ("vdnssearch", C.c_void_p), ("vdomainname", C.c_char_p),
        ("if_mtu", C.c_size_t), ("if_mru", C.c_size_t),
        ("disable_host_loopback", C.c_bool), ("enable_emu", C.c_bool),
        ("outbound_addr", C.c_void_p), ("outbound_addr6", C.c_void_p),
        ("disable_dns", C.c_bool), ("disable_dhcp", C.c_bool),
    )


SendPacket = C.CFUNCTYPE(C.c_ssize_t, C.POINTER(C.c_uint8), C.c_size_t, C.c_void_p)
GuestError = C.CFUNCTYPE(None, C.c_char_p, C.c_void_p)
ClockNs = C.CFUNCTYPE(C.c_int64, C.c_void_p)
TimerNew = C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p)
TimerFree = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)
TimerMod = C.CFUNCTYPE(None, C.c_void_p, C.c_int64, C.c_void_p)
PollFd = C.CFUNCTYPE(None, C.c_int, C.c_void_p)
Notify = C.CFUNCTYPE(None, C.c_void_p)
AddPoll = C.CFUNCTYPE(C.c_int, C.c_int, C.c_int, C.c_void_p)
GetEvents = C.CFUNCTYPE(C.c_int, C.c_int, C.c_void_p)


class Callbacks(C.Structure):
    """SlirpCb."""

    _fields_ = (
        ("send_packet", SendPacket), ("guest_error", GuestError), ("clock_get_ns", ClockNs),
        ("timer_new", TimerNew), ("timer_free", TimerFree), ("timer_mod", TimerMod),
        ("register_poll_fd", PollFd), ("unregister_poll_fd", PollFd), ("notify", Notify),
        ("init_completed", C.c_void_p), ("timer_new_opaque", C.c_void_p),
    )


def _library() -> C.CDLL:
    name = find_library("slirp") or "libslirp.so.0"
    try:
        library = C.CDLL(name)
        library.slirp_new.restype = C.c_void_p
    except (OSError, AttributeError) as error:
        raise SlirpMissing("user networks need libslirp (Debian: libslirp0)") from error
    handle = C.c_void_p
    library.slirp_new.argtypes = (C.POINTER(Config), C.POINTER(Callbacks), C.c_void_p)
    library.slirp_cleanup.argtypes = (handle,)
    library.slirp_input.argtypes = (handle, C.c_char_p, C.c_int)
    library.slirp_pollfds_fill.argtypes = (handle, C.POINTER(C.c_uint32), AddPoll, C.c_void_p)
    library.slirp_pollfds_poll.argtypes = (handle, C.c_int, GetEvents, C.c_void_p)
    forward = (handle, C.c_int, Address4, C.c_int, Address4, C.c_int)
    library.slirp_add_hostfwd.argtypes = forward
    library.slirp_add_hostfwd.restype = C.c_int
    return library


class Slirp:
    """One NAT: a virtual network with a host, a name server and a DHCP server on it.

    ``output`` takes each frame for the guest, ``now`` gives virtual nanoseconds.  IPv4 only:
    router advertisements of IPv6 come at times that libslirp draws by lot.
    """

    def __init__(
        self, network: IPv4Network, host: IPv4Address, dns: IPv4Address, dhcp: IPv4Address,
        hostname: str | None, restricted: bool,
        output: Callable[[bytes], None], now: Callable[[], int], complain: Callable[[str], None],
    ) -> None:
        """Start it; SlirpMissing if the library is not there."""
        self._library = _library()
        config = Config(
            version=CONFIG_VERSION, restricted=int(restricted), in_enabled=True,
            vnetwork=Address4.of(network.network_address), vnetmask=Address4.of(network.netmask),
            vhost=Address4.of(host), vdhcp_start=Address4.of(dhcp), vnameserver=Address4.of(dns),
            vhostname=hostname.encode() if hostname else None,
        )

        def send(data: object, size: int, opaque: object) -> int:
            output(C.string_at(data, size))  # type: ignore[arg-type]
            return size

        self._callbacks = Callbacks(
            SendPacket(send),
            GuestError(lambda text, opaque: complain(text.decode("utf-8", "replace"))),
            ClockNs(lambda opaque: now()),
            # Only router advertisements ask for timers, and there are none.
            TimerNew(lambda callback, its, opaque: None), TimerFree(lambda timer, opaque: None),
            TimerMod(lambda timer, when, opaque: None),
            PollFd(lambda descriptor, opaque: None), PollFd(lambda descriptor, opaque: None),
            Notify(lambda opaque: None), None, None,
        )
        self._handle = self._library.slirp_new(C.byref(config), C.byref(self._callbacks), None)
        if not self._handle:
            raise SlirpMissing("libslirp is older than 4.7")
        self._added: list[tuple[int, int]] = []
        self._found: Sequence[int] = ()
        self._add = AddPoll(self._add_poll)
        self._events = GetEvents(lambda index, opaque: self._found[index])

    def forward(
        self, kind: str, address: IPv4Address, port: int, guest: IPv4Address, guest_port: int
    ) -> None:
        """Have connections to a port of the host reach the guest; OSError if it is taken."""
        if self._library.slirp_add_hostfwd(
            self._handle, int(kind == "udp"), Address4.of(address), port,
            Address4.of(guest), guest_port,
        ):
            raise OSError(C.get_errno() or 0, f"cannot listen at {kind} {address}:{port}")

    def input(self, frame: bytes) -> None:
        """A frame from the guest."""
        if self._handle:
            self._library.slirp_input(self._handle, frame, len(frame))

    def _add_poll(self, descriptor: int, events: int, opaque: object) -> int:
        self._added.append((descriptor, events))
        return len(self._added) - 1

    def wants(self) -> list[tuple[int, int]]:
        """Descriptors and POLL_ masks that it waits for now."""
        self._added = []
        if self._handle:
            timeout = C.c_uint32(FOREVER)
            self._library.slirp_pollfds_fill(self._handle, C.byref(timeout), self._add, None)
        return self._added

    def poll(self, found: Sequence[int]) -> None:
        """Work: POLL_ masks found, in the order of the last `wants`; frames come out."""
        if self._handle:
            self._found = found
            self._library.slirp_pollfds_poll(self._handle, 0, self._events, None)

    def close(self) -> None:
        """End all connections."""
        handle, self._handle = self._handle, None
        if handle:
            self._library.slirp_cleanup(handle)


