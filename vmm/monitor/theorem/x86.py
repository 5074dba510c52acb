# SPDX-License-Identifier: GPL-2.0-or-later
"""The x86 laboratory: states of a 32-bit protected-mode processor.

Intel SDM volume 3A, chapters 2 to 5.  Supervisor mode is privilege level 0,
user mode level 3, each with segments of its own level over the same addresses.
What is whose: IF, IOPL and the virtual-8086 bits of EFLAGS are the
supervisor's, the rest the user's.  Segment registers with their hidden parts
are relocation and bounds, the R of the paper, and so the supervisor's.
"""

from __future__ import annotations

import struct

from vmm.cpu.x86.processor import X86Processor
from vmm.cpu.x86.registers import SEGMENTS, Segment
from vmm.monitor.theorem.instruction import Mode, Variation
from vmm.monitor.theorem.laboratory import MEMORY, PAGE, PAGES, PALINDROME, STACK, Laboratory

GDT, OTHER_GDT, IDT, TSS, LDT = 0x1000, 0x1800, 0x2000, 0x3000, 0x3800
DIRECTORY, TABLE, OTHER_DIRECTORY, ENTRY = 0x4000, 0x5000, 0x6000, 0x8000
BASED = MEMORY  # where the segments may begin instead of 0: the same frames are there once more
# Selectors
CODE_0, DATA_0, CODE_3, DATA_3, CONFORMING, OTHER_DATA, LDT_AT, TSS_AT, OTHER_TSS = (
    0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48,
)
PRESENT, WRITABLE, USER = 1, 2, 4
CR0 = 0x80000031  # PG, NE, ET, PE
CR4_PVI, CR4_TSD, CR4_DE, CR4_PSE, CR4_PCE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 8
FLAG_IF, FLAG_IOPL = 1 << 9, 3 << 12
SUPERVISORS_FLAGS = FLAG_IF | FLAG_IOPL | 1 << 17 | 3 << 19  # VM, VIF and VIP
STACK_TOP = STACK + 0x800


def _descriptor(kind: int, base: int = 0, limit: int = 0xFFFFF, big: int = 0xC) -> bytes:
    """Eight bytes; ``kind`` is P, DPL, S and type, ``big`` is G, D/B, L and AVL."""
    low = base << 16 & 0xFFFF0000 | limit & 0xFFFF
    high = base & 0xFF000000 | big << 20 | limit & 0xF0000 | kind << 8 | base >> 16 & 0xFF
    return struct.pack("<II", low, high)


def _gdt(other: bool) -> bytes:
    """All descriptors are marked as used; the other table has some that are different."""
    small = _descriptor(0xF3, 0, 0x3FFF, 0x4)
    return b"".join((
        bytes(8), _descriptor(0x9B), _descriptor(0x91 if other else 0x93),
        _descriptor(0xFB), _descriptor(0xF3), _descriptor(0x9F),
        _descriptor(0xF1) if other else small,
        _descriptor(0x82, LDT, 0x1F, 0), _descriptor(0x89, TSS, 0x67, 0),
        _descriptor(0x89, TSS + 0x100, 0x67, 0),
    ))


class X86Bench:
    """One processor and its states."""

    results = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip")
    hidden = ((0x250, 0x258), (0x12C0, 0x1508))  # EFER and the other model-specific registers
    padding = b"\x90"
    load = b"\x8b\x01"  # mov eax, [ecx]
    pointer, loaded = "ecx", "eax"

    def __init__(self, model: str) -> None:
        self.processor = X86Processor(model)
        self.variations = VARIATIONS
        registers = self.processor.registers
        self.privileged = tuple(
            name for name, register in registers.table.items()
            if register.group in ("segment", "control", "debug", "msr")
        )

    def base(self, lab: Laboratory, mode: Mode) -> None:
        """Paging on, flat segments, interrupts enabled, no right that user mode need not have."""
        processor, registers = self.processor, self.processor.registers
        processor.reset()
        lab.put(GDT, _gdt(False))
        lab.put(OTHER_GDT, _gdt(True))
        gate = struct.pack("<HHHH", ENTRY, CODE_0, 0xEE00, ENTRY >> 16)
        lab.put(IDT, 256 * gate)
        lab.put(TSS, struct.pack("<III", 0, STACK_TOP, DATA_0))
        lab.put(TSS + 0x66, struct.pack("<H", 0x68))
        for directory in (DIRECTORY, OTHER_DIRECTORY):
            lab.words(directory, [TABLE | PRESENT | WRITABLE | USER])
        for page in range(0, MEMORY, PAGE):
            self.map(lab, page, page)
        registers["cr3"] = DIRECTORY
        registers["cr4"] = CR4_TSD
        registers["cr0"] = CR0
        registers["gdtr.base"], registers["gdtr.limit"] = GDT, len(_gdt(False)) - 1
        registers["idtr.base"], registers["idtr.limit"] = IDT, 0x7FF
        processor.load_segment("ldtr", Segment(LDT_AT, LDT, 0x1F, 0x8200))
        processor.load_segment("tr", Segment(TSS_AT, TSS, 0x67, 0x8900))
        self.load_segments(mode, 0)
        registers["eflags"] = FLAG_IF | 2
        registers["sysenter_cs"] = CODE_0
        registers["sysenter_esp"], registers["sysenter_eip"] = STACK_TOP, ENTRY
        for name in self.results:
            registers[name] = PALINDROME
        registers["esp"] = registers["ebp"] = STACK_TOP

    def load_segments(self, mode: Mode, base: int) -> None:
        """Code, stack and data of one level, at ``base``."""
        level = 0 if mode is Mode.SUPERVISOR else 3
        code, data = (CODE_0, DATA_0) if level == 0 else (CODE_3 | 3, DATA_3 | 3)
        load = self.processor.load_segment
        load("cs", Segment(code, base, 0xFFFFFFFF, 0xCF9B00 | level << 13))
        for name in SEGMENTS:
            if name != "cs":
                load(name, Segment(data, base, 0xFFFFFFFF, 0xCF9300 | level << 13))
        self.processor.set_cpl(level)

    def map(self, lab: Laboratory, virtual: int, frame: int, rights: int = USER) -> None:
        """Have a page at both its addresses."""
        for at in (virtual, virtual + BASED):
            lab.words(TABLE + (at >> 10), [frame | PRESENT | WRITABLE | rights])

    def visible(self) -> dict[str, int]:
        return {"eflags": self.processor.registers["eflags"] & ~SUPERVISORS_FLAGS}

    def control(self) -> dict[str, int]:
        flags = self.processor.registers["eflags"] & SUPERVISORS_FLAGS
        return {"eflags": flags, "privilege level": self.processor.cpl}

    def supervises(self) -> bool:
        return self.processor.cpl == 0

    def point(self, lab: Laboratory, virtual: int, frame: int) -> None:
        self.map(lab, virtual, frame)

    def enter(self, address: int, thumb: bool) -> None:
        self.processor.set_pc(address)


def _bits(register: str, mask: int, name: str, loosens: bool = False) -> Variation:
    """Bits of a register the other way round."""

    def apply(lab: Laboratory, mode: Mode) -> None:
        registers = lab.bench.processor.registers
        registers[register] = registers[register] ^ mask

    return Variation(name, apply, loosens)


def _register(name: str, value: int) -> Variation:
    def apply(lab: Laboratory, mode: Mode) -> None:
        lab.bench.processor.registers[name] = value

    return Variation(name.upper(), apply)


def _segment(name: str, value: Segment) -> Variation:
    def apply(lab: Laboratory, mode: Mode) -> None:
        bench = lab.bench
        assert isinstance(bench, X86Bench)
        bench.processor.load_segment(name, value)

    return Variation(name.upper(), apply)


def _based(lab: Laboratory, mode: Mode) -> None:
    assert isinstance(lab.bench, X86Bench)
    lab.bench.load_segments(mode, BASED)


def _moved(lab: Laboratory, mode: Mode) -> None:
    assert isinstance(lab.bench, X86Bench)
    lab.move()
    for page in PAGES:
        lab.bench.map(lab, page, lab.frame(page))


def _open_ports(lab: Laboratory, mode: Mode) -> None:
    """An I/O permission bitmap without a bit set."""
    assert isinstance(lab.bench, X86Bench)
    lab.put(TSS + 0x68, bytes(64) + b"\xff")
    lab.bench.processor.load_segment("tr", Segment(TSS_AT, TSS, 0x68 + 64, 0x8900))


def _later(lab: Laboratory, mode: Mode) -> None:
    lab.engine.native.idle += 123_456_789


def _nothing(lab: Laboratory, mode: Mode) -> None:
    pass


VARIATIONS = (
    Variation("the base state", _nothing),
    _bits("eflags", FLAG_IF, "EFLAGS.IF"),
    _bits("cr0", 1 << 3, "CR0.TS"), _bits("cr0", 1 << 1, "CR0.MP"), _bits("cr0", 1 << 16, "CR0.WP"),
    _bits("cr0", 1 << 31, "CR0.PG"), _bits("cr4", CR4_PSE | CR4_DE, "CR4.PSE"),
    _register("cr2", 0x1234), _register("cr3", OTHER_DIRECTORY), _register("dr0", 0x9000),
    _register("dr7", 0x700), _register("gdtr.base", OTHER_GDT), _register("idtr.base", IDT + 8),
    _register("gdtr.limit", 0x57), _register("sysenter_cs", 0),
    _segment("ldtr", Segment(0, 0, 0, 0x8200)),
    _segment("tr", Segment(OTHER_TSS, TSS, 0x67, 0x8900)),
    Variation("segment bases", _based), Variation("page frames", _moved),
    Variation("time", _later), Variation("a stale TLB entry", _nothing, stale=True),
    _bits("eflags", FLAG_IOPL, "IOPL 3", loosens=True),
    Variation("an open I/O bitmap", _open_ports, loosens=True),
    _bits("cr4", CR4_TSD, "CR4.TSD clear", loosens=True),
    _bits("cr4", CR4_PCE, "CR4.PCE set", loosens=True),
    _bits("cr4", CR4_PVI, "CR4.PVI set", loosens=True),
)
