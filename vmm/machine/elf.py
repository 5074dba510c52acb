# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading 32-bit ELF files (Tool Interface Standard, ELF 1.2): what a loader needs of them.

A file may come from anywhere and say anything.  Every offset is checked, what
is returned points into the file's bytes instead of copying them, and the work
is proportional to the size of the file, whatever its headers claim.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from vmm.machine.symbols import Symbol

MAGIC = b"\x7fELF"
BITS = {1: 32, 2: 64}
ORDERS = {1: "little", 2: "big"}
ET_EXEC, ET_DYN = 2, 3
PT_LOAD = 1
SHT_SYMTAB, SHT_NOTE, SHT_DYNSYM = 2, 7, 11
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
STT_NOTYPE, STT_OBJECT, STT_FUNC = 0, 1, 2
HEADER_SIZE, PROGRAM_HEADER_SIZE, SECTION_HEADER_SIZE, SYMBOL_SIZE = 52, 32, 40, 16
SHARED_NAMES = 16  # names may end in one another; all of them are at most this times the table


class ElfError(ValueError):
    """What is wrong with an ELF file, without its name."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What every ELF file says in its first 20 bytes."""

    bits: int
    byteorder: str
    kind: int  # e_type
    machine: int  # e_machine


@dataclass(frozen=True, slots=True)
class LoadSegment:
    """A PT_LOAD program header; ``size`` beyond the data is zeroed."""

    virtual: int
    physical: int
    data: memoryview
    size: int


def identity(data: bytes) -> Identity:
    """Class, byte order, type and machine; ElfError if they are not there."""
    if len(data) < 20 or data[:4] != MAGIC:
        raise ElfError("the ELF header is cut off")
    if data[4] not in BITS or data[5] not in ORDERS:
        raise ElfError(f"unknown ELF class {data[4]} or byte order {data[5]}")
    order = ORDERS[data[5]]
    kind, machine = struct.unpack_from(_prefix(order) + "HH", data, 16)
    return Identity(BITS[data[4]], order, kind, machine)


def _prefix(order: str) -> str:
    return "<" if order == "little" else ">"


class ElfFile:
    """A 32-bit ELF file; ElfError if its header is cut off or it is of 64 bits."""

    def __init__(self, data: bytes) -> None:
        self.identity = identity(data)
        if self.identity.bits != 32:
            raise ElfError(f"a {self.identity.bits}-bit ELF file")
        if len(data) < HEADER_SIZE:
            raise ElfError("the ELF header is cut off")
        self._order = _prefix(self.identity.byteorder)
        self._data = memoryview(data)
        self.entry, self._segments, self._sections = struct.unpack_from(
            self._order + "3I", data, 24)
        (self._segment_size, self._segment_count, self._section_size, self._section_count,
         _) = struct.unpack_from(self._order + "5H", data, 42)

    # -- segments -----------------------------------------------------------------------

    def segments(self) -> tuple[LoadSegment, ...]:
        """What is to be loaded, in the file's order: at least one, apart from each other."""
        count, entry, data = self._segment_count, self._segment_size, self._data
        if count and (
            entry < PROGRAM_HEADER_SIZE or self._segments + entry * count > len(data)
        ):
            raise ElfError("the ELF program headers are cut off")
        found = []
        for index in range(count):
            kind, offset, virtual, physical, filled, size = struct.unpack_from(
                self._order + "6I", data, self._segments + entry * index)
            if kind != PT_LOAD or size == 0:
                continue
            if offset + filled > len(data):
                raise ElfError(
                    f"ELF segment {index} is cut off: {filled} bytes at offset {offset:#x} "
                    f"of a file of {len(data)} bytes")
            if size < filled or physical + size > 1 << 32:
                raise ElfError(
                    f"ELF segment {index} has an impossible size: {size:#x} bytes "
                    f"at {physical:#x}, {filled:#x} of them in the file")
            found.append(LoadSegment(virtual, physical, data[offset : offset + filled], size))
        if not found:
            raise ElfError("an ELF file with nothing to load")
        rising = sorted(found, key=lambda segment: segment.physical)
        for below, above in pairwise(rising):
            if below.physical + below.size > above.physical:
                raise ElfError(f"two ELF segments overlap at {above.physical:#x}")
        return tuple(found)

    # -- symbols ------------------------------------------------------------------------

    def symbols(self) -> tuple[Symbol, ...]:
        """Functions, objects and labels, by the first symbol table; ElfError if it is damaged."""
        headers = self._headers()
        for wanted in (SHT_SYMTAB, SHT_DYNSYM):
            for index, header in enumerate(headers):
                if header[1] == wanted:
                    return tuple(self._table(index))
        return ()

    def notes(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Owner, type and descriptor of each note; ElfError if they are damaged."""
        for header in self._headers():
            if header[1] != SHT_NOTE:
                continue
            data, at = self._contents(header), 0
            while at + 12 <= len(data):
                owner, size, kind = struct.unpack_from(self._order + "3I", data, at)
                start = at + 12 + (owner + 3 & -4)
                if start + size > len(data):
                    raise ElfError("an ELF note is cut off")
                yield bytes(data[at + 12 : at + 12 + owner]), kind, bytes(data[start:start + size])
                at = start + (size + 3 & -4)

    def _headers(self) -> list[tuple[int, ...]]:
        """All section headers."""
        count, entry = self._section_count, self._section_size
        if count and (
            entry < SECTION_HEADER_SIZE or self._sections + entry * count > len(self._data)
        ):
            raise ElfError("the ELF section headers are cut off")
        return [self._section(index) for index in range(count)]

    def _section(self, index: int) -> tuple[int, ...]:
        if index >= self._section_count:
            raise ElfError(f"no ELF section {index}")
        return struct.unpack_from(
            self._order + "10I", self._data, self._sections + self._section_size * index)

    def _contents(self, header: tuple[int, ...]) -> memoryview:
        offset, size = header[4:6]
        if offset + size > len(self._data):
            raise ElfError("an ELF section is cut off")
        return self._data[offset : offset + size]

    def _table(self, index: int) -> Iterator[Symbol]:
        header = self._section(index)
        entries, strings = self._contents(header), self._contents(self._section(header[6]))
        names = _Names(bytes(strings))
        whole = len(entries) - len(entries) % SYMBOL_SIZE
        for at, value, size, info, _, section in struct.iter_unpack(
            self._order + "3I2BH", entries[:whole]
        ):
            if section in (SHN_UNDEF, SHN_ABS):
                continue
            if info & 0xF in (STT_NOTYPE, STT_OBJECT, STT_FUNC):
                name = names.at(at)
                if name and not name.startswith("$") and name.isprintable():
                    yield Symbol(value, size, name)


class _Names:
    """A string table, of which each name is made once."""

    def __init__(self, strings: bytes) -> None:
        self._strings = strings
        self._known: dict[int, str] = {}
        self._left = SHARED_NAMES * len(strings)

    def at(self, offset: int) -> str:
        """The name at ``offset``; ElfError if it has no end."""
        if offset not in self._known:
            end = self._strings.find(b"\0", offset)
            if end < 0 or end - offset > self._left:
                raise ElfError(f"no name at {offset:#x} of the ELF string table")
            self._left -= end - offset
            self._known[offset] = self._strings[offset:end].decode(errors="replace")
        return self._known[offset]
