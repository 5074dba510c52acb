# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's page tables, whatever their format.

`sparc`, `arm` and `x86` implement `Tables` on the walkers that `vmm explain`
uses; here is what a policy sees of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from vmm.cpu.walk import Access, Walk
from vmm.monitor.memory.base import Fault

# Rights in an entry of a space, as the native layer has them: who may do what with the page.
READ, WRITE, EXECUTE = 1, 2, 4  # kernel
USER = 3  # the same rights of user mode are so many bits to the left
WRITES = WRITE | WRITE << USER
FRAME = 0xFFFFFFFFF000  # the physical address in an entry
SECURE = 64  # ARM: the access is one of the secure state

# (physical address, bytes, value) of an entry that a translation was made from
Source = tuple[int, int, int]

KINDS = ("load", "store", "execute")
# By kind of access and whether the user makes it: what the walkers are asked.
ACCESSES = tuple(
    (Access(kind, False), Access(kind, True)) for kind in KINDS  # type: ignore[arg-type]
)
LETTERS = {"r": READ, "w": WRITE, "x": EXECUTE, "-": 0}


class Registers(Protocol):
    """Registers of the virtual processor by manual name."""

    def __getitem__(self, name: str, /) -> int: ...
    def __iter__(self) -> Iterator[str]: ...


class Memory(Protocol):
    """Guest-physical memory, as page-table walks reach it."""

    byteorder: Literal["big", "little"]
    floating: int  # the byte that is read where nobody answers

    def load(self, address: int, size: int) -> int | None:
        """4 or 8 bytes in the guest's byte order; None: no memory answers."""
        ...

    def store(self, address: int, size: int, value: int) -> None:
        """Store into memory that a `load` has found there: accessed and dirty flags."""
        ...

    def place(self, address: int, size: int, value: int) -> bool:
        """Store an entry for whoever asked; False, and nothing stored, if that is not RAM."""
        ...

    def block(self, address: int, size: int) -> bytes:
        """``size`` bytes; no bytes if they are not all memory."""
        ...

    def nobody(self, address: int, size: int) -> bool:
        """Whether neither memory nor a device answers in any page of these bytes."""
        ...


@dataclass(slots=True)
class Found:
    """Where an access leads, with the accessed and dirty flags set that it sets."""

    fault: Fault | None
    frame: int = 0  # physical address of the 4 KiB page
    # What the tables allow, less stores that have a dirty flag to set first
    rights: int = 0
    span: int = 0  # bytes that the translation's last entry stands for
    sources: tuple[Source, ...] = ()


class Table(NamedTuple):
    """One table of the guest's, or the part of it that is used."""

    base: int  # physical address
    level: int  # 1: walks begin here
    size: int  # bytes


class Part(NamedTuple):
    """What one entry of a table stands for."""

    table: Table | None = None  # the next table
    frame: int = 0  # else: physical address of memory
    span: int = 0  # and its bytes; 0: the entry is of no effect
    writable: bool = False


NOTHING = Part()  # a walk ends there


class Tables(Protocol):
    """One architecture's format of page tables, with the registers that say how to use them."""

    features: int  # what the native layer's walk has to know besides registers: SHADOW_ values
    swapped: bool  # entries are in the other byte order than the processor's

    @property
    def entry_size(self) -> int:
        """Bytes of an entry of the tables in use: 4 or 8."""
        ...

    def load_context(self, registers: Registers) -> Hashable:
        """Take over the registers that translation depends on.

        Returns a value that differs for contexts that translate differently.
        """
        ...

    def find(self, address: int, access: int, user: bool) -> Found:
        """Translate for an access, as the processor's own walk does."""
        ...

    def walk(self, address: int, access: int, user: bool) -> Walk:
        """The readable walk for an access, which changes nothing."""
        ...

    @property
    def mode(self) -> Hashable:
        """What `part` depends on besides its arguments."""
        ...

    @property
    def translating(self) -> bool:
        """Whether this context translates at all: else an address is its place."""
        ...

    def roots(self) -> tuple[Table, ...]:
        """The tables that walks of this context begin in; none with translation off.

        One that walks of several parts of the addresses begin in is there as often.
        """
        ...

    def begins(self, root: Table) -> int:
        """The virtual address that the first entry of one of `roots` stands for."""
        ...

    def part(self, level: int, entry: int) -> Part:
        """What an entry of a table of that level stands for."""
        ...

    @property
    def format(self) -> tuple[int, int, int]:
        """The same for the native layer: kind and flags of `vmm.native.table_guard`, and the
        mask of physical addresses."""
        ...

    def span(self, level: int) -> int:
        """Bytes of virtual addresses that an entry of a table of that level stands for."""
        ...


_BITS: dict[str, int] = {}


def rights_bits(rights: str) -> int:
    """A walk's rights ("rwx/r-x", privileged before user) as an entry has them."""
    bits = _BITS.get(rights)
    if bits is None:
        privileged, _, user = rights.partition("/")
        bits = sum(LETTERS[letter] for letter in privileged)
        bits |= sum(LETTERS[letter] for letter in user) << USER
        _BITS[rights] = bits
    return bits
