# SPDX-License-Identifier: GPL-2.0-or-later
"""Watchpoints: what can be watched, and what is reported when it is touched.

The mechanism is native (`vmm/native/src/watch.c`).  Addresses are virtual, as
the guest's instructions use them (linear ones on x86), or x86 I/O ports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from vmm.native import library as native

Kind = Literal["read", "write", "access"]
Watchpoint = tuple[int, int, Kind]  # address (with PORT for a port), size in bytes, what touches it

PORT = native.PORT  # flag of an address: an I/O port
KINDS = {
    "read": native.WATCH_READ,
    "write": native.WATCH_WRITE,
    "access": native.WATCH_READ | native.WATCH_WRITE,
}


@dataclass(frozen=True, slots=True)
class Access:
    """A load or store that touched a watched range; its instruction has finished.

    ``before`` and ``after`` are what the accessed bytes held, as a number in the guest's byte
    order.  Registers of devices are never read for it: for a load both are what was loaded, for
    a store ``before`` is None and ``after`` what was stored.
    """

    address: int  # of the access, which may begin before the watched range
    size: int  # bytes
    kind: Literal["read", "write"]
    before: int | None
    after: int
    pc: int  # of the instruction (linear on x86)
    port: bool = False  # ``address`` is an I/O port


def native_watches(watchpoints: Iterable[Watchpoint]) -> Any:
    """The native layer's table of these; ValueError if one is empty or out of range."""
    found = []
    for address, size, kind in watchpoints:
        port = bool(address & PORT)
        start, limit = address & ~PORT, 1 << 16 if port else 1 << 32
        if size < 1 or not 0 <= start <= limit - size:
            raise ValueError(f"cannot watch {size} bytes at {start:#x}")
        space = native.SPACE_PORTS if port else native.SPACE_MEMORY
        found.append(native.Watch(start, space, size, KINDS[kind], 0))
    return (native.Watch * len(found))(*found)
