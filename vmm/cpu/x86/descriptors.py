# SPDX-License-Identifier: GPL-2.0-or-later
"""Segment and gate descriptors, and fetching them from their tables.

Intel SDM volume 3A, 3.4.5 (segment descriptors), 3.5 (system descriptors),
6.11 (gates in the IDT), 7.2.2 (TSS descriptors).  A descriptor is its two
32-bit words; the layout of the high one is also that of a segment register's
attributes.
"""

from __future__ import annotations

from typing import NamedTuple

from vmm.cpu.x86.paging import LinearMemory
from vmm.cpu.x86.state import State

# Types of system descriptors (table 3-2)
LDT_TYPE, TASK_GATE = 2, 5
INTERRUPT_GATE_16, TRAP_GATE_16, INTERRUPT_GATE_32, TRAP_GATE_32 = 6, 7, 14, 15
TSS_BUSY = 1 << 9  # in the high word
LONG = 1 << 21  # in the high word: of code segments in 64-bit mode, else reserved and ignored
SELECTOR_LDT = 1 << 2  # table indicator of a selector


class Descriptor(NamedTuple):
    """A descriptor: its first and second word."""

    low: int
    high: int

    @property
    def base(self) -> int:
        return self.low >> 16 | (self.high & 0xFF) << 16 | self.high & 0xFF000000

    @property
    def limit(self) -> int:
        """In bytes: the granularity bit is applied."""
        limit = self.low & 0xFFFF | self.high & 0xF0000
        return limit << 12 | 0xFFF if self.high & 1 << 23 else limit

    @property
    def present(self) -> bool:
        return bool(self.high & 1 << 15)

    @property
    def dpl(self) -> int:
        return self.high >> 13 & 3

    @property
    def system(self) -> bool:
        """S is 0: a gate, a TSS or an LDT; not code or data."""
        return not self.high & 1 << 12

    @property
    def type(self) -> int:
        return self.high >> 8 & 15

    @property
    def code(self) -> bool:
        """Code rather than data (of a descriptor that is not a system one)."""
        return bool(self.high & 1 << 11)

    @property
    def conforming(self) -> bool:
        return bool(self.high & 1 << 10)

    @property
    def read_or_write(self) -> bool:
        """Code may be read, data may be written."""
        return bool(self.high & 1 << 9)

    @property
    def writable_data(self) -> bool:
        """What SS takes."""
        return self.high >> 9 & 0xD == 0x9  # S and W, not code

    @property
    def big(self) -> bool:
        """The D/B bit."""
        return bool(self.high & 1 << 22)

    # A gate has a selector and an offset where a segment has base and limit.

    @property
    def selector(self) -> int:
        return self.low >> 16

    @property
    def offset(self) -> int:
        return self.low & 0xFFFF | self.high & 0xFFFF0000


def is_null(selector: int) -> bool:
    """Index 0 of the GDT, whatever the RPL."""
    return not selector & 0xFFFC


def fetch(state: State, memory: LinearMemory, selector: int) -> Descriptor | None:
    """The descriptor that a selector names, or None if it is beyond the table's limit."""
    table = state.env.ldtr if selector & SELECTOR_LDT else state.env.gdtr
    index = selector & 0xFFF8
    if index + 7 > table.limit:
        return None
    return Descriptor(*memory.read_words(table.base + index))
