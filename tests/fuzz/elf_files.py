# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF files and kernels with Multiboot headers, right ones and ones with wild fields.

`write` makes a file of parts; the strategies draw the parts, mostly such that
they fit, and then spoil some.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from hypothesis import strategies as st

HEADER, PROGRAM_HEADER, SECTION_HEADER, SYMBOL = 52, 32, 40, 16
LOAD, NOTE = 1, 4
SYMTAB, STRTAB, DYNSYM = 2, 3, 11
MULTIBOOT_MAGIC = 0x1BADB002
RAM = {"sparc": 0x40000000, "arm": 0x40000000, "x86": 0x100000}
MACHINES = {"sparc": 2, "arm": 40, "x86": 3}


@dataclass
class Segment:
    """A program header; None fills in what fits."""

    physical: int
    data: bytes
    size: int | None = None
    virtual: int | None = None
    offset: int | None = None
    filled: int | None = None
    kind: int = LOAD


@dataclass
class Elf:
    """A 32-bit ELF file in the making."""

    arch: str
    segments: list[Segment]
    symbols: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    entry: int | None = None
    header: dict[str, int] = field(default_factory=dict)  # fields that are not as they should be
    symtab: dict[str, int] = field(default_factory=dict)

    def write(self) -> bytes:
        """The file's bytes."""
        order = ">" if self.arch == "sparc" else "<"
        table_end = HEADER + PROGRAM_HEADER * len(self.segments)
        body, headers = bytearray(), b""
        for s in self.segments:
            offset = table_end + len(body) if s.offset is None else s.offset
            filled = len(s.data) if s.filled is None else s.filled
            size = filled if s.size is None else s.size
            virtual = s.physical if s.virtual is None else s.virtual
            headers += struct.pack(
                f"{order}8I", s.kind, offset, virtual, s.physical, filled, size, 7, 4)
            body += s.data
        names, entries = bytearray(b"\0"), bytearray(SYMBOL)
        for name, value, size, info, section in self.symbols:
            entries += struct.pack(f"{order}3I2BH", len(names), value, size, info, 0, section)
            names += name.encode() + b"\0"
        at = table_end + len(body)
        symtab = {"type": SYMTAB, "offset": at, "size": len(entries), "link": 2, **self.symtab}
        sections = bytes(SECTION_HEADER) + struct.pack(
            f"{order}10I", 0, symtab["type"], 0, 0, symtab["offset"], symtab["size"],
            symtab["link"], 0, 4, SYMBOL,
        ) + struct.pack(f"{order}10I", 0, STRTAB, 0, 0, at + len(entries), len(names), 0, 0, 1, 0)
        fields = {
            "class": 1, "data": 1 if order == "<" else 2, "type": 2,
            "machine": MACHINES[self.arch], "entry": self._entry(), "phoff": HEADER,
            "shoff": at + len(entries) + len(names), "phentsize": PROGRAM_HEADER,
            "phnum": len(self.segments), "shentsize": SECTION_HEADER, "shnum": 3, **self.header,
        }
        ident = b"\x7fELF" + bytes((fields["class"], fields["data"], 1)) + bytes(9)
        header = ident + struct.pack(
            f"{order}HHIIIIIHHHHHH", fields["type"], fields["machine"], 1, fields["entry"],
            fields["phoff"], fields["shoff"], 0, HEADER, fields["phentsize"], fields["phnum"],
            fields["shentsize"], fields["shnum"], 2,
        )
        return header + headers + bytes(body + entries + names) + sections

    def _entry(self) -> int:
        if self.entry is not None:
            return self.entry
        return self.segments[0].physical if self.segments else 0


def multiboot_header(flags: int, *words: int, checksum: int | None = None) -> bytes:
    """A Multiboot header of these flags and further words."""
    if checksum is None:
        checksum = -(MULTIBOOT_MAGIC + flags)
    return struct.pack(f"<{3 + len(words)}I", MULTIBOOT_MAGIC, flags, checksum & 0xFFFFFFFF, *words)


halves = st.one_of(st.sampled_from([0, 1, 2, 31, 32, 40, 0xFFF0, 0xFFF1, 0xFFFF]),
                   st.integers(0, 0xFFFF))
words = st.one_of(
    st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFF000, 52, 84]),
    st.integers(0, 512), st.integers(0, 0xFFFFFFFF))
WILD_HEADER = {
    "class": st.integers(0, 255), "data": st.integers(0, 255), "type": halves, "machine": halves,
    "entry": words, "phoff": words, "shoff": words, "phentsize": halves, "phnum": halves,
    "shentsize": halves, "shnum": halves,
}
WILD_SYMTAB = {
    "type": st.sampled_from([0, SYMTAB, STRTAB, DYNSYM]), "offset": words, "size": words,
    "link": words,
}
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@st.composite
def wild(draw: st.DrawFn, fields: dict[str, st.SearchStrategy[int]]) -> dict[str, int]:
    """One or two fields with wild values."""
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=2))
    return {name: draw(fields[name]) for name in chosen}


@st.composite
def segments(draw: st.DrawFn, arch: str, index: int) -> Segment:
    """A segment that mostly lies in the board's RAM, apart from those of other numbers."""
    base = RAM[arch] + 0x30000 + 0x10000 * index
    found = Segment(base + draw(st.integers(0, 8)), draw(st.binary(min_size=1, max_size=64)))
    if draw(st.booleans()):
        found.size = len(found.data) + draw(st.integers(0, 0x3000))
    spoiled = draw(st.integers(0, 39))
    if spoiled < 5:
        name = ("physical", "size", "virtual", "offset", "filled")[spoiled]
        setattr(found, name, draw(words))
    elif spoiled == 5:
        found.kind = draw(st.sampled_from([0, 2, NOTE, 0x70000001]))
    return found


@st.composite
def elf_files(draw: st.DrawFn, arch: str) -> bytes:
    """An ELF file for ``arch``: right, or with wild fields, or with bytes changed or cut off."""
    symbol = st.tuples(names, words, words, st.integers(0, 255), halves)
    file = Elf(arch, [draw(segments(arch, i)) for i in range(draw(st.integers(0, 4)))],
               draw(st.lists(symbol, max_size=4)))
    if arch == "x86" and file.segments and draw(st.booleans()):
        file.segments[0].data = multiboot_header(draw(st.sampled_from([0, 3, 7])), *[0] * 9)
        file.segments[0].size = None
    spoiled = draw(st.integers(0, 11))
    if spoiled < 2:
        file.header = draw(wild(WILD_HEADER))
    elif spoiled == 2:
        file.symtab = draw(wild(WILD_SYMTAB))
    data = bytearray(file.write())
    if spoiled == 3:
        for _ in range(draw(st.integers(1, 4))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    elif spoiled == 4:
        del data[draw(st.integers(0, len(data))):]
    return bytes(data)


@st.composite
def multiboot_kernels(draw: st.DrawFn) -> bytes:
    """A flat kernel whose Multiboot header gives the load addresses, wild or not."""
    pad = draw(st.sampled_from([0, 0, 4, 64, 8192 - 48, 8192 - 12, 8190]))
    load = 0x100000 + 0x1000 * draw(st.integers(0, 8))
    fields = [load + pad, load, 0, 0, load + pad + 12, 1, 80, 25, 0]
    flags = 0x10000 | draw(st.integers(0, 7))
    spoiled = draw(st.integers(0, 5))
    if spoiled < 2:
        for _ in range(spoiled + 1):
            fields[draw(st.integers(0, 4))] = draw(st.one_of(words, st.just(load + 64)))
    elif spoiled == 2:
        flags |= draw(st.sampled_from([8, 0x100, 0xFFFF]))
    checksum = 0 if spoiled == 3 and draw(st.booleans()) else None
    return bytes(pad) + multiboot_header(flags, *fields, checksum=checksum) + draw(
        st.binary(max_size=64))
