# SPDX-License-Identifier: GPL-2.0-or-later
"""What a GICv2 remembers, and the constants its two other modules share.

Sets of interrupts are integers with one bit for each INTID.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SPURIOUS, OTHER_GROUP = 1023, 1022
IDLE_PRIORITY = 0x100  # above every priority: nothing is active
SGIS, PRIVATE = 16, 32
SGI_SET, PRIVATE_SET = 0xFFFF, 0xFFFFFFFF

ENABLE_GROUP0, ENABLE_GROUP1 = 1, 2  # GICD_CTLR and GICC_CTLR
ACK_CTL, FIQ_EN, CBPR, EOI_MODE = 0x04, 0x08, 0x10, 0x200
CTLR_BITS = 0x61F


@dataclass
class Bank:
    """The interrupts of one processor (INTID below 32), or those that all share."""

    enabled: int = 0
    latched: int = 0  # pending by an edge, by software, or (SGI) by a source
    level: int = 0  # the input wires
    active: int = 0
    group1: int = 0
    edge: int = 0  # edge-triggered; the others follow the level
    priority: bytearray = field(default_factory=lambda: bytearray(1024))

    def pending(self) -> int:
        return self.latched | (self.level & ~self.edge)


@dataclass
class Interface:
    """One processor's GICC registers."""

    ctlr: int = 0
    pmr: int = 0
    bpr: int = 0
    abpr: int = 1
    # Active priorities, one bit for each preemption level (priority >> 1), by group.
    apr: list[int] = field(default_factory=lambda: [0, 0])


@dataclass
class State:
    ctlr: int
    private: list[Bank]
    shared: Bank
    targets: list[int]  # for each processor: the set of SPIs that target it
    sources: list[list[int]]  # for each processor and SGI: requesting processors
    interfaces: list[Interface]
