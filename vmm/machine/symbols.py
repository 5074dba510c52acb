"""Names for guest addresses, from the symbol tables of loaded ELF files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A function or object: address, size (0 if unknown), name."""

    address: int
    size: int
    name: str


class Symbols:
    """All symbols of a machine's guests, searchable both ways."""

    def __init__(self) -> None:
        self.files: list[Path] = []  # the ELF files they are from, for debug information
        self._sorted: list[Symbol] = []
        self._names: dict[str, Symbol] = {}

    def add(self, symbols: Iterable[Symbol], file: Path | None = None) -> None:
        """Take in the symbols of ``file``."""
        symbols = list(symbols)
        if file is not None and file not in self.files:
            self.files.append(file)
        self._sorted = sorted({*self._sorted, *symbols})
        for symbol in symbols:
            self._names.setdefault(symbol.name, symbol)

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self._sorted)

    def find(self, name: str) -> Symbol | None:
        """The symbol of that name."""
        return self._names.get(name)

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._names)

    def at(self, address: int) -> tuple[Symbol, int] | None:
        """The symbol that covers ``address`` and the offset into it."""
        index = bisect_right(self._sorted, address, key=lambda s: s.address) - 1
        for symbol in reversed(self._sorted[max(0, index - 8) : index + 1]):
            offset = address - symbol.address
            if offset < max(symbol.size, 1) or (symbol.size == 0 and offset < 0x10000):
                return symbol, offset
        return None

    def name(self, address: int) -> str:
        """``main+0x10`` or an empty string."""
        found = self.at(address)
        if found is None:
            return ""
        symbol, offset = found
        return f"{symbol.name}+{offset:#x}" if offset else symbol.name
