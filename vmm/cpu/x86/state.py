# SPDX-License-Identifier: GPL-2.0-or-later
"""The processor state that trap delivery reads and writes, as live fields.

Intel SDM volume 3A, chapter 2 (system registers) and 3.4.3 (hidden parts of
segment registers).  `Env` lies over the engine's register file: an assignment
to a field is the change itself.  `State` adds what the engine derives from
it: arithmetic flags that it computes only when somebody asks, and the hidden
flags that follow from segment loads.

As in the engine, the current privilege level is the DPL in the hidden part
of SS, and TR's hidden part never shows the busy bit.
"""

from __future__ import annotations

import ctypes as C
from typing import TYPE_CHECKING, Any

from vmm.cpu.x86.registers import (
    A20_MASK,
    CR,
    DR,
    ERROR_CODE,
    HF_ADDSEG,
    HF_CPL,
    HF_CS32,
    HF_PE,
    HF_SS32,
    IS_INT,
    NEXT_EIP,
    OLD_EXCEPTION,
    SegmentCache,
)

if TYPE_CHECKING:
    from vmm.cpu.x86.processor import X86Processor

EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI = range(8)
ES, CS, SS, DS, FS, GS = range(6)

FLAG_TF, FLAG_IF, FLAG_DF, FLAG_NT = 1 << 8, 1 << 9, 1 << 10, 1 << 14
FLAG_RF, FLAG_VM, FLAG_AC, FLAG_ID = 1 << 16, 1 << 17, 1 << 18, 1 << 21
FLAG_IOPL = 3 << 12
FLAGS_ARITHMETIC = 0x8D5  # OF SF ZF AF PF CF
CR0_PE, CR0_TS, CR0_WP, CR0_PG = 1, 1 << 3, 1 << 16, 1 << 31
CR4_PSE, CR4_PAE, CR4_SMEP, CR4_SMAP = 1 << 4, 1 << 5, 1 << 20, 1 << 21
EFER_NXE = 1 << 11

HF_TS = 1 << 11
CC_OP_EFLAGS = 1  # the arithmetic flags are in cc_src as they are
EFER = 0x250  # offset into CPUX86State


class Env(C.Structure):
    """The part of CPUX86State that matters here."""

    _fields_ = (
        ("regs", C.c_uint64 * 16),
        ("eip", C.c_uint64),
        ("eflags", C.c_uint64),  # all but the arithmetic flags and DF
        ("cc_dst", C.c_uint64),
        ("cc_src", C.c_uint64),
        ("cc_src2", C.c_uint64),
        ("cc_op", C.c_uint32),
        ("df", C.c_int32),  # 1, or -1 with DF set
        ("hflags", C.c_uint32),
        ("hflags2", C.c_uint32),
        ("segs", SegmentCache * 6),
        ("ldtr", SegmentCache),
        ("tr", SegmentCache),
        ("gdtr", SegmentCache),
        ("idtr", SegmentCache),
        ("cr0", C.c_uint64),
        ("cr1", C.c_uint64),
        ("cr2", C.c_uint64),
        ("cr3", C.c_uint64),
        ("cr4", C.c_uint64),
        ("gap_a20", C.c_uint8 * (A20_MASK - CR - 8 * 5)),
        ("a20_mask", C.c_int32),
        ("gap_efer", C.c_uint8 * (EFER - A20_MASK - 4)),
        ("efer", C.c_uint64),
        ("gap_error", C.c_uint8 * (ERROR_CODE - EFER - 8)),
        ("error_code", C.c_int32),
        ("is_int", C.c_int32),
        ("next_eip", C.c_uint64),
        ("dr", C.c_uint64 * 8),
        ("gap_old", C.c_uint8 * (OLD_EXCEPTION - DR - 8 * 8)),
        ("old_exception", C.c_int32),
    )


assert Env.error_code.offset == ERROR_CODE and Env.is_int.offset == IS_INT
assert Env.next_eip.offset == NEXT_EIP


class State:
    """Live state of one processor."""

    __slots__ = ("engine", "env")

    def __init__(self, processor: X86Processor) -> None:
        self.engine = processor.engine
        self.env: Any = Env.from_address(self.engine.env)

    @property
    def protected(self) -> bool:
        """CR0.PE."""
        return bool(self.env.hflags & HF_PE)

    @property
    def cpl(self) -> int:
        """Current privilege level."""
        return int(self.env.hflags & HF_CPL)

    def eflags(self) -> int:
        """EFLAGS as PUSHF would store it, VM and RF included."""
        env = self.env
        arithmetic = self.engine.library.dll.vmm_x86_arithmetic_flags(self.engine.pointer)
        return int(env.eflags | arithmetic | (FLAG_DF if env.df < 0 else 0)) & 0xFFFFFFFF

    def set_eflags(self, value: int, mask: int) -> None:
        """Write the arithmetic flags, DF, and those of the others that are in ``mask``."""
        env = self.env
        env.cc_src = value & FLAGS_ARITHMETIC
        env.cc_op = CC_OP_EFLAGS
        env.df = -1 if value & FLAG_DF else 1
        env.eflags = env.eflags & ~mask | value & mask | 2

    def load_segment(self, index: int, selector: int, base: int, limit: int, flags: int) -> None:
        """Write a segment register with its hidden part, and what follows from them."""
        env = self.env
        cache = env.segs[index]
        cache.selector, cache.base, cache.limit, cache.flags = selector, base, limit, flags
        hidden = env.hflags
        if index == SS:
            hidden = hidden & ~HF_CPL | flags >> 13 & 3
        if index == CS:
            hidden = hidden & ~HF_CS32 | (HF_CS32 if flags & 1 << 22 else 0)
        hidden &= ~(HF_SS32 | HF_ADDSEG)
        segs = env.segs
        stack = segs[SS]
        if stack.flags & 1 << 22:
            hidden |= HF_SS32
        if (
            not hidden & HF_PE or not hidden & HF_CS32 or env.eflags & FLAG_VM
            or segs[DS].base or segs[ES].base or stack.base
        ):
            hidden |= HF_ADDSEG
        env.hflags = hidden

    def clear_breakpoints(self, mask: int) -> None:
        """Clear enable bits of DR7, and disarm the breakpoints."""
        dr7 = self.env.dr[7]
        if dr7 & mask:
            update = self.engine.function(
                "cpu_x86_update_dr7_x86_64", None, C.c_void_p, C.c_uint32
            )
            update(self.engine.env, dr7 & ~mask & 0xFFFFFFFF)
