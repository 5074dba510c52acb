# SPDX-License-Identifier: GPL-2.0-or-later
"""An ARM virtual CPU: where each part of its privileged state is.

The registers of the current virtual mode are in the engine's own, which is in
user mode always.  Here are the virtual mode and the banked registers of all
modes (DDI 0406C, B1.3.2); of the current mode only its SPSR is here.  A, I
and F of the engine's CPSR are those of the virtual one: they mask nothing,
since interrupts of a virtual CPU are let in by its ``open``.

CP14, CP15 and VFP system registers stay in the engine.  In user mode the
guest reaches none of them by itself but those that user mode may have anyway,
so what is there is the virtual CPU's: the engine's own functions, which know
reset values, masks and side effects, are called with virtual privilege.
"""

from __future__ import annotations

import ctypes as C

from vmm.cpu.arm.registers import ABT, FIQ, IRQ, SVC, SYS, UND, USR
from vmm.devices.shared import Shared
from vmm.native import library as native

BANKS = 8  # by vmm.cpu.arm.registers.BANK; Hyp and Monitor mode have theirs for nothing
KINDS = 24  # room for a count of each kind of sensitive instruction (decode.Kind)
MODES = frozenset((USR, FIQ, IRQ, SVC, ABT, UND, SYS))
_FIELDS = (
    ("mode", C.c_uint32),
    ("spsr", C.c_uint32 * BANKS),
    ("r13", C.c_uint32 * BANKS),
    ("r14", C.c_uint32 * BANKS),
    ("usr_high", C.c_uint32 * 5),  # r8 to r12 of the other modes while in FIQ mode
    ("fiq_high", C.c_uint32 * 5),  # r8 to r12 of FIQ mode while in another
    ("unprivileged", C.c_uint32),  # an LDRT is under way: its faults are those of user mode
    ("emulated", C.c_uint32 * KINDS),  # instructions, by decode.Kind
    ("translate", C.c_uint32),  # sensitive instructions are replaced as they are translated
    ("found", C.c_uint32 * 3),  # what the monitor is told of: kind, A32 form, value written
    ("entering", C.c_uint32),  # para: a trap's frame is being stored
    ("delivered", C.c_uint32),  # the trap just told of is to be entered after all
)
_USED = sum(C.sizeof(kind) for _, kind in _FIELDS) // 4


class Vcpu(Shared):
    """`struct vmm_vcpu` with an ARM's registers (vmm/native/src/monitor_arm.h).

    Of the header: ``kernel`` is any mode but USR, and ``open`` has the request bits of the
    IRQ and the FIQ line while CPSR.I and CPSR.F let them in.
    """

    mode: int
    kernel: int
    translate: int
    found: C.Array[C.c_uint32]
    open: int
    delivered: int
    _fields_ = (
        *native.VCPU_HEADER,
        *_FIELDS,
        ("spare_words", C.c_uint32 * (native.VCPU_WORDS - _USED)),
    )
