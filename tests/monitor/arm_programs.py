# SPDX-License-Identifier: GPL-2.0-or-later
"""Random ARM programs of sensitive instructions, with handlers that go on behind each trap."""

from __future__ import annotations

import random
import struct
from functools import partial

from vmm.boards import Options, create
from vmm.machine.machine import Machine

RAM = 0x40000000
VECTORS, TABLES, DATA, CODE = RAM + 0x1000, RAM + 0x4000, RAM + 0x100000, RAM + 0x300000
PRIVATE, READ_ONLY, NOWHERE = RAM + 0x400000, RAM + 0x500000, 0x30000000
MODES = (0x10, 0x11, 0x12, 0x13, 0x17, 0x1B, 0x1F)
AL, NOP = 0xE << 28, 0xE320F000
# mrs r0, cpsr; cpsid i; cpsie i; cpsid if; mrc TPIDRPRW; nop; add
REPLACEABLE = (0xE10F0000, 0xF10C0080, 0xF1080080, 0xF10C00C0, 0xEE1D0F90, NOP, 0xE2800001)
REQUESTS, PULSES = (0x02, 0x10), 30  # IRQ and FIQ, of the engine's; how many

# Undefined: movs pc, lr; SVC: on in SVC mode; prefetch abort (BKPT), data abort, IRQ and FIQ:
# subs pc, lr, #4
HANDLERS = (
    0xEAFFFFFE, 0xE1B0F00E, 0xEA000004, 0xE25EF004, 0xE25EF004, 0xEAFFFFFE, 0xE25EF004, 0xE25EF004,
    0xE14F0000, 0xE3C0001F, 0xE3800013, 0xE161F000, 0xE1B0F00E,
)
SYSTEM = (  # crn, opc1, crm, opc2: written and read freely
    (5, 0, 0, 0), (5, 0, 0, 1), (6, 0, 0, 0), (6, 0, 0, 2), (13, 0, 0, 2), (13, 0, 0, 3),
    (13, 0, 0, 4), (7, 0, 4, 0), (0, 0, 0, 5), (0, 0, 0, 0), (0, 0, 1, 0), (9, 0, 14, 0),
    (14, 0, 1, 0), (7, 0, 5, 0), (7, 0, 8, 0), (7, 0, 8, 1), (7, 0, 8, 2), (0, 2, 0, 0),
    (1, 4, 1, 0), (15, 0, 0, 0), (3, 0, 0, 0),
)


class Program:
    """A32 code, put together at random."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.code: list[int] = []
        for register in range(13):
            self.load(register, self.rng.getrandbits(32))
        for _ in range(70):
            self.rng.choice(PIECES)(self)
        self.code.append(0xEAFFFFFE)

    @property
    def here(self) -> int:
        return CODE + 4 * len(self.code)

    def put(self, code: int, sometimes: bool = True) -> None:
        """An instruction, with a random condition now and then."""
        condition = self.rng.randrange(15) if sometimes and self.rng.random() < 0.3 else 14
        self.code.append(code & 0x0FFFFFFF | condition << 28)

    def load(self, register: int, value: int) -> None:
        """MOVW and MOVT."""
        for opcode, half in ((0x03000000, value & 0xFFFF), (0x03400000, value >> 16)):
            self.put(opcode | half >> 12 << 16 | register << 12 | half & 0xFFF, False)

    def register(self) -> int:
        return self.rng.randrange(13)

    def psr(self) -> int:
        masks = self.rng.choice((0x1C0, 0x1C0, 0x180, 0x140, 0x100, 0x0C0, 0))
        return self.rng.getrandbits(4) << 28 | masks | self.rng.choice(MODES)

    def itstate(self) -> int:
        """ITSTATE now and then, without T, which is UNPREDICTABLE: nothing comes of it."""
        return self.rng.getrandbits(8) << 8 & 0xFC00 | 0x02000000 if self.rng.random() < 0.3 else 0

    def data(self) -> int:
        """An address, as a rule of memory."""
        base = self.rng.choice((DATA, DATA, DATA, PRIVATE, PRIVATE, READ_ONLY, NOWHERE))
        return base + self.rng.randrange(0x40, 0x1000, 4) + (self.rng.random() < 0.1)

    def compute(self) -> None:
        opcode = self.rng.choice((0, 1, 2, 4, 12))
        self.put(opcode << 21 | 1 << 20 | self.register() << 16 | self.register() << 12
                 | self.register())

    def compare(self) -> None:
        self.put(10 << 21 | 1 << 20 | self.register() << 16 | self.register())

    def cps(self) -> None:
        imod, changes = self.rng.choice((0, 2, 3)), self.rng.randrange(2)
        mode = self.rng.choice((*MODES, *MODES, 0x16, 0x1A, 0x15))
        if imod or changes:
            self.code.append(0xF1000000 | imod << 18 | changes << 17
                             | (self.rng.getrandbits(3) << 6 if imod else 0)
                             | (mode if changes else 0))

    def mrs(self) -> None:
        self.put(0x010F0000 | self.rng.getrandbits(1) << 22 | self.register() << 12)

    def msr(self) -> None:
        saved, register = self.rng.getrandbits(1), self.register()
        fields = self.rng.randrange(1, 16)
        self.load(register, self.psr() & ~0x20 | (self.itstate() if saved else 0))
        self.put(0x0120F000 | saved << 22 | fields << 16 | register)

    def msr_immediate(self) -> None:
        self.put(0x0321F0C0 | self.rng.choice(MODES))

    def banked(self) -> None:
        sysm, saved = self.rng.getrandbits(5), self.rng.getrandbits(1)
        place = saved << 22 | (sysm & 15) << 16 | (sysm >> 4) << 8
        if sysm >= 28:
            return  # of modes that there are not: UNPREDICTABLE
        if self.rng.getrandbits(1):
            self.put(0x01000200 | place | self.register() << 12)
        else:
            self.put(0x0120F200 | place | self.register())

    def privileged(self) -> None:
        """To a mode that has an SPSR, unless this is user mode."""
        self.code.append(0xF1020000 | self.rng.choice((0x11, 0x12, 0x13, 0x17, 0x1B)))

    def exception_return(self) -> None:
        self.privileged()
        lr, psr = 14, self.register()
        self.load(psr, self.psr() | self.itstate())
        self.put(0x016FF000 | psr, False)
        self.load(lr, self.here + 12)
        self.put(self.rng.choice((0x01B0F00E, 0x025EF000, 0x0160006E)), False)

    def user_block(self) -> None:
        base, mask = self.register(), self.rng.getrandbits(15) or 1
        self.load(base, self.data())
        way = self.rng.getrandbits(2) << 23
        load = self.rng.getrandbits(1)
        writes_back = self.rng.random() < 0.1 and not load and not mask >> base & 1
        self.put(0x08400000 | way | load << 20 | writes_back << 21 | base << 16 | mask)

    def block_return(self) -> None:
        """A stack with registers and a pc, and LDM with ^ from it."""
        base, psr = 0, 1
        at = DATA + self.rng.randrange(0x40, 0x800, 8)
        self.privileged()
        self.load(base, at + 4)
        self.load(psr, self.here + 4 * 8)
        self.put(0x05800000 | base << 16 | psr << 12, False)  # str r1, [r0]
        self.load(psr, self.psr() | self.itstate())
        self.put(0x016FF000 | psr, False)
        self.put(0x02400004, False)  # sub r0, r0, #4
        self.code.append(AL | 0x08F08000 | base << 16 | 1 << 2)

    def rfe(self) -> None:
        base, value = 2, 3
        self.load(base, DATA + self.rng.randrange(0x40, 0x800, 8))
        self.load(value, self.here + 4 * 7)
        self.put(0x05800000 | base << 16 | value << 12, False)
        self.load(value, self.psr() | self.itstate())
        self.put(0x05800004 | base << 16 | value << 12, False)
        self.code.append(0xF8900A00 | self.rng.getrandbits(1) << 21 | base << 16)

    def srs(self) -> None:
        self.privileged()
        self.load(13, self.data())
        self.code.append(0xF84D0500 | self.rng.getrandbits(2) << 23 | self.rng.getrandbits(1) << 21
                         | self.rng.choice((*MODES, *MODES, 0x16)))

    def unprivileged(self) -> None:
        base, to = self.rng.sample(range(13), 2)
        self.load(base, self.data())
        self.put(self.rng.choice((
            0x04200000 | self.rng.getrandbits(12), 0x00600000 | self.rng.choice((0xB0, 0xD0, 0xF0)),
        )) | self.rng.getrandbits(1) << 23 | 1 << 20 | base << 16 | to << 12)
        self.load(base, self.data())
        self.put(self.rng.choice((0x04200000, 0x04600000, 0x006000B0)) | base << 16 | to << 12)

    def system(self) -> None:
        crn, opc1, crm, opc2 = self.rng.choice(SYSTEM)
        read = self.rng.getrandbits(1)
        register = self.register()
        if crn == 3:  # domains: client always
            self.load(register, 0x55555555)
        elif crn == 7:
            self.load(register, self.data())
        self.put(0x0E000F10 | opc1 << 21 | read << 20 | crn << 16 | register << 12 | opc2 << 5
                 | crm)

    def floating(self) -> None:
        number, read = self.rng.choice((0, 6, 7, 8, 8, 9)), self.rng.getrandbits(1)
        self.put(0x0EE00A10 | read << 20 | number << 16 | self.register() << 12)

    def coprocessor_access(self) -> None:
        self.load(4, self.rng.choice((0, 5, 15, 15)) << 20)
        self.put(0x0E014F50, False)  # mcr p15, 0, r4, c1, c0, 2
        self.put(0x0E000A10, False)  # vmov s0, r0

    def call(self) -> None:
        self.put(0x0F000000 | self.rng.getrandbits(8))

    def endianness(self) -> None:
        self.code.append(0xF1010000 | self.rng.getrandbits(1) << 9)  # setend

    def undefined(self) -> None:
        self.code.append(self.rng.choice((0xE7F000F0, 0xE1400071, 0xE1600070, 0xE1200070)))


    def thumb(self) -> None:
        """A run of T32 instructions, some in IT blocks, between two changes of state.

        A handler goes on behind the first halfword, wherever that is.
        """
        base = self.register()
        self.load(base, self.data())
        halves: list[int] = []
        for _ in range(8):
            if self.rng.random() < 0.4:  # IT with one to four conditions
                halves.append(0xBF00 | self.rng.randrange(14) << 4 | self.rng.randrange(1, 16))
            to, other = self.register(), self.register()
            mode = self.rng.choice(MODES)
            wide = self.rng.choice((
                0xF3AF8000 | self.rng.choice((0x400, 0x600)) | self.rng.getrandbits(3) << 5,
                0xF3AF8100 | mode, 0xF3EF8000 | to << 8, 0xF3FF8000 | to << 8,
                0xF3808000 | other << 16 | 0x800, 0xF3908000 | other << 16 | 0x800,
                0xEE1D0F90 | to << 12, 0xEE0D0F90 | to << 12,
                0xF8500E00 | base << 16 | to << 12 | self.rng.randrange(0, 64, 4),
                0xF8200E00 | base << 16 | to << 12, 0xF9100E00 | base << 16 | to << 12,
                0xEEF00A10 | 8 << 16 | to << 12, 0xF7E08001, 0xE98DC013, 0,
            ))
            if wide:
                halves += [wide >> 16, wide & 0xFFFF]
            else:
                halves.append(self.rng.choice((0xB660, 0xB670)) | self.rng.getrandbits(3))
        if len(halves) % 2:
            halves.append(0xBF00)
        halves += [*[0xBF00] * 4, 0x4778, 0xBF00]  # bx pc, behind any IT block
        self.code += [0xE28FC001, 0xE12FFF1C]  # add r12, pc, #1; bx r12
        self.code += [high << 16 | low for low, high in zip(halves[::2], halves[1::2], strict=True)]

    def page_end(self) -> None:
        """T32 on both sides of the end of a page: the second instruction is in both."""
        space = (0x1000 - 12 - 4 - self.here) // 4 % 0x400
        self.code += [0xEA000000 | space - 1 & 0xFFFFFF, *[NOP] * space]  # b; all but one skipped
        wide = self.rng.choice((
            0xF3EF8000 | self.register() << 8, 0xEE1D0F90 | self.register() << 12,
            0xF3AF8480, 0xF3AF8680, 0xF3AF84E0, 0xF3808800 | self.register() << 16,
        ))
        self.code += [0xE28FC001, 0xE12FFF1C]  # add r12, pc, #1; bx r12
        self.code += [wide >> 16 << 16 | 0xBF00, 0xBF00 << 16 | wide & 0xFFFF, 0xBF004778]

    def changing(self) -> None:
        """An instruction that is another each time it is executed, and the first one at last."""
        loop = self.here + 4 * 5
        site = loop + 4 * 5
        self.load(4, site)
        self.load(6, site + 4 * 4)
        first, *others = self.rng.sample(REPLACEABLE, 3)
        self.code += [
            0xE3A05003,  # mov r5, #3
            0xE7967105, 0xE5847000, 0xEE074F35,  # ldr r7, [r6, r5, lsl #2]; str r7, [r4]; ICIMVAU
            0xF57FF04F, 0xF57FF06F, first,  # dsb; isb; the site
            0xE2555001, 0x5AFFFFF7, 0xEA000003,  # subs r5, r5, #1; bpl; b behind the table
            first, *others, first,
        ]


PIECES = (
    Program.thumb, Program.page_end, Program.changing,
    Program.compute, Program.compare, Program.cps, Program.cps, Program.mrs, Program.msr,
    Program.msr_immediate, Program.banked, Program.exception_return, Program.user_block,
    Program.user_block, Program.block_return, Program.rfe, Program.srs, Program.unprivileged,
    Program.system, Program.floating, Program.coprocessor_access, Program.call, Program.call,
    Program.undefined, Program.endianness,
)


def machine(seed: int, mmu: bool, interrupts: bool = True) -> Machine:
    """A machine that is about to run the program of this seed, with interrupts at random times."""
    made = create(Options(board="virt", ram=16 << 20, bare=True))
    program = Program(seed)
    sections = [0] * 4096
    for address in range(RAM, RAM + (16 << 20), 1 << 20):
        sections[address >> 20] = address | 0xC02  # everybody's
    sections[PRIVATE >> 20] = PRIVATE | 0x402
    sections[READ_ONLY >> 20] = READ_ONLY | 0x8402
    for at, words in ((VECTORS, HANDLERS), (TABLES, sections), (CODE, program.code),
                      (DATA, [random.Random(seed).getrandbits(32) for _ in range(1024)])):
        made.load_bytes(at, struct.pack(f"<{len(words)}I", *words), "program")
    registers = made.processor.registers
    registers["vbar"] = VECTORS
    registers["ttbr0"], registers["dacr"] = TABLES, 0x55555555
    if mmu:
        registers["sctlr"] |= 1
        made.engine.flush_tlb()
    made.processor.set_pc(CODE)
    if interrupts:
        interrupt(made, random.Random(seed))
    return made


def interrupt(made: Machine, chosen: random.Random) -> None:
    """Drive IRQ and FIQ at random times, for a few instructions each."""
    for request in REQUESTS:
        cycle = 0
        for _ in range(PULSES):
            for level, longest in ((True, 120), (False, 20)):
                cycle += chosen.randrange(1, longest)
                made.clock.at_cycle(cycle, partial(made.engine.set_interrupt, request, level))
