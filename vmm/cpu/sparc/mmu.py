"""SPARC Reference MMU table walk (SPARC V8 manual, appendix H)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PTD, PTE = 1, 2
ACC_NAMES = ("r--/r--", "rw-/rw-", "r-x/r-x", "rwx/rwx", "--x/--x", "r--/rw-", "---/r-x", "---/rwx")


@dataclass(frozen=True, slots=True)
class Step:
    """One table entry that the walk read."""

    level: int  # 0 is the context table
    address: int  # physical address of the entry
    entry: int


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk's steps and, if it ended in a PTE, what the PTE says."""

    steps: tuple[Step, ...]
    physical: int | None  # 36-bit physical address
    access: int | None  # the PTE's ACC field


def walk(
    read_word: Callable[[int], int | None], context_table: int, context: int, address: int
) -> Walk:
    """Translate ``address``; ``read_word`` reads a big-endian physical word or returns None."""
    table = (context_table << 4) & 0xFFFFFFFF0
    index_shift = ((0, 0), (24, 0xFF), (18, 0x3F), (12, 0x3F))
    at = table + 4 * context
    steps: list[Step] = []
    for level in range(4):
        if level:
            shift, mask = index_shift[level]
            at = table + 4 * (address >> shift & mask)
        entry = read_word(at)
        if entry is None:
            return Walk(tuple(steps), None, None)
        steps.append(Step(level, at, entry))
        kind = entry & 3
        if kind == PTE:
            size = (1 << 32, 1 << 24, 1 << 18, 1 << 12)[level]
            page = (entry & 0xFFFFFF00) << 4
            physical = (page & ~(size - 1)) | (address & (size - 1))
            return Walk(tuple(steps), physical, entry >> 2 & 7)
        if kind != PTD or level == 3:
            break
        table = (entry & 0xFFFFFFFC) << 4
    return Walk(tuple(steps), None, None)
