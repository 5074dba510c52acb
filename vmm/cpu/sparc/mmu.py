# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC Reference MMU table walk (SPARC V8 manual, appendix H)."""

from __future__ import annotations

from vmm.cpu.walk import Access, ReadEntry, Step, Walk

PTD, PTE = 1, 2
# By ACC, table H-2: supervisor before user.
RIGHTS = ("r--/r--", "rw-/rw-", "r-x/r-x", "rwx/rwx", "--x/--x", "rw-/r--", "r-x/---", "rwx/---")
# Fault types, H.5
INVALID_ADDRESS, PROTECTION, PRIVILEGE, TRANSLATION = 1, 2, 3, 4
FAULTS = {
    INVALID_ADDRESS: "invalid address error", PROTECTION: "protection error",
    PRIVILEGE: "privilege violation error", TRANSLATION: "translation error",
}
TABLES = ("context table", "level-1 table", "level-2 table", "level-3 table")
SIZES = (1 << 32, 1 << 24, 1 << 18, 1 << 12)  # what an entry of each level stands for
INDEXES = ((0, 0), (24, 0xFF), (18, 0x3F), (12, 0x3F))  # shift and mask
KINDS = ("invalid", "PTD", "PTE", "reserved")
WRONG = {PTD: "a pointer below level 3", PTE: "a page in the context table"}
LAYOUTS = ("srmmu.invalid", "srmmu.ptd", "srmmu.pte", "srmmu.invalid")
UNLIMITED = Access(limited=False)
LETTER = {"load": "r", "store": "w", "execute": "x"}


def walk(
    read: ReadEntry, context_table: int, context: int, address: int,
    access: Access = UNLIMITED,
) -> Walk:
    """Translate ``address``: registers as the MMU holds them, physical addresses of 36 bits."""
    table, index = (context_table << 4) & 0xFFFFFFFF0, context
    steps: list[Step] = []
    for level in range(4):
        if level:
            shift, mask = INDEXES[level]
            index = address >> shift & mask
        at = table + 4 * index
        entry = read(at, 4)
        kind = 0 if entry is None else entry & 3
        name = "no memory" if entry is None else KINDS[kind]
        steps.append(Step(TABLES[level], at, entry, LAYOUTS[kind], name))
        if entry is None:
            return _fault(address, steps, level, TRANSLATION, "nobody answers at its address")
        if kind == PTE and level:
            return _page(address, steps, level, entry, access)
        if kind != PTD or level == 3:
            wrong = WRONG.get(kind, "the entry type is reserved")
            if not kind:
                return _fault(address, steps, level, INVALID_ADDRESS, "the entry is invalid")
            return _fault(address, steps, level, TRANSLATION, wrong)
        table = (entry & 0xFFFFFFFC) << 4
    raise AssertionError("level 3 always ends a walk")


def _page(address: int, steps: list[Step], level: int, entry: int, access: Access) -> Walk:
    size, acc = SIZES[level], entry >> 2 & 7
    supervisor, _, user = RIGHTS[acc].partition("/")
    if access.limited and LETTER[access.kind] not in (user if access.user else supervisor):
        # User has no access at all to the supervisor's pages, ACC 6 and 7: another fault type.
        wrong = PRIVILEGE if access.user and acc >= 6 else PROTECTION
        why = f"ACC {acc} gives {RIGHTS[acc]} (supervisor/user)"
        return _fault(address, steps, level, wrong, why, RIGHTS[acc])
    page = (entry & 0xFFFFFF00) << 4
    physical = page & ~(size - 1) | address & (size - 1)
    return Walk(address, tuple(steps), physical, size, RIGHTS[acc], level=level)


def _fault(
    address: int, steps: list[Step], level: int, fault: int, why: str, rights: str = ""
) -> Walk:
    text = f"{FAULTS[fault]}: {why}"
    return Walk(address, tuple(steps), None, SIZES[level], rights, text, fault, level)
