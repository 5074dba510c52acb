# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM long-descriptor (LPAE) translation table walks: stage 1, Hyp mode's own, stage 2.

ARM DDI 0406C, B3.6 (tables), B3.7.1 and B3.7.2 (permissions), B3.6.3 (stage 2).
A stage 1 walk under stage 2 reads its own tables at intermediate physical
addresses, which are walked in turn.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmm.cpu.walk import Access, ReadEntry, Registers, Step, Walk, swapped

ADDRESS = 0xFF_FFFF_F000
# STATUS, table B3-24, less the level
TRANSLATION, ACCESS_FLAG, PERMISSION, WALK_ABORT = 0x04, 0x08, 0x0C, 0x14
NAMES = {
    TRANSLATION: "Translation fault", ACCESS_FLAG: "Access flag fault",
    PERMISSION: "Permission fault", WALK_ABORT: "external abort on the walk",
}
SCTLR_WXN, SCTLR_UWXN, SCTLR_EE = 1 << 19, 1 << 20, 1 << 25
LETTER = {"load": "r", "store": "w", "execute": "x"}
BY_AP = ("rw/--", "rw/rw", "r-/--", "r-/r-")  # AP[2:1], privileged before user
BY_S2AP = ("--", "r-", "-w", "rw")


@dataclass(frozen=True, slots=True)
class Regime:
    """Where a walk begins and what it applies."""

    name: str
    base: int
    level: int  # of the first table
    bits: int  # of input address
    stage2: bool = False
    hyp: bool = False
    sctlr: int = 0
    fault: str = ""  # why there is no walk at all


def stage1(registers: Registers, suffix: str, address: int) -> Regime:
    """TTBR0 or TTBR1 with TTBCR.EAE set (B3.6.5)."""
    def of(name: str) -> int:
        return registers.get(name + suffix, registers.get(name, 0))

    ttbcr, sctlr = of("ttbcr"), of("sctlr")
    t0, t1 = ttbcr & 7, ttbcr >> 16 & 7
    if t1:
        upper = address >= 0x100000000 - (1 << 32 - t1)
    else:
        upper = address > 0xFFFFFFFF >> t0
    size, disabled = (t1, ttbcr & 1 << 23) if upper else (t0, ttbcr & 1 << 7)
    name = "TTBR1" if upper else "TTBR0"
    fault = f"TTBCR disables walks by {name}" if disabled else ""
    if not upper and address >> 32 - t0:
        fault = "the address is in neither TTBR0's nor TTBR1's region"
    return _regime(name, of(f"ttbr{int(upper)}_64"), 32 - size, sctlr=sctlr, fault=fault)


def hyp(registers: Registers, address: int) -> Regime:
    """HTTBR with HTCR: Hyp mode's own translation."""
    size = registers.get("htcr", 0) & 7
    fault = "the address is outside HTTBR's region" if address >> 32 - size else ""
    return _regime("HTTBR", registers.get("httbr", 0), 32 - size, hyp=True,
                   sctlr=registers.get("hsctlr", 0), fault=fault)


def _regime(name: str, base: int, bits: int, **rest: object) -> Regime:
    level = 1 if bits > 30 else 2
    return Regime(name, _aligned(base, bits, level), level, bits, **rest)  # type: ignore[arg-type]


def stage2(registers: Registers, address: int) -> Regime:
    """VTTBR with VTCR."""
    vtcr = registers.get("vtcr", 0)
    size = (vtcr & 15 ^ 8) - 8  # signed
    bits, level = 32 - size, 2 - (vtcr >> 6 & 3)
    fault = "the address is outside VTTBR's region" if address >> bits else ""
    return Regime("VTTBR", _aligned(registers.get("vttbr", 0), bits, level), level, bits, True,
                  fault=fault)


def _aligned(base: int, bits: int, level: int) -> int:
    """A first table of 2^n bytes begins at a multiple of them."""
    return base & 0xFF_FFFF_FFFF & -(1 << bits - 9 * (4 - level))


def walk(
    read: ReadEntry, regime: Regime, address: int, access: Access,
    under: Registers | None = None,
) -> Walk:
    """Translate ``address``.  ``under`` are the registers of the stage 2 that the tables are in."""
    steps: list[Step] = []
    through: list[Walk] = []
    level, base, limits = regime.level, regime.base, 0
    if regime.fault:
        return _fault(regime, address, steps, level, TRANSLATION, regime.fault, through)
    width = regime.bits - 9 * (4 - level)
    read_entry = swapped(read) if regime.sctlr & SCTLR_EE else read
    while True:
        at = base | address >> 9 * (4 - level) & (1 << width) - 1 & ~7
        place = at
        if under is not None:
            inner = walk(read, stage2(under, at), at, Access("load", limited=access.limited))
            through.append(inner)
            if inner.physical is None:
                return Walk(address, tuple(steps), None, _span(level), "", inner.fault,
                            inner.status, inner.level, tuple(through))
            place = inner.physical
        entry = read_entry(place, 8)
        name = f"level {level} ({regime.name})" if level == regime.level else f"level {level}"
        layout, kind = _kind(regime, entry, level)
        steps.append(Step(name, at, entry, layout, kind, 8))
        if entry is None:
            return _fault(regime, address, steps, level, WALK_ABORT, "nobody answers there",
                          through)
        if kind == "invalid":
            return _fault(regime, address, steps, level, TRANSLATION, "the entry is invalid",
                          through)
        if kind != "table":
            return _page(regime, address, access, steps, level, entry, limits, through)
        if not regime.stage2:
            limits |= entry >> 59
        base, level, width = entry & ADDRESS, level + 1, 12


def _kind(regime: Regime, entry: int | None, level: int) -> tuple[str, str]:
    if entry is None:
        return "long.invalid", "no memory"
    if not entry & 1 or (level == 3 and not entry & 2):
        return "long.invalid", "invalid"
    if level < 3 and entry & 2:
        return "long.table", "table"
    kind = "page" if level == 3 else "block"
    return f"{'stage2' if regime.stage2 else 'long'}.{kind}", kind


def _span(level: int) -> int:
    return 1 << 9 * (4 - level) + 3


def _fault(
    regime: Regime, address: int, steps: list[Step], level: int, fault: int, why: str,
    through: list[Walk], rights: str = "",
) -> Walk:
    stage = "stage 2 " if regime.stage2 else ""
    text = f"{stage}{NAMES[fault]}, level {level}: {why}"
    return Walk(address, tuple(steps), None, _span(level), rights, text, fault + level, level,
                tuple(through))


def _page(
    regime: Regime, address: int, access: Access, steps: list[Step], level: int, entry: int,
    limits: int, through: list[Walk],
) -> Walk:
    rights = _stage2_rights(entry) if regime.stage2 else _rights(regime, entry, limits)
    privileged, _, user = rights.partition("/")
    if access.limited:
        if not entry & 1 << 10:
            return _fault(regime, address, steps, level, ACCESS_FLAG,
                          "AF, the access flag, is clear", through, rights)
        of = user if access.user and not regime.stage2 else privileged
        if LETTER[access.kind] not in of:
            return _fault(regime, address, steps, level, PERMISSION,
                          f"rights are {rights}, {access} not allowed", through, rights)
    span = _span(level)
    physical = entry & ADDRESS & -span | address & (span - 1)
    return Walk(address, tuple(steps), physical, span, rights, level=level, through=tuple(through))


def _stage2_rights(entry: int) -> str:
    rights = BY_S2AP[entry >> 6 & 3]
    return rights + ("x" if "r" in rights and not entry >> 53 & 3 else "-")


def _rights(regime: Regime, entry: int, limits: int) -> str:
    """Permissions of stage 1, with what the tables above take away (B3.6.2)."""
    ap = entry >> 6 & 3
    if limits & 4:
        ap &= ~1  # APTable[0]: not for user
    if limits & 8:
        ap |= 2  # APTable[1]: read-only
    never = bool(entry >> 54 & 1 or limits & 2)
    never_privileged = bool(entry >> 53 & 1 or limits & 1)
    privileged, _, user = BY_AP[ap].partition("/")
    written = regime.sctlr & SCTLR_WXN
    if regime.hyp:
        return privileged + ("-" if never or (written and "w" in privileged) else "x")
    no_privileged = (
        never or never_privileged or (written and "w" in privileged)
        or (regime.sctlr & SCTLR_UWXN and "w" in user)
    )
    no_user = never or user == "--" or (written and "w" in user)
    return f"{privileged}{'-' if no_privileged else 'x'}/{user}{'-' if no_user else 'x'}"
