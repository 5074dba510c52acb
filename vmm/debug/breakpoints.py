# SPDX-License-Identifier: GPL-2.0-or-later
"""A session's breakpoints and watchpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from vmm.cpu.watch import PORT, Access
from vmm.machine.machine import Machine

Kind = Literal["code", "write", "read", "access"]


@dataclass(slots=True)
class Breakpoint:
    """One place, or one range of memory, to stop at."""

    number: int  # shown to people, from 1
    kind: Kind
    address: int  # code: pc (linear on x86); others: guest virtual, or a port with watch.PORT
    size: int = 1  # bytes that are watched
    condition: Callable[[Machine], bool] | None = None
    text: str = ""  # as the user wrote it
    enabled: bool = True
    temporary: bool = False  # goes with its first hit
    hits: int = 0

    def holds(self, machine: Machine) -> bool:
        """Whether its condition, if any, is met now."""
        return self.condition is None or self.condition(machine)

    def touched_by(self, access: Access) -> bool:
        """Whether an access reaches what this watches."""
        start = access.address | (PORT if access.port else 0)
        return start < self.address + self.size and self.address < start + access.size


class Breakpoints:
    """All of a session's; changes apply to the next motion."""

    def __init__(self) -> None:
        self._all: dict[int, Breakpoint] = {}
        self._last = 0

    def add(
        self,
        address: int,
        *,
        kind: Kind = "code",
        size: int = 1,
        condition: Callable[[Machine], bool] | None = None,
        text: str = "",
        temporary: bool = False,
    ) -> Breakpoint:
        """A new one, enabled."""
        self._last += 1
        place = address & 0xFFFFFFFF if kind == "code" else address
        breakpoint = Breakpoint(
            self._last, kind, place, size, condition, text, temporary=temporary
        )
        self._all[self._last] = breakpoint
        return breakpoint

    def remove(self, number: int) -> None:
        """Forget one; KeyError if there is none of that number."""
        if number not in self._all:
            raise KeyError(f"no breakpoint {number}")
        del self._all[number]

    def find(self, number: int) -> Breakpoint:
        """The one of that number; KeyError if there is none."""
        if number not in self._all:
            raise KeyError(f"no breakpoint {number}")
        return self._all[number]

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def active(self, *kinds: Kind) -> list[Breakpoint]:
        """Those that are enabled, of these kinds."""
        return [one for one in self._all.values() if one.enabled and one.kind in kinds]
