# SPDX-License-Identifier: GPL-2.0-or-later
"""What a GICv2 remembers, and the constants its two other modules share.

Sets of interrupts are integers with one bit for each INTID.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Iterator

from vmm.devices.shared import Shared

SPURIOUS, OTHER_GROUP = 1023, 1022
IDLE_PRIORITY = 0x100  # above every priority: nothing is active
SGIS, PRIVATE = 16, 32
PROCESSORS = 8  # at most
SGI_SET, PRIVATE_SET = 0xFFFF, 0xFFFFFFFF

ENABLE_GROUP0, ENABLE_GROUP1 = 1, 2  # GICD_CTLR and GICC_CTLR
ACK_CTL, FIQ_EN, CBPR, EOI_MODE = 0x04, 0x08, 0x10, 0x200
CTLR_BITS = 0x61F


WORDS = 16  # 64-bit words of a set of interrupts


class InterruptSet:
    """A field that is an array of words in memory and an integer in Python."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __get__(self, owner: Shared, kind: type) -> int:
        return int.from_bytes(getattr(owner, self._words), "little")

    def __set__(self, owner: Shared, value: int) -> None:
        words = getattr(owner, self._words)
        C.memmove(words, value.to_bytes(C.sizeof(words), "little"), C.sizeof(words))


class Sets:
    """A row of sets in memory as a sequence of integers."""

    def __init__(self, rows: C.Array[C.Array[C.c_uint64]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> int:
        return int.from_bytes(self._rows[index], "little")

    def __setitem__(self, index: int, value: int) -> None:
        row = self._rows[index]
        C.memmove(row, value.to_bytes(C.sizeof(row), "little"), C.sizeof(row))


class Bank(Shared):
    """The interrupts of one processor (INTID below 32), or those that all share."""

    enabled = InterruptSet("enabled_words")
    latched = InterruptSet("latched_words")  # by an edge, by software, or (SGI) by a source
    level = InterruptSet("level_words")  # the input wires
    active = InterruptSet("active_words")
    group1 = InterruptSet("group1_words")
    edge = InterruptSet("edge_words")  # edge-triggered; the others follow the level
    priority: C.Array[C.c_uint8]
    _fields_ = (
        ("enabled_words", C.c_uint64 * WORDS),
        ("latched_words", C.c_uint64 * WORDS),
        ("level_words", C.c_uint64 * WORDS),
        ("active_words", C.c_uint64 * WORDS),
        ("group1_words", C.c_uint64 * WORDS),
        ("edge_words", C.c_uint64 * WORDS),
        ("priority", C.c_uint8 * (64 * WORDS)),
    )

    def pending(self) -> int:
        return self.latched | (self.level & ~self.edge)


class Interface(Shared):
    """One processor's GICC registers."""

    ctlr: int
    pmr: int
    bpr: int
    abpr: int
    apr_words: C.Array[C.Array[C.c_uint64]]
    _fields_ = (
        ("ctlr", C.c_uint32),
        ("pmr", C.c_uint32),
        ("bpr", C.c_uint32),
        ("abpr", C.c_uint32),
        ("apr_words", C.c_uint64 * 2 * 2),
    )

    @property
    def apr(self) -> Sets:
        """Active priorities, one bit for each preemption level (priority >> 1), by group."""
        return Sets(self.apr_words)


class State(Shared):
    """`struct vmm_gic`."""

    processors: int
    lines: int
    ctlr: int
    private: C.Array[Bank]
    shared: Bank
    targets_words: C.Array[C.Array[C.c_uint64]]
    sources: C.Array[C.Array[C.c_uint8]]  # by processor and SGI: requesting processors
    interfaces: C.Array[Interface]
    irq: C.Array[C.c_uint8]  # the outputs, by processor
    fiq: C.Array[C.c_uint8]
    _fields_ = (
        ("processors", C.c_uint32),
        ("lines", C.c_uint32),
        ("ctlr", C.c_uint32),
        ("spare", C.c_uint32),
        ("private", Bank * PROCESSORS),
        ("shared", Bank),
        ("targets_words", C.c_uint64 * WORDS * PROCESSORS),
        ("sources", C.c_uint8 * SGIS * PROCESSORS),
        ("interfaces", Interface * PROCESSORS),
        ("irq", C.c_uint8 * PROCESSORS),
        ("fiq", C.c_uint8 * PROCESSORS),
    )

    @property
    def targets(self) -> Sets:
        """For each processor: the set of SPIs that target it."""
        return Sets(self.targets_words)
