# SPDX-License-Identifier: GPL-2.0-or-later
"""Every trap of a run, to be counted and asked about."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator

from vmm.api.hooks import Trap
from vmm.machine.machine import Machine

FIELDS = 5  # count, kind, pc, status, info: 40 bytes a trap


class Ledger:
    """The traps of one machine, in the order in which they were taken."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._names = machine.processor.trap_kinds()
        self._words = array("Q")
        machine.ledger.record(self._record)

    def _record(self, records: list[tuple[int, int, int, int, int]]) -> None:
        for record in records:
            self._words.extend(record)

    def __len__(self) -> int:
        return len(self._words) // FIELDS

    def __getitem__(self, index: int) -> Trap:
        at = range(len(self))[index] * FIELDS
        count, kind, pc, status, _ = self._words[at : at + FIELDS]
        return Trap(self._machine.processor.trap_name(kind), kind, pc, status, count)

    def __iter__(self) -> Iterator[Trap]:
        return (self[index] for index in range(len(self)))

    def records(self) -> Iterator[tuple[int, ...]]:
        """Each trap as (count, kind, pc, status, info), as the machine has it."""
        words = self._words
        return (tuple(words[at : at + FIELDS]) for at in range(0, len(words), FIELDS))

    def select(
        self, *names: str, pc: str | int | range | None = None, since: int = 0,
        before: int | None = None,
    ) -> list[Trap]:
        """The traps of these names (none: all) that were taken at ``pc``.

        ``pc`` is an address, a range of them, or a symbol: then anywhere in that function.
        ``since`` and ``before`` are instruction counts.  ValueError if a name does not exist,
        KeyError for a symbol.
        """
        known = set(self._names.values())
        for name in names:
            if name not in known:
                raise ValueError(f"no trap {name!r}; known: {', '.join(sorted(known))}")
        is_there = self._place(pc)
        return [
            trap for trap in self
            if (not names or trap.name in names)
            and is_there(trap.pc)
            and since <= trap.count and (before is None or trap.count < before)
        ]

    def count(self, *names: str) -> int:
        """How many traps of these names (none: all) were taken."""
        return len(self.select(*names)) if names else len(self)

    def counts(self) -> Counter[str]:
        """The number of traps of each name."""
        return Counter(trap.name for trap in self)

    def hash(self) -> str:
        """SHA-256 of all of it: equal for equal runs."""
        return hashlib.sha256(self._words.tobytes()).hexdigest()

    def _place(self, pc: str | int | range | None) -> Callable[[int], bool]:
        """Whether an address is at the place."""
        if pc is None:
            return lambda address: True
        if isinstance(pc, int):
            return lambda address: address == pc
        if isinstance(pc, range):
            return lambda address: address in pc
        symbols = self._machine.symbols
        if symbols.find(pc) is None:
            raise KeyError(f"no symbol {pc!r} in what was loaded")

        def inside(address: int) -> bool:
            found = symbols.at(address)
            return found is not None and found[0].name == pc

        return inside
