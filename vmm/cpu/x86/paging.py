# SPDX-License-Identifier: GPL-2.0-or-later
"""Linear memory as the processor itself reads and writes it in a trap.

Intel SDM volume 3A, chapter 4: 4.3 (32-bit paging, with PSE and its 40-bit
physical addresses), 4.4 (PAE paging), 4.6 (access rights), 4.7 (page-fault
exceptions), 4.8 (accessed and dirty flags).  Descriptor tables, TSSs and the
handler's stack are reached with supervisor rights whatever the privilege
level.

A translation is remembered only for the trap at hand; the engine's TLB is
neither asked nor filled.  A guest that edits its tables without INVLPG can
tell the two apart, as it can tell one processor model from another.  As in
the engine, PAE directory pointers are read from memory at each walk instead
of at MOV to CR3, only bits 40 to 63 of them are checked, and every model has
40-bit physical addresses.
"""

from __future__ import annotations

from struct import pack
from typing import NoReturn

from vmm.cpu.x86 import faults
from vmm.cpu.x86.faults import Fault
from vmm.cpu.x86.state import CR0_PG, CR0_WP, CR4_PAE, CR4_PSE, EFER_NXE, State

PRESENT, WRITABLE, ACCESSED, DIRTY, LARGE = 1, 1 << 1, 1 << 5, 1 << 6, 1 << 7
NO_EXECUTE = 1 << 63
ADDRESS = 0x000F_FFFF_FFFF_F000
RESERVED_HIGH = 0x7FFF_FF00_0000_0000  # bits 40 to 62 in PAE paging: MAXPHYADDR is 40
PAT_LARGE = 1 << 12  # PAT bit of a large page, not an address bit
RESERVED_4M = 1 << 21  # of a 4-MByte page; bits 13 to 20 are address bits 32 to 39

ERROR_PRESENT, ERROR_WRITE, ERROR_RESERVED = 1, 2, 8
BREAKPOINTS = 0xFF  # DR7: one of them is enabled


class LinearMemory:
    """Supervisor accesses to linear addresses, during one trap."""

    __slots__ = ("_dll", "_env", "_known", "_load", "_load_entry", "_pointer", "_tables")

    def __init__(self, state: State) -> None:
        self._env = state.env
        self._dll = state.engine.library.dll
        self._load = self._dll.vmm_x86_load
        self._load_entry = self._dll.vmm_x86_load_entry
        self._pointer = state.engine.pointer
        self._known: dict[int, int] = {}  # page number * 2 + for writing -> physical page
        self._tables: dict[int, int] = {}  # index of a directory entry -> that entry

    def read(self, address: int, size: int) -> int:
        """1, 2 or 4 bytes at a linear address, which wraps at 4 GiB."""
        address &= 0xFFFFFFFF
        if (address & 0xFFF) + size > 0x1000:
            self._translate_both(address, False)
            return sum(self.read(address + i, 1) << 8 * i for i in range(size))
        if self._env.dr[7] & BREAKPOINTS:
            self._dll.vmm_x86_accessed(self._pointer, address, size, 0)
        return int(self._load(self._pointer, self._translate(address, False), size))

    def read_words(self, address: int) -> tuple[int, int]:
        """Two 32-bit words: a descriptor."""
        address &= 0xFFFFFFFF
        if address & 0xFFF > 0xFF8:
            return self.read(address, 4), self.read(address + 4, 4)
        if self._env.dr[7] & BREAKPOINTS:
            self._dll.vmm_x86_accessed(self._pointer, address, 8, 0)
        words = self._load(self._pointer, self._translate(address, False), 8)
        return words & 0xFFFFFFFF, words >> 32

    def write(self, address: int, size: int, value: int) -> None:
        """Write 1, 2 or 4 bytes; all of them or, with a fault, none."""
        address &= 0xFFFFFFFF
        if (address & 0xFFF) + size > 0x1000:
            self._translate_both(address, True)
            for i in range(size):
                self.write(address + i, 1, value >> 8 * i & 0xFF)
            return
        physical = self._translate(address, True)
        if self._env.dr[7] & BREAKPOINTS:
            self._dll.vmm_x86_accessed(self._pointer, address, size, 1)
        self._dll.vmm_x86_store(self._pointer, physical, size, value & (1 << 8 * size) - 1)
        self._tables.clear()  # what was written may have been one of them

    def write_down(self, address: int, size: int, values: list[int]) -> None:
        """Write values of 2 or 4 bytes, the first at ``address`` and each below the one before."""
        address &= 0xFFFFFFFF
        lowest = address - size * (len(values) - 1)
        if lowest >> 12 != address >> 12 or address & 0xFFF > 0x1000 - size:
            for i, value in enumerate(values):
                self.write(address - size * i, size, value)
            return
        physical = self._translate(address, True) - address + lowest
        if self._env.dr[7] & BREAKPOINTS:
            self._dll.vmm_x86_accessed(self._pointer, lowest, size * len(values), 1)
        words = pack(f"={len(values)}I", *[value & 0xFFFFFFFF for value in values])
        self._dll.vmm_x86_push(self._pointer, physical, size, len(values), words)
        self._tables.clear()

    def forget(self) -> None:
        """The translations changed (CR3 was loaded)."""
        self._known.clear()
        self._tables.clear()

    def _translate(self, address: int, write: bool) -> int:
        key = address >> 12 << 1 | write
        page = self._known.get(key)
        if page is None:
            env = self._env
            if not env.cr0 & CR0_PG:
                page = address
            elif env.cr4 & CR4_PAE:
                page = self._walk_pae(address, write)
            else:
                page = self._walk_32(address, write)
            self._known[key] = page = page & env.a20_mask & ~0xFFF
        return page | address & 0xFFF

    def _translate_both(self, address: int, write: bool) -> None:
        """Translate for an access that reaches into the next page: its faults come first."""
        self._translate(address, write)
        self._translate((address & ~0xFFF) + 0x1000 & 0xFFFFFFFF, write)

    # -- the two forms of tables ---------------------------------------------------

    def _walk_32(self, address: int, write: bool) -> int:
        """4.3: a directory and tables of 1,024 four-byte entries."""
        env = self._env
        directory = self._tables.get(address >> 22)
        if directory is None:
            at = (env.cr3 & 0xFFFFF000) + (address >> 20 & 0xFFC) & env.a20_mask
            directory = self._load_entry(self._pointer, at, 4)
            if not directory & PRESENT:
                self._fault(address, write, 0)
            if directory & LARGE and env.cr4 & CR4_PSE:
                return self._large_32(at, directory, address, write)
            self._mark(at, directory, ACCESSED)
            self._tables[address >> 22] = directory
        at = (directory & 0xFFFFF000) + (address >> 10 & 0xFFC) & env.a20_mask
        entry = self._load_entry(self._pointer, at, 4)
        if not entry & PRESENT:
            self._fault(address, write, 0)
        self._check(address, write, directory & entry)
        self._mark(at, entry, ACCESSED | DIRTY if write else ACCESSED)
        return int(entry & 0xFFFFF000)

    def _large_32(self, at: int, directory: int, address: int, write: bool) -> int:
        """A directory entry that maps 4 MBytes."""
        if directory & RESERVED_4M:
            self._fault(address, write, ERROR_PRESENT | ERROR_RESERVED)
        self._check(address, write, directory)
        self._mark(at, directory, ACCESSED | DIRTY if write else ACCESSED)
        high = (directory >> 13 & 0xFF) << 32
        return high | directory & 0xFFC00000 | address & 0x3FF000

    def _walk_pae(self, address: int, write: bool) -> int:
        """4.4: four pointers, directories and tables of 512 eight-byte entries."""
        env = self._env
        reserved = RESERVED_HIGH | (0 if env.efer & EFER_NXE else NO_EXECUTE)
        directory = self._tables.get(address >> 21)
        if directory is None:
            at = (env.cr3 & 0xFFFFFFE0) + (address >> 27 & 0x18) & env.a20_mask
            pointer = self._load_entry(self._pointer, at, 8)
            if not pointer & PRESENT:
                self._fault(address, write, 0)
            if pointer & (RESERVED_HIGH | NO_EXECUTE):
                self._fault(address, write, ERROR_PRESENT | ERROR_RESERVED)
            at = (pointer & ADDRESS) + (address >> 18 & 0xFF8) & env.a20_mask
            directory = self._load_entry(self._pointer, at, 8)
            if not directory & PRESENT:
                self._fault(address, write, 0)
            if directory & reserved:
                self._fault(address, write, ERROR_PRESENT | ERROR_RESERVED)
            if directory & LARGE:
                return self._large_pae(at, directory, address, write)
            self._mark(at, directory, ACCESSED)
            self._tables[address >> 21] = directory
        at = (directory & ADDRESS) + (address >> 9 & 0xFF8) & env.a20_mask
        entry = self._load_entry(self._pointer, at, 8)
        if not entry & PRESENT:
            self._fault(address, write, 0)
        if entry & reserved:
            self._fault(address, write, ERROR_PRESENT | ERROR_RESERVED)
        self._check(address, write, directory & entry)
        self._mark(at, entry, ACCESSED | DIRTY if write else ACCESSED)
        return int(entry & ADDRESS)

    def _large_pae(self, at: int, directory: int, address: int, write: bool) -> int:
        """A directory entry that maps 2 MBytes."""
        if directory & 0x1FF000 & ~PAT_LARGE:
            self._fault(address, write, ERROR_PRESENT | ERROR_RESERVED)
        self._check(address, write, directory)
        self._mark(at, directory, ACCESSED | DIRTY if write else ACCESSED)
        return directory & ADDRESS & ~0x1FFFFF | address & 0x1FF000

    # -- rights, flags, faults --------------------------------------------------------

    def _check(self, address: int, write: bool, rights: int) -> None:
        """4.6.1, supervisor mode: all reads, and writes as R/W and CR0.WP allow."""
        if write and not rights & WRITABLE and self._env.cr0 & CR0_WP:
            self._fault(address, write, ERROR_PRESENT)

    def _fault(self, address: int, write: bool, code: int) -> NoReturn:
        self._env.cr2 = address
        raise Fault(faults.PF, code | (ERROR_WRITE if write else 0))

    def _mark(self, at: int, entry: int, flags: int) -> None:
        """Set accessed and dirty flags, which are in the low half of an entry of either size."""
        if entry & flags != flags:
            self._dll.vmm_x86_mark_entry(self._pointer, at, (entry | flags) & 0xFFFFFFFF)
