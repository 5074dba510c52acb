# SPDX-License-Identifier: GPL-2.0-or-later
"""Sites of sensitive instructions, as an ELF note records them.

After the annotations of LeVasseur et al., Pre-virtualization (2005): the
afterburner leaves one note for each site in ``.note.vmm.sites``, which is
linked but not loaded.  Owner ``vmm``; numbers in the file's byte order.

====== ====================================================================
type   descriptor
====== ====================================================================
1 site address u32, length u8, padded length u8, kind u8, flags u8, then the
       original instruction (``length`` bytes: its operands as the processor
       knows them; none where it depends on its place)
2 store address u32, unit u32, statement u32: a store, told so that a trap
       profile, which knows addresses, can be carried back to the source
====== ====================================================================

A site's address is that of its first byte, padding included.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Literal

from vmm.machine.elf import ElfError, ElfFile
from vmm.machine.sensitive import KINDS

SECTION = ".note.vmm.sites"
OWNER = b"vmm\0"
SITE, STORE = 1, 2  # note types
THUMB = 1  # a flag of a site: the instruction is of the Thumb set
PREFIXED = 2  # a flag of a site: padded in front, by prefixes of the same instruction
REAL_MODE = 4  # a flag of a site: 16-bit code, which nobody patches


class SiteError(ValueError):
    """A note of sites that says what cannot be: which, and why."""


@dataclass(frozen=True, slots=True)
class Site:
    """One annotated instruction of ``padded`` bytes in all, ``length`` of them its own."""

    address: int
    length: int
    padded: int
    kind: str
    thumb: bool
    prefixed: bool
    real_mode: bool
    code: bytes  # the instruction as the assembler made it; empty: not told

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.padded


@dataclass(frozen=True, slots=True)
class Store:
    """Where the ``statement``-th statement of a unit (a CRC-32 of its name) was linked to."""

    address: int
    unit: int
    statement: int


def unit_number(name: str) -> int:
    """What stands for an assembly file in a note of stores."""
    return zlib.crc32(name.encode())


def _prefix(byteorder: str) -> Literal["<", ">"]:
    return "<" if byteorder == "little" else ">"


def _site(descriptor: bytes, order: str, architecture: str) -> Site:
    if len(descriptor) < 8:
        raise SiteError("a site's note is cut off")
    address, length, padded, number, flags = struct.unpack_from(order + "I4B", descriptor)
    kinds = KINDS[architecture]
    if number >= len(kinds):
        raise SiteError(f"site {address:#x}: no {architecture} instruction has kind {number}")
    code = descriptor[8 : 8 + length]
    if len(descriptor) > 8 and len(code) < length:
        raise SiteError(f"site {address:#x}: its instruction is cut off")
    return Site(address, length, padded, kinds[number], bool(flags & THUMB),
                bool(flags & PREFIXED), bool(flags & REAL_MODE), code)


def read_sites(data: bytes, architecture: str) -> tuple[Site, ...]:
    """The sites that an ELF file's notes record, by address; SiteError, ElfError if damaged."""
    file = ElfFile(data)
    order = _prefix(file.identity.byteorder)
    sites = [_site(descriptor, order, architecture)
             for owner, kind, descriptor in file.notes() if owner == OWNER and kind == SITE]
    return tuple(sorted(sites, key=lambda site: site.address))


def read_stores(data: bytes) -> tuple[Store, ...]:
    """The stores that an ELF file's notes record; SiteError, ElfError if damaged."""
    file = ElfFile(data)
    order = _prefix(file.identity.byteorder)
    found = []
    for owner, kind, descriptor in file.notes():
        if owner == OWNER and kind == STORE:
            if len(descriptor) != 12:
                raise SiteError("a store's note is cut off")
            found.append(Store(*struct.unpack(order + "3I", descriptor)))
    return tuple(found)


__all__ = ["ElfError", "Site", "SiteError", "Store", "read_sites", "read_stores", "unit_number"]
