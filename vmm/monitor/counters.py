# SPDX-License-Identifier: GPL-2.0-or-later
"""What virtualizing a guest took: exits by kind, instructions emulated, and where.

An *exit* is the way from the running guest to its monitor.  What each one was
about is counted by the monitor as it goes; a `Profile`, which costs two looks
at the host's clock an exit, is kept only when asked for.
"""

from __future__ import annotations

import ctypes as C
from collections import Counter
from dataclasses import dataclass, field

from vmm.devices.shared import Shared


@dataclass(slots=True)
class Counters:
    """Since the machine was virtualized."""

    exits: Counter[int] = field(default_factory=Counter)  # by kind of exit
    emulated: Counter[str] = field(default_factory=Counter)  # by name of the instruction
    reflected: Counter[int] = field(default_factory=Counter)  # virtual traps, by kind of trap

    @property
    def total(self) -> int:
        """All exits."""
        return self.exits.total()


class ScanCost(Shared):
    """What it took to find sensitive instructions, each time code was translated."""

    looked_at: int  # instructions that might be sensitive by their first bytes
    replaced: int
    nanoseconds: int  # of the host
    _fields_ = tuple(
        (name, C.c_uint64) for name in ("looked_at", "replaced", "nanoseconds")
    )


@dataclass(slots=True)
class Site:
    """One guest pc that exits came from."""

    exits: int = 0
    reflected: int = 0  # how many of them were traps of the guest's own
    kind: int = 0  # of the last exit
    nanoseconds: int = 0  # of the host, in the monitor's handlers


@dataclass(slots=True)
class Profile:
    """Which guest instructions exits came from, and what they cost."""

    sites: dict[int, Site] = field(default_factory=dict)  # by virtual pc

    def note(self, pc: int, kind: int, reflected: bool, nanoseconds: int) -> None:
        """An exit at ``pc`` has been handled in so much host time."""
        site = self.sites.get(pc)
        if site is None:
            site = self.sites[pc] = Site()
        site.exits += 1
        site.reflected += reflected
        site.kind = kind
        site.nanoseconds += nanoseconds

    def hottest(self, limit: int = 20) -> list[tuple[int, Site]]:
        """The pcs with the most exits, most first; equal ones by address."""
        order = sorted(self.sites.items(), key=lambda item: (-item[1].exits, item[0]))
        return order[:limit]

    @property
    def nanoseconds(self) -> int:
        """Host time in the monitor's handlers altogether."""
        return sum(site.nanoseconds for site in self.sites.values())
