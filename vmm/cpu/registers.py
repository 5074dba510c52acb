"""Registers by their architectural names.

Each architecture describes its registers as a table of `Register`s: name,
group, bit fields and how to read and write them on the live engine.
`RegisterFile` is what everything above uses: ``registers["psr"]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """Bits ``high`` to ``low`` (inclusive) of a register."""

    name: str
    high: int
    low: int

    def of(self, value: int) -> int:
        """The field's value inside a register's value."""
        return value >> self.low & (1 << self.high - self.low + 1) - 1


@dataclass(frozen=True, slots=True)
class Register:
    """One register: how it is called, what its bits mean, how it is reached."""

    name: str
    group: str  # "general", "control", "float", ...
    read: Callable[[], int]
    write: Callable[[int], None] | None  # None: read-only
    bits: int = 32
    fields: tuple[Field, ...] = ()

    def explain(self, value: int) -> str:
        """The value with its fields spelled out: ``00f000c0 PIL=0 S=1 PS=1 ET=0``."""
        text = f"{value:0{self.bits // 4}x}"
        return " ".join([text, *(f"{f.name}={f.of(value):x}" for f in self.fields)])


class RegisterFile:
    """A mapping from register names to live values."""

    def __init__(
        self, registers: Iterable[Register], aliases: dict[str, str] | None = None
    ) -> None:
        self.table = {register.name: register for register in registers}
        self.aliases = aliases or {}
        # By exact name, for handlers that run in every trap.
        self._reads = {name: register.read for name, register in self.table.items()}
        self._writes = {
            name: (register.write, (1 << register.bits) - 1)
            for name, register in self.table.items() if register.write is not None
        }

    def find(self, name: str) -> Register:
        """The register of that name or alias; KeyError with a clear text if there is none."""
        lower = name.lower().lstrip("%$")
        lower = self.aliases.get(lower, lower)
        try:
            return self.table[lower]
        except KeyError:
            raise KeyError(f"no register {name!r}; known: {' '.join(self.table)}") from None

    def __getitem__(self, name: str) -> int:
        read = self._reads.get(name)
        return self.find(name).read() if read is None else read()

    def __setitem__(self, name: str, value: int) -> None:
        known = self._writes.get(name)
        if known is not None:
            write, mask = known
            write(value & mask)
            return
        register = self.find(name)
        if register.write is None:
            raise ValueError(f"register {register.name} is read-only")
        register.write(value & (1 << register.bits) - 1)

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)

    def group(self, group: str) -> dict[str, int]:
        """Names and values of one group."""
        return {n: r.read() for n, r in self.table.items() if r.group == group}

    def snapshot(self) -> dict[str, int]:
        """All names and values."""
        return {name: register.read() for name, register in self.table.items()}
