# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 page-table walks that only look: 32-bit paging with PSE, and PAE.

Intel SDM volume 3A, 4.3, 4.4, 4.6 and 4.7.  `paging` is how a trap's delivery
reaches memory, with accessed flags set and faults raised; here nothing is
changed, every access and privilege level can be asked for, and each entry is
kept.  As in the engine, addresses have 40 bits and PAE directory pointers are
read from memory.
"""

from __future__ import annotations

from itertools import product

from vmm.cpu.walk import Access, ReadEntry, Registers, Step, Walk
from vmm.cpu.x86.paging import (
    ADDRESS,
    ERROR_PRESENT,
    ERROR_RESERVED,
    ERROR_WRITE,
    LARGE,
    NO_EXECUTE,
    PAT_LARGE,
    PRESENT,
    RESERVED_4M,
    RESERVED_HIGH,
    WRITABLE,
)
from vmm.cpu.x86.state import CR0_PG, CR0_WP, CR4_PAE, CR4_PSE, CR4_SMAP, CR4_SMEP

USER = 1 << 2
ERROR_USER, ERROR_FETCH = 1 << 2, 1 << 4
MIB_4, MIB_2, PAGE = 1 << 22, 1 << 21, 1 << 12
KINDS = {
    layout: layout.rpartition(".")[2].upper()
    for layout in ("pde", "pde4m", "pte", "pae.pdpte", "pae.pde", "pae.pde2m", "pae.pte")
}
NOT_PRESENT, RESERVED = "the entry is not present", "a reserved bit is set in the entry"


def _rights(supervisor: bool, writable: bool, user: bool, never: bool) -> str:
    execute = "-" if never else "x"
    of_user = f"r{'w' if writable else '-'}{execute}" if user else "---"
    return f"r{'w' if supervisor else '-'}{execute}/{of_user}"


# By: supervisor may write, writable, user page, never executed
RIGHTS = {flags: _rights(*flags) for flags in product((False, True), repeat=4)}


def walk(
    read: ReadEntry, registers: Registers, address: int, access: Access, a20: int = -1,
    no_execute: bool = False, alignment_check: bool = False,
) -> Walk:
    """Translate a linear address.

    ``no_execute`` is EFER.NXE, ``a20`` the mask of the A20 gate.  ``alignment_check`` is EFLAGS.AC,
    with which CR4.SMAP allows a supervisor's own accesses; those to descriptor tables and task
    segments it never does.
    """
    if not registers["cr0"] & CR0_PG:
        return Walk(address, (), address & a20 & 0xFFFFFFFF, PAGE, "rwx/rwx")
    state = _Walker(read, registers, address, access, a20, no_execute, alignment_check)
    return state.pae() if registers["cr4"] & CR4_PAE else state.two_level()


class _Walker:
    """One walk: its inputs, and the entries seen so far."""

    def __init__(
        self, read: ReadEntry, registers: Registers, address: int, access: Access, a20: int,
        no_execute: bool, alignment_check: bool,
    ) -> None:
        self.read, self.registers, self.address = read, registers, address
        self.access, self.a20, self.no_execute = access, a20, no_execute
        self.steps: list[Step] = []
        self.rights = WRITABLE | USER  # what all entries together allow
        self.never = False
        cr4 = registers["cr4"]
        self.smep, self.smap = bool(cr4 & CR4_SMEP), bool(cr4 & CR4_SMAP) and not alignment_check

    def two_level(self) -> Walk:
        """4.3: a directory and tables of 1,024 four-byte entries."""
        address, cr3 = self.address, self.registers["cr3"]
        pse = bool(self.registers["cr4"] & CR4_PSE)
        entry = self._entry("page directory", (cr3 & 0xFFFFF000) + (address >> 20 & 0xFFC),
                            4, "pde", "pde4m" if pse else "pde")
        if entry is None:
            return self._fault(MIB_4, NOT_PRESENT, 0)
        if entry & LARGE and pse:
            if entry & RESERVED_4M:
                return self._fault(MIB_4, RESERVED, ERROR_PRESENT | ERROR_RESERVED)
            return self._page((entry >> 13 & 0xFF) << 32 | entry & 0xFFC00000, MIB_4)
        entry = self._entry("page table", (entry & 0xFFFFF000) + (address >> 10 & 0xFFC),
                            4, "pte", "pte")
        if entry is None:
            return self._fault(PAGE, NOT_PRESENT, 0)
        return self._page(entry & 0xFFFFF000, PAGE)

    def pae(self) -> Walk:
        """4.4: four pointers, directories and tables of 512 eight-byte entries."""
        address, cr3 = self.address, self.registers["cr3"]
        reserved = RESERVED_HIGH | (0 if self.no_execute else NO_EXECUTE)
        at = (cr3 & 0xFFFFFFE0) + (address >> 27 & 0x18)
        entry = self._entry("page-directory-pointer table", at, 8, "pae.pdpte", "pae.pdpte")
        if entry is None:
            return self._fault(1 << 30, NOT_PRESENT, 0)
        if entry & (RESERVED_HIGH | NO_EXECUTE):
            return self._fault(1 << 30, RESERVED, ERROR_PRESENT | ERROR_RESERVED)
        self.rights = WRITABLE | USER  # a pointer has no rights of its own
        entry = self._entry("page directory", (entry & ADDRESS) + (address >> 18 & 0xFF8),
                            8, "pae.pde", "pae.pde2m")
        if entry is None:
            return self._fault(MIB_2, NOT_PRESENT, 0)
        if entry & reserved or (entry & LARGE and entry & 0x1FF000 & ~PAT_LARGE):
            return self._fault(MIB_2, RESERVED, ERROR_PRESENT | ERROR_RESERVED)
        if entry & LARGE:
            return self._page(entry & ADDRESS & ~(MIB_2 - 1), MIB_2)
        entry = self._entry("page table", (entry & ADDRESS) + (address >> 9 & 0xFF8),
                            8, "pae.pte", "pae.pte")
        if entry is None:
            return self._fault(PAGE, NOT_PRESENT, 0)
        if entry & reserved:
            return self._fault(PAGE, RESERVED, ERROR_PRESENT | ERROR_RESERVED)
        return self._page(entry & ADDRESS, PAGE)

    def _entry(self, table: str, at: int, size: int, layout: str, large: str) -> int | None:
        """Read the next entry; None if it is not present."""
        at &= self.a20
        entry = self.read(at, size)
        answered = entry is not None
        if entry is None:  # the bus floats
            entry = (1 << 8 * size) - 1
        chosen = large if entry & LARGE and large != layout else layout
        kind = KINDS[chosen] if entry & PRESENT else "not present"
        if not answered:
            kind = "no memory"
        self.steps.append(Step(table, at, entry, chosen, kind, size))
        self.rights &= entry
        self.never = self.never or (self.no_execute and bool(entry & NO_EXECUTE))
        return entry if entry & PRESENT else None

    def _page(self, base: int, span: int) -> Walk:
        access, user, writable = self.access, bool(self.rights & USER), self.rights & WRITABLE
        read_only = not writable and (access.user or bool(self.registers["cr0"] & CR0_WP))
        wrong = None
        if access.limited:
            if access.user and not user:
                wrong = "the page is the supervisor's"
            elif user and not access.user and access.kind == "execute" and self.smep:
                wrong = "the page is the user's and CR4.SMEP is set"
            elif user and not access.user and access.kind != "execute" and self.smap:
                wrong = "the page is the user's and CR4.SMAP is set, EFLAGS.AC is not"
            elif access.kind == "store" and read_only:
                wrong = "the page is read-only" + ("" if access.user else " and CR0.WP is set")
            elif access.kind == "execute" and self.never:
                wrong = "the page is not executable (XD)"
        rights = self._rights(bool(writable), user)
        if wrong is not None:
            return self._fault(span, wrong, ERROR_PRESENT, rights)
        physical = (base | self.address & (span - 1)) & self.a20
        return Walk(self.address, tuple(self.steps), physical, span, rights)

    def _rights(self, writable: bool, user: bool) -> str:
        supervisor = writable or not self.registers["cr0"] & CR0_WP
        rights = RIGHTS[supervisor, writable, user, self.never]
        if user and self.smep:
            rights = f"{rights[:2]}-{rights[3:]}"
        return f"--{rights[2:]}" if user and self.smap else rights

    def _fault(self, span: int, why: str, code: int, rights: str = "") -> Walk:
        access = self.access
        tells_fetch = self.smep or (self.no_execute and bool(self.registers["cr4"] & CR4_PAE))
        code |= ERROR_WRITE if access.kind == "store" else 0
        code |= ERROR_USER if access.user else 0
        code |= ERROR_FETCH if access.kind == "execute" and tells_fetch else 0
        return Walk(self.address, tuple(self.steps), None, span, rights, why, code)
