# SPDX-License-Identifier: GPL-2.0-or-later
"""Watchpoints: what can be watched, and what is reported when it is touched.

The mechanism is native (`vmm/native/src/watch.c`).  Addresses are virtual, as
the guest's instructions use them (linear ones on x86), or x86 I/O ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from vmm.native import library as native

Kind = Literal["read", "write", "access"]
Peek = Callable[[int, int], int | None]  # (virtual address, size) -> what memory holds there
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


class Watchpoints:
    """The watched ranges of one engine, and the accesses that have touched them."""

    def __init__(self, dll: Any, pointer: Any) -> None:
        self._dll = dll
        self._pointer = pointer
        self._native: native.NativeCpu = pointer.contents
        self._watches: Any = ()
        self._held: list[int | None] = []  # what memory held before each access

    def set(self, watchpoints: Iterable[Watchpoint]) -> None:
        """Have the event handler called right after each instruction that touches one of these.

        The handler then finds an access to `take`.  Replaces those set before; only between
        runs.  ValueError if a range is empty or not inside the address space.
        """
        if self._native.running:
            raise RuntimeError("watchpoints can change only while the machine is stopped")
        watches = native_watches(watchpoints)
        if bytes(watches) == bytes(self._watches):
            return
        self._dll.vmm_set_watches(self._pointer, watches, len(watches))
        self._watches = watches
        self._native.access_count = 0

    @property
    def before(self) -> bool:
        """Whether a watched access stops before its instruction instead of after it."""
        return bool(self._native.watch_before)

    @before.setter
    def before(self, before: bool) -> None:
        self._native.watch_before = before

    def note(self, peek: Peek) -> None:
        """A watched access is about to be made: keep what memory holds there."""
        n = self._native
        access = n.accesses[n.access_count]
        del self._held[n.access_count :]
        memory = access.space == native.SPACE_MEMORY
        self._held.append(peek(access.address, access.size) if memory else None)

    def take(self, peek: Peek) -> Access | None:
        """The access that the engine's look is for, if it is for one (asked once).

        An instruction may make several: then the first that changed something, else the first.
        """
        n = self._native
        made, n.access_count = int(n.access_count), 0
        accesses = [_made(n.accesses[i], self._held[i], peek) for i in range(made)]
        return next((a for a in accesses if a.before != a.after), accesses[0] if made else None)


def _made(access: Any, before: int | None, peek: Peek) -> Access:
    after, port = None, access.space == native.SPACE_PORTS
    write = access.kind == native.WATCH_WRITE
    if write and not port:
        after = peek(access.address, access.size)
    if after is None:
        after = int(access.value)
    if not write:
        before = after
    kind: Literal["read", "write"] = "write" if write else "read"
    return Access(access.address, access.size, kind, before, after, int(access.pc), port)
