# SPDX-License-Identifier: GPL-2.0-or-later
"""Random x86 states and memory images in which one instruction traps.

Mostly right, with faults sown in: descriptors, gates, task states, stacks and
page tables of every form, in real, protected and virtual-8086 mode.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from vmm.cpu.x86.state import CS, DS, ES, FLAG_VM, FS, GS, SS

RAM, ROM = 0x40000, 0x4000  # bytes; the ROM follows the RAM

CODE = 0x8000
IDT, GDT, LDT, TSS, NEW_TSS = 0x1000, 0x2000, 0x3000, 0x4000, 0x6000
PAGE_DIRECTORY, PAGE_TABLE, POINTERS, PAE_DIRECTORY, PAE_TABLE = range(0x10000, 0x15000, 0x1000)
STACKS = (0x18000, 0x19FFE, 0x1B003, 0x1D000, 0x1E800, RAM + 0x800)

# Selectors of the first descriptors of the GDT, four privilege levels each
CODE_32, DATA_32, CODE_16, DATA_16 = 0x08, 0x28, 0x48, 0x68
CONFORMING, LDT_SELECTOR, TSS_SELECTOR, NEW_SELECTOR = 0x88, 0xA8, 0xB0, 0xB8
ODD = range(0xC0, 0x100, 8)  # anything
GDT_SIZE = 0x100

INT, INT3, INTO, UD2, DIVIDE, HLT = b"\xcd", b"\xcc", b"\xce", b"\x0f\x0b", b"\xf7\xf1", b"\xf4"
LOAD_DS, STORE, NOP = b"\x8e\xd8", b"\xa3", b"\x90"


@dataclass
class Situation:
    """What both processors start from."""

    memory: bytearray
    code: bytes
    mode: str  # "real", "vm86", "protected"
    interrupt: int | None = None  # vector on INTR; -1 is NMI
    cr0: int = 0x10
    cr3: int = 0
    cr4: int = 0
    efer: int = 0
    eip: int = 0
    eflags: int = 2
    regs: list[int] = field(default_factory=list)
    segs: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    tables: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    dr7: int = 0x400
    a20: bool = True


def descriptor(base: int, limit: int, attributes: int) -> bytes:
    """A segment descriptor; ``attributes`` as in the high word (bits 8 to 23)."""
    low = limit & 0xFFFF | (base & 0xFFFF) << 16
    high = base >> 16 & 0xFF | attributes | limit & 0xF0000 | base & 0xFF000000
    return low.to_bytes(4, "little") + high.to_bytes(4, "little")


def gate(selector: int, offset: int, attributes: int) -> bytes:
    """A gate descriptor; ``attributes`` are bits 8 to 15 of the high word."""
    low = offset & 0xFFFF | selector << 16
    high = offset & 0xFFFF0000 | attributes
    return low.to_bytes(4, "little") + high.to_bytes(4, "little")


class Maker:
    """Random situations: mostly right, with what can be wrong sown in."""

    def __init__(self, seed: int, nx: bool) -> None:
        self.random = random.Random(seed)
        self.nx = nx

    def often(self, probability: float) -> bool:
        return self.random.random() < probability

    def word(self) -> int:
        return self.random.choice((self.random.getrandbits(32), 0, 0xFFFFFFFF))

    def put(self, at: int, data: bytes) -> None:
        self.memory[at : at + len(data)] = data

    def put_word(self, at: int, value: int, size: int = 4) -> None:
        self.put(at, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def make(self) -> Situation:
        pick = self.random
        self.memory = bytearray(RAM + ROM)
        mode = pick.choice(("real", "vm86", "protected", "protected", "protected"))
        s = Situation(self.memory, b"", mode)
        s.regs = [self.word() for _ in range(8)]
        s.regs[1] = 0  # the divisor
        s.regs[4] = pick.choice(STACKS) + pick.randrange(-40, 40)
        s.eflags = self.flags()
        self.tables(s)
        if mode == "real":
            self.real(s)
        else:
            self.protected(s)
            if self.often(0.6):
                self.paging(s)
        self.instruction(s)
        self.put(CODE, s.code)
        if self.often(0.2):
            s.dr7 |= pick.randrange(256)
        s.a20 = self.often(0.95)
        if self.often(0.1):  # what the task switch sets
            s.cr0 |= 8
        return s

    def flags(self) -> int:
        return (
            self.random.getrandbits(12) & 0x8D5 | self.random.getrandbits(22) & 0x2C7600 | 0x802
        ) & ~(0x100 if self.often(0.9) else 0) | (0x100 if self.often(0.1) else 0)

    def selector(self, *likely: int) -> int:
        """One of the likely ones, or anything."""
        if self.often(0.9):
            return self.random.choice(likely)
        wrong = (0, 3, *ODD, CODE_32 | 4, DATA_32 | 7, GDT_SIZE, 0xFFFF, TSS_SELECTOR)
        return self.random.choice(wrong)

    def any_attributes(self) -> int:
        # Not bit 21: reserved here, but the engine's delivery takes it for long mode's L.
        return self.random.getrandbits(8) << 8 | self.random.choice((0x8000, 0)) | (
            self.random.getrandbits(4) << 20 & 0xD00000
        )

    def tables(self, s: Situation) -> None:
        """GDT, LDT, IDT and two TSSs."""
        pick = self.random
        slip = pick.choice((0, 0, 0, 0xFF6, 0xFFB))  # tables that cross pages
        gdt, idt = GDT + pick.choice((0, 0, 8)), IDT + slip
        for level in range(4):
            dpl = level << 13
            base = pick.choice((0, 0, 0, 0x20000))
            for selector, attributes in (
                (CODE_32, 0xC09B00), (DATA_32, 0xC09300), (CODE_16, 0x009A00), (DATA_16, 0x009200),
                (CONFORMING, 0xC09F00),
            ):
                if self.often(0.03):
                    attributes &= ~0x8000
                if self.often(0.03):
                    attributes ^= 1 << pick.randrange(8, 16)
                self.put(gdt + selector + 8 * level, descriptor(base, 0xFFFFF, attributes | dpl))
        for selector in ODD:
            self.put(gdt + selector, descriptor(pick.choice((0, CODE)), pick.getrandbits(20),
                                                self.any_attributes()))
        wide = self.often(0.6)
        limit = pick.choice((0x67, 0x67, 0x67, 0xFFF, 43, 9, 5))
        s.tables["tr"] = (TSS_SELECTOR, TSS + slip, limit, 0x8900 if wide else 0x8100)
        self.put(gdt + TSS_SELECTOR, descriptor(TSS + slip, 0x67, 0x8B00))
        self.stacks(TSS + slip, wide)
        new_wide = self.often(0.6)
        new_type = (0x8900 if new_wide else 0x8100) | (0x200 if self.often(0.05) else 0)
        new_type ^= 0x8000 if self.often(0.05) else 0
        new_base = NEW_TSS + pick.choice((0, 0, 0xFC0, 0xFF1))
        self.put(gdt + NEW_SELECTOR,
                 descriptor(new_base, pick.choice((0x67, 0x67, 0x68, 43, 42, 0x66)), new_type))
        self.task(new_base, new_wide)
        self.put(gdt + LDT_SELECTOR,
                 descriptor(LDT, 0x3F, 0x8200 if self.often(0.9) else self.any_attributes()))
        for i in range(8):
            attributes = pick.choice((0xC09B00, 0xC09300, 0xC0F300))
            self.put(LDT + 8 * i, descriptor(0, 0xFFFFF, attributes))
        s.tables["ldtr"] = (LDT_SELECTOR, LDT, 0x3F, 0x8200)
        gdt_limit = GDT_SIZE - 1 if self.often(0.9) else pick.randrange(GDT_SIZE)
        s.tables["gdtr"] = (0, gdt, gdt_limit, 0)
        if s.mode == "real":
            s.tables["idtr"] = (0, idt, 0x3FF if self.often(0.9) else pick.randrange(0x400), 0)
            for vector in range(256):
                self.put_word(idt + 4 * vector, pick.getrandbits(32))
            return
        s.tables["idtr"] = (0, idt, 0x7FF if self.often(0.9) else pick.randrange(0x100), 0)
        for vector in range(32):
            self.put(idt + 8 * vector, self.gate())
        self.put(idt + 0x80 * 8, self.gate())

    def gate(self) -> bytes:
        pick = self.random
        kind = pick.choices((14, 15, 6, 7, 5, pick.randrange(32)), (30, 20, 10, 10, 20, 5))[0]
        attributes = kind << 8 | pick.randrange(4) << 13 | (0x8000 if self.often(0.95) else 0)
        if kind == 5:
            return gate(self.selector(NEW_SELECTOR), 0, attributes)
        level = pick.choice((0, 0, 0, 0, 1, 2, 3))
        code = pick.choice((CODE_32, CODE_32, CODE_16, CONFORMING))
        return gate(self.selector(code + 8 * level) | pick.randrange(4), self.word(), attributes)

    def stacks(self, at: int, wide: bool) -> None:
        pick = self.random
        for level in range(3):
            ss = self.selector(DATA_32 + 8 * level, DATA_16 + 8 * level)
            ss |= level if self.often(0.95) else pick.randrange(4)
            esp = pick.choice(STACKS) + pick.randrange(-30, 30)
            size = 4 if wide else 2
            self.put_word(at + (2 * level + 1) * size, esp, size)
            self.put_word(at + (2 * level + 2) * size, ss, 2)

    def task(self, at: int, wide: bool) -> None:
        """The new task's TSS."""
        pick = self.random
        level = pick.randrange(4)
        eflags = self.flags() | (FLAG_VM if self.often(0.15) else 0)
        code = self.selector(CODE_32 + 8 * level, CODE_16 + 8 * level) | level
        stack = self.selector(DATA_32 + 8 * level, DATA_16 + 8 * level) | level
        data = [self.selector(0, DATA_32 + 24, DATA_16 + 24, CODE_32 + 24) | level
                for _ in range(4)]
        segments = [data[0], code, stack, *data[1:]]
        ldt = self.selector(0, LDT_SELECTOR)
        general = [self.word() for _ in range(8)]
        general[4] = pick.choice(STACKS)
        eip = pick.choice((0x9000, 0x9000, pick.getrandbits(16)))
        if wide:
            self.put_word(at + 0x1C, 0)  # CR3: `paging` fills it in
            self.new_cr3 = at + 0x1C
            self.put_word(at + 0x20, eip)
            self.put_word(at + 0x24, eflags)
            for i, value in enumerate(general):
                self.put_word(at + 0x28 + 4 * i, value)
            for i, value in enumerate(segments):
                self.put_word(at + 0x48 + 4 * i, value)
            self.put_word(at + 0x60, ldt)
        else:
            self.new_cr3 = 0
            self.put_word(at + 0x0E, eip, 2)
            self.put_word(at + 0x10, eflags, 2)
            for i, value in enumerate(general):
                self.put_word(at + 0x12 + 2 * i, value, 2)
            for i, value in enumerate(segments[:4]):
                self.put_word(at + 0x22 + 4 * i, value, 2)
            self.put_word(at + 0x2A, ldt, 2)

    def real(self, s: Situation) -> None:
        pick = self.random
        base = pick.choice((0, CODE, CODE - 0x100))
        for index in range(6):
            selector = pick.getrandbits(12)
            s.segs[index] = (selector, selector << 4, 0xFFFF, 0x9300)
        s.segs[SS] = (0x1000, 0x18000, 0xFFFF, 0x9300)
        s.segs[CS] = (base >> 4, base, 0xFFFF, 0x9B00)
        s.eflags &= 0xFFFF
        s.eip = CODE - base

    def protected(self, s: Situation) -> None:
        pick = self.random
        s.cr0 |= 1 | (0x10000 if self.often(0.5) else 0)
        if s.mode == "vm86":
            self.real(s)
            s.eflags |= FLAG_VM
            for index, (selector, base, limit, _) in s.segs.items():
                s.segs[index] = (selector, base, limit, 0xF300)
            return
        level = pick.randrange(4)
        big = self.often(0.7)
        base = pick.choice((0, 0, CODE))
        for index in (ES, DS, FS, GS):
            s.segs[index] = (DATA_32 + 8 * 3 | 3, pick.choice((0, 0, 0x100)), 0xFFFFFFFF, 0xCFF300)
        stack = 0x400000 if self.often(0.7) else 0
        s.segs[SS] = ((DATA_32 + 8 * level) | level, pick.choice((0, 0, 0x10000)), 0xFFFFFFFF,
                      0x8F9300 | stack | level << 13)
        s.segs[CS] = ((CODE_32 + 8 * level) | level, base, 0xFFFFFFFF,
                      0x8F9B00 | (0x400000 if big else 0) | level << 13)
        s.eip = CODE - base

    def paging(self, s: Situation) -> None:
        pick = self.random
        s.cr0 |= 1 << 31
        pae = self.often(0.5)
        size = 8 if pae else 4
        table, directory = (PAE_TABLE, PAE_DIRECTORY) if pae else (PAGE_TABLE, PAGE_DIRECTORY)
        s.cr4 = (0x20 if pae else 0) | (0x10 if self.often(0.7) else 0)
        s.efer = 0x800 if self.nx and self.often(0.7) else 0
        for page in range(RAM + ROM >> 12):
            entry = page << 12 | 7 | pick.getrandbits(7) & 0x60
            if self.often(0.03):
                entry &= ~1
            if self.often(0.04):
                entry &= ~2
            if self.often(0.02):
                entry = entry & 0xFFF | pick.choice((0x3E, 0x80, 0xFFFFF)) << 12
            if pae and self.often(0.02):
                entry |= 1 << pick.choice((52, 58, 63, 40))
            if page == CODE >> 12:
                entry = CODE | 7
            self.put_word(table + size * page, entry, size)
        entry = table | 7 | pick.getrandbits(7) & 0x60
        if self.often(0.15):
            entry = 0x87 | pick.getrandbits(7) & 0x60  # a large page
            if self.often(0.2):
                entry &= ~2
            if self.often(0.1):  # right for the code, wrong for nobody: only high bits and PAT
                entry |= 1 << 12
        self.put_word(directory, entry, size)
        if pae:
            self.put_word(POINTERS, directory | 1, 8)
        s.cr3 = POINTERS if pae else directory
        if self.new_cr3 and self.often(0.9):
            self.put_word(self.new_cr3, s.cr3)

    def instruction(self, s: Situation) -> None:
        pick = self.random
        choices = ["int", "int", "int3", "into", "ud2", "divide", "interrupt"]
        if s.mode == "protected":
            choices += ["load", "load", "store", "hlt"]
        choice = pick.choice(choices)
        if choice == "int":
            if s.mode == "vm86":
                s.eflags |= 0x3000
            s.code = INT + bytes([pick.choice((pick.randrange(32), 0x80, 0xFF))])
        elif choice == "interrupt":
            s.interrupt = pick.choice((-1, 0x80, 0x1F, 8, 13))
            s.eflags |= 0x200
            s.code = NOP * 4
        elif choice == "load":
            s.regs[0] = pick.choice((*ODD, CODE_32, NEW_SELECTOR, GDT_SIZE, 0xFFFF))
            s.code = LOAD_DS
        elif choice == "store":
            s.code = STORE + b"\0\0\0\x40"
        else:
            s.code = {"int3": INT3, "into": INTO, "ud2": UD2, "divide": DIVIDE, "hlt": HLT}[choice]
        s.code += INT3 * 16  # what did not trap is followed by what does
