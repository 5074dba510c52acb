# SPDX-License-Identifier: GPL-2.0-or-later
"""Random x86 programs of flag and stack instructions at every privilege level, with interrupts,
single steps, page faults and code that changes itself.

Each handler of a fault writes all registers into a log and goes on behind the piece that faulted;
page faults of one stack are mended and tried again.
"""

from __future__ import annotations

import random
import struct
from functools import cache

import keystone

from vmm.boards import Options, create
from vmm.cpu.x86.registers import Segment
from vmm.devices.i8259 import I8259
from vmm.machine.machine import Machine

IDT, GDT, TSS, DIRECTORY, TABLE = range(0x1000, 0x6000, 0x1000)
RESUME, STEPS, TICKS, LOG_END = range(0x7000, 0x7010, 4)
HANDLERS, DONE = 0x70000, 0x81
STACK, STACKS, DEMAND, DATA = 0x10000, (0x12000, 0x14000), 0x18000, 0x1A000
LOG, CODE = 0x20000, 0x100000
RAM, LOG_SIZE = 2 << 20, 0x50000
FLAGS_FIXED, TF, IF, NT, AC, ID = 2, 0x100, 0x200, 0x4000, 0x40000, 0x200000
ARITHMETIC = 0x8D5
DPL = 0x2000  # of a descriptor, in its high word
KINDS = {0: 0x08, 1: 0x28, 2: 0x38, 3: 0x18}  # code selectors by privilege level; data: the next
TASK, PULSES = 0x48, 400
# The interrupt controller: edges, vectors from 0x20, no slave, automatic ends off, IRQ 0 open
PREPARE = ((0x20, 0x13), (0x21, 0x20), (0x21, 0x01), (0x21, 0xFE))
TIMER = ((0x43, 0x34), (0x40, 2), (0x40, 0))  # each 1676 instructions
WITHOUT = bytes((0xFA, 0xFB, 0x90, 0xF8, 0xF9, 0xF5))  # cli, sti and others that use no stack


def word(value: int) -> bytes:
    return struct.pack("<I", value & 0xFFFFFFFF)


def store(address: int, value: int) -> bytes:
    """MOV DWORD PTR [address], value."""
    return b"\xc7\x05" + word(address) + word(value)


class Program:
    """32-bit code, put together at random."""

    def __init__(self, seed: int, timer: bool) -> None:
        self.rng = random.Random(seed)
        self.code = bytearray()
        for port, value in (*PREPARE, *(TIMER if timer else ())):
            self.code += bytes((0xB0, value, 0xE6, port))
        for number in (0, 1, 2, 3, 5, 6, 7):
            self.code += bytes((0xB8 | number,)) + word(self.rng.getrandbits(32))
        for _ in range(600 if timer else 120):
            self.piece(self.rng.choice(PIECES)(self))
        self.code += b"\xeb\xfe"

    @property
    def here(self) -> int:
        return CODE + len(self.code)

    def piece(self, code: bytes) -> None:
        """Add code that a fault goes on behind."""
        resume = self.here + 10 + len(code)
        self.code += store(RESUME, resume) + code

    def register(self) -> int:
        return self.rng.choice((0, 1, 2, 3, 5, 6, 7))  # not esp

    def flags(self) -> int:
        pick = self.rng
        value = FLAGS_FIXED | pick.getrandbits(12) & ARITHMETIC
        for flag, often in ((IF, 0.6), (TF, 0.1), (NT, 0.1), (AC, 0.1), (ID, 0.2), (0x400, 0.3)):
            value |= flag * (pick.random() < often)
        return value | (pick.getrandbits(2) << 12 if pick.random() < 0.2 else 0)

    def arithmetic(self) -> bytes:
        pick = self.rng
        return bytes((pick.choice((0x01, 0x29, 0x21, 0x39, 0x11, 0x19)),
                      0xC0 | self.register() << 3 | self.register()))

    def save(self) -> bytes:
        """PUSHF of 32 or 16 bits, prefixes that mean nothing now and then, and POP."""
        pick = self.rng
        if pick.random() < 0.15:
            return b"\x66\x9c\x66" + bytes((0x58 | self.register(),))
        prefix = pick.choice((b"", b"", b"", b"\x2e", b"\xf3"))
        return self.arithmetic() + prefix + b"\x9c" + bytes((0x58 | self.register(),))

    def restore(self) -> bytes:
        if self.rng.random() < 0.15:
            return b"\x66\x68" + word(self.flags())[:2] + b"\x66\x9d"
        return b"\x68" + word(self.flags()) + self.rng.choice((b"\x9d", b"\x9d", b"\x36\x9d"))

    def critical(self) -> bytes:
        """As kernels do: PUSHF, CLI, something, POPF."""
        return b"\x9c\xfa" + self.arithmetic() + b"\x9d" + self.arithmetic()

    def gate(self) -> bytes:
        """CLI and STI in a row: the shadow of STI is that of the first alone."""
        row = self.rng.choices((b"\xfa", b"\xfb", b"\x90", b"\x9c\x58", b"\x42"), k=6)
        return b"".join(row)

    def status(self) -> bytes:
        a = self.register()
        return self.rng.choice((
            bytes((0x0F, 0x01, 0xE0 | a)), bytes((0x66, 0x0F, 0x01, 0xE0 | a)),
            b"\x0f\x01\x25" + word(DATA + 0x40),
            *(bytes((0x0F, 0x20, 0xC0 | number << 3 | a)) for number in (0, 2, 3, 4)),
        ))

    def control(self) -> bytes:
        """CR0.TS and CR0.EM change, and something reads CR0."""
        bits = self.rng.choice((0x0, 0x8, 0x4))
        return (b"\x0f\x20\xc0\x83\xe0\xf3\x83\xc8" + bytes((bits,)) + b"\x0f\x22\xc0"
                + self.rng.choice((b"\x0f\x01\xe1", b"\x0f\x20\xc1", b"\x0f\x06\x0f\x20\xc2")))

    def loop(self) -> bytes:
        """A block that is chained to itself."""
        body = b"".join(self.rng.choice((self.critical, self.gate, self.save, self.arithmetic))()
                        for _ in range(2))
        count = self.rng.randrange(2, 12)
        body = b"\xff\x05" + word(DATA + 8) + body
        jump = -(len(body) + 7 + 2)
        return (store(DATA + 4, count) + body + b"\x83\x2d" + word(DATA + 4) + b"\x01"
                + b"\x75" + bytes((jump & 0xFF,)))

    def stack(self) -> bytes:
        """ESP elsewhere for a while, odd addresses too; interrupts may come there."""
        at = DATA + self.rng.randrange(0x200, 0xF00)
        return (b"\x89\x25" + word(DATA) + b"\xbc" + word(at) + self.save() + self.critical()
                + b"\x8b\x25" + word(DATA))

    def changing(self) -> bytes:
        """A site that becomes another instruction and comes back, a few times."""
        first, *others = self.rng.sample(WITHOUT, 3)
        code = bytearray()
        start = self.here + 10
        # call the site once for each instruction: it is followed by a RET
        trials = [first, *others, first]
        site = start + len(trials) * 12 + 2
        for byte in trials:
            code += b"\xc6\x05" + word(site) + bytes((byte,))  # mov byte ptr [site], byte
            code += b"\xe8" + word(site - (start + len(code) + 5))
        return bytes(code) + b"\xeb\x02" + bytes((first,)) + b"\xc3"

    def middle(self) -> bytes:
        """Instructions that begin in a sensitive one: AND AL, AL in MOV from CR0, ADD in SMSW,
        PUSHF behind its prefix."""
        code = self.rng.choice((b"\x0f\x20\xc0", b"\x0f\x01\xe0", b"\x66\x9c", b"\xf3\xfb"))
        tail = b"\x83\xc4\x02" if code == b"\x66\x9c" else b""
        whole_first = self.rng.random() < 0.5
        into = b"\xeb\x01" + code + (b"\x58" if code == b"\x66\x9c" else b"")
        if code == b"\x0f\x01\xe0":
            into = b"\xeb\x01" + code  # add eax, esp
        whole = code + tail
        return whole + into if whole_first else into + whole

    def page_end(self) -> bytes:
        """A sensitive instruction that ends with its page, or goes on in the next one."""
        code, behind = self.rng.choice((
            (b"\x0f\x20\xd8", b""), (b"\x0f\x01\xe3", b""), (b"\x9c", b"\x58"), (b"\xfa", b""),
            (b"\xfb", b""), (b"\x66\x9c", b"\x66\x58"), (b"\x9c\x9d", b""),
        ))
        begins = self.rng.randrange(1, len(code) + 1)  # bytes in the page
        space = -(self.here + 10 + 5 + begins) % 0x1000
        return b"\xe9" + word(space) + b"\x90" * space + code + behind

    def level(self) -> bytes:
        """IRET to another level, where IOPL decides about CLI, STI and POPF."""
        level = self.rng.choice((1, 2, 3, 3, 3))
        flags = self.flags() & ~(TF | NT)
        deep = DEMAND + self.rng.choice((4, 2, 0x1000, 0xFFE, 0x800))
        stack = self.rng.choice((STACKS[0], STACKS[0], deep))
        body = b"".join(
            self.rng.choice((self.save, self.restore, self.gate, self.status, self.critical,
                             self.arithmetic))() for _ in range(3))
        selector = KINDS[level] | level
        start = self.here + 10
        code = bytearray()
        unmap = b"".join(store(TABLE + 4 * ((DEMAND >> 12) + i), (DEMAND + 0x1000 * i) | 6)
                         for i in (-1, 0, 1))
        code += unmap + b"\x0f\x20\xd9\x0f\x22\xd9"  # and flush
        for value in (selector + 8, stack, flags, selector):
            code += b"\x68" + word(value)
        code += b"\x68" + word(start + len(code) + 6) + b"\xcf"
        return bytes(code) + body + bytes((0xCD, DONE))

    def trap(self) -> bytes:
        return self.rng.choice((b"\xcc", b"\xcd\x80", b"\x0f\x0b", b"\xcd\x21"))

    def wait(self) -> bytes:
        return b"\xfb\xf4"


PIECES = (
    Program.arithmetic, Program.save, Program.save, Program.restore, Program.restore,
    Program.critical, Program.critical, Program.gate, Program.gate, Program.status, Program.control,
    Program.loop, Program.stack, Program.changing, Program.middle, Program.page_end, Program.level,
    Program.level, Program.trap, Program.wait,
)


LOGGED = f"""
    pushad
    cld
    mov edi, dword ptr [{LOG_END}]
    mov esi, esp
    mov ecx, 14
    .byte 0xf3, 0xa5
    mov dword ptr [{LOG_END}], edi
    popad
"""
GOES_ON = f"""
    mov esp, {STACK}
    jmp dword ptr [{RESUME}]
"""
INTERRUPT = f"""
    push eax
    mov al, 0x20
    out 0x20, al
    inc dword ptr [{TICKS}]
    pop eax
    iretd
"""
DEBUG = f"""
    dec dword ptr [{STEPS}]
    jns out
    and dword ptr [esp + 8], {~TF & 0xFFFFFFFF}
    mov dword ptr [{STEPS}], 5
out:
    iretd
"""
PAGE_FAULT = f"""
    {LOGGED}
    pushad
    mov ecx, cr2
    cmp ecx, {DEMAND - 0x1000}
    jb other
    cmp ecx, {DEMAND + 0x1FFF}
    ja other
    mov eax, ecx
    shr eax, 12
    or dword ptr [{TABLE} + 4 * eax], 1
    invlpg byte ptr [ecx]
    popad
    add esp, 4
    iretd
other:
    {GOES_ON}
"""
SIZE, VECTORS, FIRST_IRQ, SYSTEM_CALL = 0x80, 0x100, 0x20, 0x80


@cache
def handler(vector: int) -> bytes:
    """The code of a vector's handler."""
    texts = {1: DEBUG, 2: "iretd", 14: PAGE_FAULT, FIRST_IRQ: INTERRUPT, SYSTEM_CALL: "iretd"}
    code, _ = keystone.Ks(keystone.KS_ARCH_X86, keystone.KS_MODE_32).asm(
        texts.get(vector, LOGGED + GOES_ON))
    return bytes(code)


def place(vector: int) -> int:
    """Where its handler is: those of the interrupts share one."""
    return HANDLERS + SIZE * (FIRST_IRQ if vector >> 4 == FIRST_IRQ >> 4 else vector)


def descriptor(limit: int, attributes: int, base: int = 0) -> bytes:
    low = limit & 0xFFFF | (base & 0xFFFF) << 16
    return word(low) + word(base >> 16 & 0xFF | attributes | limit & 0xF0000 | base & 0xFF000000)


def tables() -> list[tuple[int, bytes]]:
    """Descriptor tables, task state, page tables and handlers, with their addresses."""
    segments = [bytes(8)]
    for level in (0, 3, 1, 2):
        segments += [descriptor(0xFFFFF, attributes | level * DPL)
                     for attributes in (0xC09A00, 0xC09200)]
    segments.append(descriptor(0x67, 0x8900, TSS))
    task = bytearray(0x68)
    for level, stack in enumerate((STACK - 0x800, STACKS[1], STACKS[1] + 0x1000)):
        struct.pack_into("<II", task, 4 + 8 * level, stack, KINDS[level] + 8 | level)
    gates, code = bytearray(), bytearray()
    for vector in range(VECTORS):
        at, levels = place(vector), 3 * DPL if vector in (3, 4, SYSTEM_CALL, DONE) else 0
        gates += word(8 << 16 | at & 0xFFFF) + word(at & 0xFFFF0000 | 0x8E00 | levels)
        code += handler(vector).ljust(SIZE, b"\xcc")
    pages = b"".join(word(page << 12 | 7) for page in range(RAM >> 12)).ljust(0x1000, b"\0")
    return [
        (GDT, b"".join(segments)), (IDT, bytes(gates)), (TSS, bytes(task)), (TABLE, pages),
        (DIRECTORY, word(TABLE | 7)), (HANDLERS, bytes(code)), (LOG_END, word(LOG)),
        (STEPS, word(5)),
    ]


def machine(seed: int, timer: bool = False) -> Machine:
    """A machine that is about to run the program of this seed.

    Interrupts come at random times, or from its own timer.
    """
    made = create(Options("pc", ram=RAM, bare=True, properties={"apic": "off"}))
    program = Program(seed, timer)
    assert CODE + len(program.code) < RAM
    for at, data in (*tables(), (CODE, bytes(program.code))):
        made.bus.write_memory(at, data)
    registers, processor = made.processor.registers, made.processor
    registers["cr3"] = DIRECTORY
    registers["cr0"] = 0x80010011
    for name, value in (("gdtr.base", GDT), ("gdtr.limit", 0x7FF), ("idtr.base", IDT),
                        ("idtr.limit", 0x7FF), ("esp", STACK)):
        registers[name] = value
    for name in ("ds", "es", "ss", "fs", "gs"):
        processor.load_segment(name, Segment(KINDS[0] + 8, 0, 0xFFFFFFFF, 0xCF9300))
    processor.load_segment("cs", Segment(KINDS[0], 0, 0xFFFFFFFF, 0xCF9B00))
    processor.load_segment("tr", Segment(TASK, TSS, 0x67, 0x8900))  # as the engine keeps it
    processor.set_pc(CODE)
    made.engine.flush_tlb()
    if not timer:
        interrupt(made, random.Random(seed))
    return made


def interrupt(made: Machine, chosen: random.Random) -> None:
    """Drive IRQ 0 and NMI at random times."""
    pic = made.bus.ports.find(0x20)
    assert pic is not None and isinstance(pic.device, I8259)
    line, cycle = pic.device.line(0), 0
    for _ in range(PULSES):
        cycle += chosen.randrange(2, 100)
        made.clock.at_cycle(cycle, lambda: line.set(True))
        cycle += chosen.randrange(1, 60)
        made.clock.at_cycle(cycle, lambda: line.set(False))
        if chosen.random() < 0.1:
            made.clock.at_cycle(cycle + 1, made.processor.nmi)
