# SPDX-License-Identifier: GPL-2.0-or-later
"""The debugger's breakpoints and watchpoints: packets ``Z`` and ``z``.

No instruction is ever replaced, so software and hardware breakpoints are the
same thing and as many as wanted.
"""

from __future__ import annotations

from vmm.cpu.watch import Access
from vmm.debug.breakpoints import Breakpoint, Kind
from vmm.debug.gdb.words import PacketError, number
from vmm.debug.session import Session

KINDS: dict[str, Kind] = {"0": "code", "1": "code", "2": "write", "3": "read", "4": "access"}
REASONS = {"0": "swbreak", "1": "hwbreak", "2": "watch", "3": "rwatch", "4": "awatch"}
SPACE = 1 << 32
MOST = 4096  # more than any debugger sets; a bound for what one may ask


class Points:
    """Those that are set, by packet type, address and kind."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._set: dict[tuple[str, int, int], int] = {}  # -> number in the session

    def change(self, text: str, insert: bool) -> bytes:
        """``type,addr,kind``: the reply to ``Z`` or ``z``."""
        kind, _, rest = text.partition(",")
        if kind not in KINDS:
            return b""
        address_text, _, size_text = rest.partition(";")[0].partition(",")
        address, size = number(address_text), number(size_text)
        watch = KINDS[kind] != "code"
        if address >= SPACE or (watch and not 0 < size <= SPACE - address):
            raise PacketError
        key = (kind, address, size)
        if insert and key not in self._set:
            if len(self._set) == MOST:
                raise PacketError
            added = self._session.breakpoints.add(
                address, kind=KINDS[kind], size=size if watch else 1, text="gdb"
            )
            self._set[key] = added.number
        elif not insert and key in self._set:
            self._session.breakpoints.remove(self._set.pop(key))
        return b"OK"

    def clear(self) -> None:
        """The debugger goes: remove all of them."""
        for assigned in self._set.values():
            self._session.breakpoints.remove(assigned)
        self._set.clear()

    def reason(self, hit: Breakpoint, access: Access | None) -> str:
        """The part of a stop reply that says which one was hit; empty if it is not gdb's."""
        for (kind, address, _), assigned in self._set.items():
            if assigned == hit.number:
                place = ""
                if access is not None:
                    place = f"{max(access.address, address):x}"
                return f"{REASONS[kind]}:{place};"
        return ""
