# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM short-descriptor translation table walks: ARMv7 and ARMv5.

ARM DDI 0406C, B3.5 (tables), B3.7 (permissions), B3.12 (domains); DDI 0100I,
B4 for ARMv5 with its coarse and fine tables, subpage permissions and tiny
pages.  As in the engine, SCTLR.WXN and UWXN do not bind short descriptors.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.cpu.walk import Access, ReadEntry, Registers, Step, Walk, swapped

MIB, LARGE, SMALL, TINY = 1 << 20, 1 << 16, 1 << 12, 1 << 10
SUPERSECTION = 1 << 18  # of a section descriptor
NO_ACCESS, CLIENT, RESERVED, MANAGER = range(4)
# Fault status, table B3-23: first level, second level
TRANSLATION, ACCESS_FLAG, DOMAIN, PERMISSION = (5, 7), (3, 6), (9, 11), (13, 15)
WALK_ABORT = (0x0C, 0x0E)
NAMES = {
    TRANSLATION: "Translation fault", ACCESS_FLAG: "Access flag fault", DOMAIN: "Domain fault",
    PERMISSION: "Permission fault", WALK_ABORT: "external abort on the walk",
}
SCTLR_S, SCTLR_R, SCTLR_EE, SCTLR_AFE = 1 << 8, 1 << 9, 1 << 25, 1 << 29
LETTER = {"load": "r", "store": "w", "execute": "x"}
# AP[2:0]: privileged before user (table B3-8); the reserved 4 gives nothing.
BY_AP = ("--/--", "rw/--", "rw/r-", "rw/rw", "--/--", "r-/--", "r-/r-", "r-/r-")


@dataclass(frozen=True, slots=True)
class Tables:
    """The registers of one security state that a walk needs, and what the model has."""

    ttbr0: int
    ttbr1: int
    ttbcr: int
    dacr: int
    sctlr: int
    before_v6: bool = False
    pxn: bool = True


def tables(registers: Registers, suffix: str, before_v6: bool, pxn: bool) -> Tables:
    """``suffix`` is "_s" for the Secure instances."""
    def of(name: str) -> int:
        return registers.get(name + suffix, registers.get(name, 0))

    return Tables(of("ttbr0"), of("ttbr1"), of("ttbcr"), of("dacr"), of("sctlr"), before_v6, pxn)


class _Walk:
    """One walk: what it was asked, and the entries seen so far."""

    def __init__(self, read: ReadEntry, using: Tables, address: int, access: Access) -> None:
        self.read, self.using, self.address, self.access = read, using, address, access
        self.steps: list[Step] = []
        self.domain = 0

    def entry(self, table: str, at: int) -> int | None:
        value = self.read(at, 4)
        self.steps.append(Step(table, at, value, "", "no memory"))
        return value

    def name(self, kind: str, layout: str) -> None:
        """Say what the last entry turned out to be."""
        last = self.steps[-1]
        self.steps[-1] = Step(last.table, last.address, last.entry, layout, kind)

    def fault(self, fault: tuple[int, int], level: int, span: int, why: str,
              rights: str = "") -> Walk:
        text = f"{NAMES[fault]}, {('first', 'second')[level - 1]} level: {why}"
        status = fault[level - 1]
        return Walk(self.address, tuple(self.steps), None, span, rights, text, status, level)

    def domain_fault(self, level: int, span: int) -> Walk | None:
        """None if the domain lets the access go on."""
        kind = self.using.dacr >> 2 * self.domain & 3
        if kind in (CLIENT, MANAGER) or not self.access.limited:
            return None
        what = "no access" if kind == NO_ACCESS else "the reserved value"
        return self.fault(DOMAIN, level, span, f"DACR gives domain {self.domain} {what}")

    def page(self, base: int, span: int, level: int, rights: str, why: str = "") -> Walk:
        """The walk ended in a mapping with these rights, privileged before user."""
        access = self.access
        domain = self.using.dacr >> 2 * self.domain & 3
        if domain != CLIENT:
            rights = "rwx/rwx" if domain == MANAGER else "---/---"
        privileged, _, user = rights.partition("/")
        if access.limited and LETTER[access.kind] not in (user if access.user else privileged):
            reason = why if access.kind == "execute" and why else f"rights are {rights}"
            return self.fault(PERMISSION, level, span, f"{reason}, {access} not allowed", rights)
        physical = base | self.address & (span - 1)
        return Walk(self.address, tuple(self.steps), physical, span, rights, level=level)


def walk(read: ReadEntry, using: Tables, address: int, access: Access) -> Walk:
    """Translate ``address``."""
    if using.before_v6:
        return _walk_v5(_Walk(read, using, address, access))
    one = _Walk(swapped(read) if using.sctlr & SCTLR_EE else read, using, address, access)
    n = using.ttbcr & 7
    if n and address >> 32 - n:
        base, disabled, register = using.ttbr1 & 0xFFFFC000, using.ttbcr & 1 << 5, "TTBR1"
    else:
        mask = 0xFFFFFFFF << 14 - n & 0xFFFFFFFF
        base, disabled, register = using.ttbr0 & mask, using.ttbcr & 1 << 4, "TTBR0"
    if disabled:
        return one.fault(TRANSLATION, 1, MIB, f"TTBCR disables walks by {register}")
    index = (address & 0xFFFFFFFF >> (n if register == "TTBR0" else 0)) >> 20
    entry = one.entry(f"first level ({register})", base + 4 * index)
    if entry is None:
        return one.fault(WALK_ABORT, 1, MIB, "nobody answers there")
    kind = entry & 3
    if kind == 0 or (kind == 3 and not using.pxn):
        one.name("invalid", "short.invalid")
        return one.fault(TRANSLATION, 1, MIB, "the entry is invalid")
    if kind == 1:
        return _second_level(one, entry)
    large = bool(entry & SUPERSECTION)
    one.name(*(("supersection", "short.supersection") if large else ("section", "short.section")))
    one.domain = 0 if large else entry >> 5 & 15
    span = MIB << 4 if large else MIB
    refused = one.domain_fault(1, span)
    if refused is not None:
        return refused
    base = entry & -span & 0xFFFFFFFF
    if large:
        base |= (entry >> 20 & 15) << 32 | (entry >> 5 & 15) << 36
    ap = entry >> 10 & 3 | entry >> 13 & 4
    return _checked(one, base, span, 1, ap, bool(entry & 1 << 4), bool(entry & 1))


def _second_level(one: _Walk, first: int) -> Walk:
    one.name("page table", "short.table")
    one.domain = first >> 5 & 15
    refused = one.domain_fault(2, MIB)
    if refused is not None:
        return refused
    at = (first & 0xFFFFFC00) + (one.address >> 10 & 0x3FC)
    entry = one.entry("second level", at)
    if entry is None:
        return one.fault(WALK_ABORT, 2, SMALL, "nobody answers there")
    ap = entry >> 4 & 3 | entry >> 7 & 4
    never_privileged = one.using.pxn and bool(first & 1 << 2)
    match entry & 3:
        case 0:
            one.name("invalid", "short.invalid")
            return one.fault(TRANSLATION, 2, SMALL, "the entry is invalid")
        case 1:
            one.name("large page", "short.large")
            return _checked(one, entry & 0xFFFF0000, LARGE, 2, ap, bool(entry & 1 << 15),
                            never_privileged)
    one.name("small page", "short.small")
    return _checked(one, entry & 0xFFFFF000, SMALL, 2, ap, bool(entry & 1), never_privileged)


def _checked(
    one: _Walk, base: int, span: int, level: int, ap: int, never: bool, never_privileged: bool
) -> Walk:
    """Permissions, B3.7: by AP[2:0], or by AP[2:1] with AP[0] as the access flag."""
    simplified = bool(one.using.sctlr & SCTLR_AFE)
    privileged, _, user = BY_AP[ap | 1 if simplified else ap].partition("/")
    if simplified and ap >> 1 == 0:
        user = "--"  # AP[2:1] = 0 is for the privileged only
    never_privileged = never_privileged or never
    rights = (f"{privileged}{'-' if never_privileged or privileged == '--' else 'x'}/"
              f"{user}{'-' if never or user == '--' else 'x'}")
    checked = one.access.limited and one.using.dacr >> 2 * one.domain & 3 != MANAGER
    executes = checked and one.access.kind == "execute"
    if executes and (never or (never_privileged and not one.access.user)):
        why = "XN is set" if never else "PXN is set"
        return one.fault(PERMISSION, level, span, why, rights)
    if simplified and checked and not ap & 1:
        return one.fault(ACCESS_FLAG, level, span, "AP[0], the access flag, is clear", rights)
    return one.page(base, span, level, rights)


# -- before ARMv6 -----------------------------------------------------------------------


def _walk_v5(one: _Walk) -> Walk:
    entry = one.entry("first level", (one.using.ttbr0 & 0xFFFFC000) + (one.address >> 20 << 2))
    if entry is None:
        return one.fault(WALK_ABORT, 1, MIB, "nobody answers there")
    one.domain = entry >> 5 & 15
    kind = entry & 3
    if kind == 0:
        one.name("invalid", "v5.invalid")
        return one.fault(TRANSLATION, 1, MIB, "the entry is invalid")
    if kind == 2:
        one.name("section", "v5.section")
        refused = one.domain_fault(1, MIB)
        rights = _rights_v5(one.using.sctlr, entry >> 10 & 3)
        return refused or one.page(entry & 0xFFF00000, MIB, 1, rights)
    one.name("coarse page table" if kind == 1 else "fine page table", "v5.table")
    refused = one.domain_fault(2, MIB)
    return refused or _second_level_v5(one, entry)


def _second_level_v5(one: _Walk, first: int) -> Walk:
    address, fine = one.address, first & 3 == 3
    if fine:
        at = (first & 0xFFFFF000) + (address >> 8 & 0xFFC)
    else:
        at = (first & 0xFFFFFC00) + (address >> 10 & 0x3FC)
    entry = one.entry("second level", at)
    if entry is None:
        return one.fault(WALK_ABORT, 2, TINY, "nobody answers there")
    kind = entry & 3
    if kind == 0 or (kind == 3 and not fine):
        one.name("invalid", "v5.invalid")
        return one.fault(TRANSLATION, 2, TINY if fine else SMALL, "the entry is invalid")
    if kind == 3:
        one.name("tiny page", "v5.tiny")
        rights = _rights_v5(one.using.sctlr, entry >> 4 & 3)
        return one.page(entry & 0xFFFFFC00, TINY, 2, rights)
    # Each quarter of a page has permissions of its own.
    span = LARGE if kind == 1 else SMALL
    quarter = address >> (14 if kind == 1 else 10) & 3
    one.name("large page" if kind == 1 else "small page", "v5.page")
    rights = _rights_v5(one.using.sctlr, entry >> 4 + 2 * quarter & 3)
    found = one.page(entry & -span & 0xFFFFFFFF, span, 2, rights)
    return Walk(found.address, found.steps, found.physical, span // 4, found.rights, found.fault,
                found.status, 2)


def _rights_v5(sctlr: int, ap: int) -> str:
    if ap == 0:
        if sctlr & SCTLR_R:
            return "r-x/r-x" if not sctlr & SCTLR_S else "---/---"
        return "r-x/---" if sctlr & SCTLR_S else "---/---"
    return ("", "rwx/---", "rwx/r-x", "rwx/rwx")[ap]
