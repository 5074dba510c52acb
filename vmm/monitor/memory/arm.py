# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM translation tables, short and long descriptors (ARM DDI 0406C, B3.5 and B3.6).

Nothing of the tables is written: access flags are the guest's to set.  The
guest's kernel runs in PL1 of either security state; Hyp mode is not for a
guest of this kind.
"""

from __future__ import annotations

from collections.abc import Hashable

from vmm.cpu.arm import walk_long, walk_short
from vmm.cpu.arm.models import Model
from vmm.cpu.arm.walk import SCTLR_M, TTBCR_EAE, is_secure
from vmm.cpu.walk import Walk, reverse
from vmm.monitor.memory.base import PAGE, STORE, Fault, PolicyError
from vmm.monitor.memory.frame_types import ADDRESSES
from vmm.monitor.memory.tables import (
    ACCESSES,
    NOTHING,
    SECURE,
    Found,
    Memory,
    Part,
    Registers,
    Source,
    Table,
    rights_bits,
)
from vmm.native.library import SHADOW_PXN
from vmm.native.table_guard import FORMAT_PXN, TABLES_ARM, TABLES_LPAE

SHORT_NAMES, LONG_NAMES = ("ttbr0", "ttbr1", "dacr"), ("ttbr0_64", "ttbr1_64")
FSR_LPAE, FSR_WRITE = 1 << 9, 1 << 11
SUPERSECTION = 1 << 18
WRITABLE_AP = frozenset((1, 2, 3))  # AP[2:0] that somebody may store with, table B3-8
SMALLEST_PART = 25  # TTBCR.T0SZ and T1SZ divide no finer than 1 << 25 bytes
SCTLR_TRANSLATION = (SCTLR_M | walk_short.SCTLR_AFE | walk_short.SCTLR_EE | walk_long.SCTLR_WXN
                     | walk_long.SCTLR_UWXN)


class ArmTables:
    """The tables at TTBR0 and TTBR1 of the current security state."""

    def __init__(self, memory: Memory, model: Model) -> None:
        if model.page_size < PAGE:
            raise PolicyError(f"{model.name} has pages smaller than 4 KiB")
        self._memory = memory
        self._pxn = model.generic_timer
        self.features = SHADOW_PXN if self._pxn else 0
        self._on = self._long = False
        self.swapped = False  # SCTLR.EE: entries are big-endian
        self._registers: dict[str, int] = {}
        self._instances: dict[str, str] = {}  # by name and state, the register's name
        self._secure = False  # whether there are two states
        self._suffix = ""
        self._regimes: dict[int, walk_long.Regime] = {}
        self._using = walk_short.Tables(0, 0, 0, 0, 0)

    @property
    def entry_size(self) -> int:
        """Long descriptors have 8 bytes."""
        return 8 if self._long else 4

    def load_context(self, registers: Registers) -> Hashable:
        """By SCTLR, TTBCR, the TTBRs and DACR, in the instance of the security state."""
        suffix = self._suffix = self._state(registers)
        sctlr = registers[self._instances["sctlr" + suffix]] & SCTLR_TRANSLATION
        self._on, self._long = bool(sctlr & SCTLR_M), False
        self.swapped = bool(sctlr & walk_short.SCTLR_EE)
        if not self._on:
            return suffix
        ttbcr = registers[self._instances["ttbcr" + suffix]]
        self._long = bool(ttbcr & TTBCR_EAE)
        if self._long:
            values = [registers[self._instances[name + suffix]] for name in LONG_NAMES]
            self._regimes.clear()
            self._registers = dict(zip(LONG_NAMES, values, strict=True), ttbcr=ttbcr, sctlr=sctlr)
            return suffix, sctlr, ttbcr, *values
        ttbr0, ttbr1, dacr = [registers[self._instances[name + suffix]] for name in SHORT_NAMES]
        self._using = walk_short.Tables(ttbr0, ttbr1, ttbcr, dacr, sctlr, False, self._pxn)
        return suffix, sctlr, ttbcr, ttbr0, ttbr1, dacr

    def _state(self, registers: Registers) -> str:
        """What the names of the security state's registers end in."""
        if not self._instances:
            present = set(registers)
            for name in ("sctlr", "ttbcr", *SHORT_NAMES, *LONG_NAMES):
                self._instances[name] = name
                banked = name + "_s"
                self._instances[banked] = banked if banked in present else name
            self._secure = "scr" in present
        if not self._secure:
            return ""
        return "_s" if is_secure({n: registers[n] for n in ("scr", "cpsr")}) else ""

    def walk(self, address: int, access: int, user: bool) -> Walk:
        """The readable walk."""
        if not self._on:
            return Walk(address, (), address, PAGE, "rwx/rwx")
        asked = ACCESSES[access][user]
        if self._long:
            part = address >> SMALLEST_PART
            regime = self._regimes.get(part)
            if regime is None:
                regime = self._regimes[part] = walk_long.stage1(self._registers, "", address)
            return walk_long.walk(self._memory.load, regime, address, asked)
        return walk_short.walk(self._memory.load, self._using, address, asked)

    def find(self, address: int, access: int, user: bool) -> Found:
        """Translate."""
        walk = self.walk(address, access, user)
        if walk.physical is None:
            return Found(Fault(address, access, user, self._status(walk, access)))
        sources = tuple((step.address, step.size, step.entry or 0) for step in walk.steps)
        rights = rights_bits(walk.rights)
        if self._suffix and not self._leaves_secure_memory(sources):
            rights |= SECURE
        if self.swapped:
            sources = tuple((at, size, reverse(entry, size)) for at, size, entry in sources)
        return Found(None, walk.physical & -PAGE, rights, walk.span, sources)

    def _leaves_secure_memory(self, sources: tuple[Source, ...]) -> bool:
        """Whether a Secure access goes to Non-secure memory: NS and NSTable (B3.5.1, B3.6.1)."""
        if self._long:
            *tables, (_, _, leaf) = sources or ((0, 0, 0),)
            return bool(leaf >> 5 & 1 or any(entry >> 63 for _, _, entry in tables))
        if not sources:
            return False
        first = sources[0][2]
        return bool(first >> (3 if first & 3 == 1 else 19) & 1)

    @property
    def mode(self) -> Hashable:
        """Short or long descriptors, of which byte order."""
        return self._long, self.swapped

    @property
    def translating(self) -> bool:
        """SCTLR.M."""
        return self._on

    def roots(self) -> tuple[Table, ...]:
        """The first-level tables at TTBR0 and TTBR1, as far as TTBCR has them used."""
        return tuple(root for root, _ in self._begun())

    def begins(self, root: Table) -> int:
        """TTBR0 translates from 0 on, TTBR1 up to the last address."""
        return dict(self._begun())[root]

    def _begun(self) -> list[tuple[Table, int]]:
        """The roots, each with the address that it begins at."""
        if not self._on:
            return []
        if self._long:
            regimes = [walk_long.stage1(self._registers, "", at) for at in (0, 0xFFFFFFFF)]
            if regimes[0] == regimes[1]:
                del regimes[1]
            return [(Table(r.base, 4 + r.level, 1 << r.bits - 9 * (4 - r.level)),
                     ADDRESSES - (1 << r.bits) if r.name == "TTBR1" else 0)
                    for r in regimes if not r.fault]
        using = self._using
        n = using.ttbcr & 7
        size = 1 << 14 - n
        found = [] if using.ttbcr & 1 << 4 else [(Table(using.ttbr0 & -size, 1, size), 0)]
        if n and not using.ttbcr & 1 << 5:
            upper = Table((using.ttbr1 & 0xFFFFC000) + size, 1, (1 << 14) - size)
            found.append((upper, size // 4 * walk_short.MIB))
        return found

    def part(self, level: int, entry: int) -> Part:
        """B3.5.1 and B3.6.1; long tables have 4 added to their levels."""
        if self.swapped:
            entry = reverse(entry, self.entry_size)
        if level > 4:
            return self._part_long(level - 4, entry)
        kind = entry & 3
        if not kind:
            return NOTHING
        if level == 2:
            span = walk_short.LARGE if kind == 1 else walk_short.SMALL
            ap = entry >> 4 & 3 | entry >> 7 & 4
            return Part(None, entry & -span & 0xFFFFFFFF, span, ap in WRITABLE_AP)
        if kind == 1:
            return Part(Table(entry & 0xFFFFFC00, 2, 1 << 10))
        if kind == 3 and not self._pxn:
            return NOTHING
        ap = entry >> 10 & 3 | entry >> 13 & 4
        if not entry & SUPERSECTION:
            return Part(None, entry & 0xFFF00000, walk_short.MIB, ap in WRITABLE_AP)
        frame = entry & 0xFF000000 | (entry >> 20 & 15) << 32 | (entry >> 5 & 15) << 36
        return Part(None, frame, walk_short.MIB << 4, ap in WRITABLE_AP)

    @property
    def format(self) -> tuple[int, int, int]:
        """Long descriptors, or short ones with or without PXN."""
        kind = TABLES_LPAE if self._long else TABLES_ARM
        return kind, FORMAT_PXN if self._pxn else 0, (1 << 64) - 1

    def span(self, level: int) -> int:
        """B3.5.1 and B3.6.1."""
        if level > 4:
            return 1 << 9 * (8 - level) + 3
        return walk_short.MIB if level == 1 else walk_short.SMALL

    def _part_long(self, level: int, entry: int) -> Part:
        if not entry & 1 or (level == 3 and not entry & 2):
            return NOTHING
        if level < 3 and entry & 2:
            return Part(Table(entry & walk_long.ADDRESS, 4 + level + 1, PAGE))
        span = 1 << 9 * (4 - level) + 3
        return Part(None, entry & walk_long.ADDRESS & -span, span, not entry & 1 << 7)

    def _status(self, walk: Walk, access: int) -> int:
        """DFSR or IFSR (B4.1.51): as in the engine, IFSR has the domain too."""
        status = walk.status or 0
        written = FSR_WRITE if access == STORE else 0
        if self._long:
            return status | FSR_LPAE | written
        first = walk.steps[0].entry if walk.steps else None
        domain = 0
        if first is not None:
            kind = first & 3
            if kind == 1 or (kind and not first & SUPERSECTION and (kind == 2 or self._pxn)):
                domain = first >> 5 & 15
        return (status & 16) << 6 | domain << 4 | status & 15 | written
