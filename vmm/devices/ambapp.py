# SPDX-License-Identifier: GPL-2.0-or-later
"""AMBA plug and play: the tables in which GRLIB systems list their cores.

After the GRLIB IP Library User's Manual, sections 5.3 and 5.4.  The AHB
controller's area (4 KiB, usually at 0xFFFFF000) holds 64 masters and, from
0x800, 63 slaves, 32 bytes each: an identification word, three user words, four
bank address registers.  An APB bridge's area (4 KiB at the end of its
megabyte) holds 8 bytes a slave: identification and one bank register.  Both
are read only; empty slots read as zero.

Where QEMU's leon3_generic lists a core, `LEON3_MASTERS`, `LEON3_SLAVES` and
`LEON3_APB` have the same words in the same slot.  QEMU's board has no memory
controller; ours has one, so it is listed as hardware would, in the next free
slot, where a scan that stops at the first empty slot finds it too.

GRLIB's registers are 32 bits wide and an APB bridge always transfers words, so
`lanes` is here as well: what a narrower load sees of a register.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmm.devices.device import Register, Unknown

GAISLER = 0x01
ESA = 0x04
CONTRIB = 0x09

LEON3 = 0x003
APBMST = 0x006
APBUART = 0x00C
IRQMP = 0x00D
GPTIMER = 0x011
MCTRL = 0x00F  # a core of vendor ESA
VIRTIO = 0x7A0  # our own, of vendor CONTRIB: a virtio-mmio slot

APB_IO = 1
AHB_MEMORY = 2
AHB_IO = 3

AREA = 0x1000
_AHB_ENTRY = 32
_SLAVES = 0x800
_BARS = 16
_APB_ENTRY = 8
_SYSTEM = 0xFF0


def lanes(word: int, offset: int, size: int) -> int:
    """What a big-endian load of ``size`` bytes at ``offset`` sees of a 32-bit register."""
    if size >= 4:
        return word
    return word >> (8 * (4 - size - (offset & 3))) & ((1 << 8 * size) - 1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bank address register.

    ``address`` and ``mask`` are the 12 address bits that the decoder compares:
    bits 31..20 of an AHB memory bank, 19..8 of an AHB or APB I/O bank.
    """

    address: int
    mask: int
    kind: int
    prefetchable: bool = False
    cacheable: bool = False

    def word(self) -> int:
        return (
            self.address << 20
            | self.prefetchable << 17
            | self.cacheable << 16
            | self.mask << 4
            | self.kind
        )


@dataclass(frozen=True, slots=True)
class Core:
    """One line of the tables."""

    vendor: int
    device: int
    version: int = 0
    irq: int = 0
    bars: tuple[Bar, ...] = ()
    user: tuple[int, ...] = ()

    def word(self) -> int:
        return self.vendor << 24 | self.device << 12 | self.version << 5 | self.irq


LEON3_MASTERS = (Core(GAISLER, LEON3),)
LEON3_SLAVES = (
    Core(GAISLER, APBMST, bars=(Bar(0x800, 0xFFF, AHB_MEMORY),)),
    Core(
        ESA,
        MCTRL,
        bars=(
            Bar(0x000, 0xE00, AHB_MEMORY, prefetchable=True, cacheable=True),  # PROM
            Bar(0x200, 0xE00, AHB_MEMORY),  # I/O
            Bar(0x400, 0xC00, AHB_MEMORY, prefetchable=True, cacheable=True),  # RAM
        ),
    ),
)
LEON3_APB = (
    Core(GAISLER, IRQMP, version=2, bars=(Bar(0x002, 0xFFF, APB_IO),)),
    Core(GAISLER, GPTIMER, irq=6, bars=(Bar(0x003, 0xFFF, APB_IO),)),
    Core(GAISLER, APBUART, version=1, irq=3, bars=(Bar(0x001, 0xFFF, APB_IO),)),
    Core(ESA, MCTRL, bars=(Bar(0x000, 0xFFF, APB_IO),)),
)


@dataclass(slots=True)
class State:
    """Nothing changes in a read-only table."""


class AmbaPnp:
    """One plug and play area; `ahb_area` and `apb_area` build its words."""

    def __init__(self, name: str, words: dict[int, int]) -> None:
        self.name = name
        self.size = AREA
        self.registers = tuple(
            Register(offset, f"PNP{offset:03X}", "ro", word)
            for offset, word in sorted(words.items())
        )
        self.state = State()
        self.unknown = Unknown(name)
        self._words = words

    def reset(self) -> None:
        """The table is wired."""

    def resume(self) -> None:
        """No events, no lines."""

    def read(self, offset: int, size: int) -> int:
        word = self._words.get(offset & ~3, 0)
        if size == 8:
            return word << 32 | self._words.get((offset & ~3) + 4, 0)
        return lanes(word, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        self.unknown.write(offset, size, value)


def ahb_area(
    masters: Sequence[Core], slaves: Sequence[Core], system: int = 0, name: str = "ahbpnp"
) -> AmbaPnp:
    """The AHB controller's area.  ``system`` is the word at 0xFF0: device id and build."""
    words = {_SYSTEM: system} if system else {}
    for base, cores, limit in ((0, masters, 64), (_SLAVES, slaves, 63)):
        if len(cores) > limit:
            raise ValueError(f"{name}: {len(cores)} cores, the area holds {limit}")
        for index, core in enumerate(cores):
            if len(core.bars) > 4 or len(core.user) > 3:
                raise ValueError(f"{name}: core {core} has more than 4 banks or 3 user words")
            entry = base + index * _AHB_ENTRY
            words[entry] = core.word()
            for position, user in enumerate(core.user):
                words[entry + 4 + 4 * position] = user
            for position, bar in enumerate(core.bars):
                words[entry + _BARS + 4 * position] = bar.word()
    return AmbaPnp(name, words)


def apb_area(cores: Sequence[Core], name: str = "apbpnp") -> AmbaPnp:
    """An APB bridge's area."""
    if len(cores) > AREA // _APB_ENTRY:
        raise ValueError(f"{name}: {len(cores)} cores, the area holds {AREA // _APB_ENTRY}")
    words: dict[int, int] = {}
    for index, core in enumerate(cores):
        if len(core.bars) != 1:
            raise ValueError(f"{name}: an APB core has one bank, not {len(core.bars)}: {core}")
        words[index * _APB_ENTRY] = core.word()
        words[index * _APB_ENTRY + 4] = core.bars[0].word()
    return AmbaPnp(name, words)
