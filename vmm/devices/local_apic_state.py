# SPDX-License-Identifier: GPL-2.0-or-later
"""The local APIC's state and the layout of its registers (Intel SDM volume 3A, 10.4 and 10.5)."""

from __future__ import annotations

import ctypes as C

from vmm.devices.device import Register
from vmm.devices.shared import Shared

BASE = 0xFEE00000
BASE_BSP, BASE_ENABLE = 1 << 8, 1 << 11  # of IA32_APIC_BASE
VERSION = 0x14  # integrated APIC
TIMER, THERMAL, PERFORMANCE, LINT0, LINT1, ERROR = range(6)  # entries of the local vector table

ID, VERSION_REGISTER, TPR, APR, PPR, EOI = 0x020, 0x030, 0x080, 0x090, 0x0A0, 0x0B0
LDR, DFR, SVR, ISR, TMR, IRR = 0x0D0, 0x0E0, 0x0F0, 0x100, 0x180, 0x200
ESR, ICR_LOW, ICR_HIGH, LVT = 0x280, 0x300, 0x310, 0x320
INITIAL_COUNT, CURRENT_COUNT, DIVIDE = 0x380, 0x390, 0x3E0

SVR_ENABLE, SVR_BITS, SVR_RESET = 0x100, 0x3FF, 0xFF
DFR_MODEL = 0xF0000000
HIGH_BYTE = 0xFF000000  # ID, LDR and the destination in ICR
VECTOR, DELIVERY_MODE, MASKED = 0xFF, 0x700, 0x10000
LEVEL_TRIGGERED = 0x8000
MODE_FIXED, MODE_LOWEST, MODE_SMI, MODE_NMI, MODE_INIT, MODE_STARTUP, MODE_EXTINT = (
    0, 1, 2, 4, 5, 6, 7
)
PERIODIC = 0x20000  # of the timer's entry
# Which bits of each entry of the local vector table can be written.
LVT_BITS = (0x300FF, 0x107FF, 0x107FF, 0x1A7FF, 0x1A7FF, 0x100FF)
ICR_BITS = 0xCCFFF  # without the delivery status, which is always idle
ICR_LOGICAL, ICR_ASSERT = 0x800, 0x4000
SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS = range(4)
ERROR_SEND_VECTOR, ERROR_RECEIVE_VECTOR, ERROR_REGISTER = 0x20, 0x40, 0x80
FIRST_VECTOR = 16  # lower ones are illegal

# Registers that are words of the state, and of these the ones that are nothing else: which bits
# can be written, and which are always one.
WORDS = {
    ID: "id", TPR: "tpr", LDR: "ldr", DFR: "dfr", SVR: "svr", ESR: "esr", ICR_LOW: "icr",
    ICR_HIGH: "icr_high", INITIAL_COUNT: "initial", DIVIDE: "divide",
}
PLAIN = {
    ID: (HIGH_BYTE, 0), TPR: (0xFF, 0), LDR: (HIGH_BYTE, 0), DFR: (DFR_MODEL, 0x0FFFFFFF),
    ICR_HIGH: (HIGH_BYTE, 0),
}
REGISTERS = (
    Register(ID, "ID"), Register(VERSION_REGISTER, "VERSION", "ro"), Register(TPR, "TPR"),
    Register(APR, "APR", "ro"), Register(PPR, "PPR", "ro"), Register(EOI, "EOI", "wo"),
    Register(LDR, "LDR"), Register(DFR, "DFR"), Register(SVR, "SVR"),
    *(Register(base + 0x10 * n, f"{name}{n}", "ro")
      for base, name in ((ISR, "ISR"), (TMR, "TMR"), (IRR, "IRR")) for n in range(8)),
    Register(ESR, "ESR"), Register(ICR_LOW, "ICR"), Register(ICR_HIGH, "ICR_HIGH"),
    *(Register(LVT + 0x10 * n, f"LVT_{name}") for n, name in enumerate(
        ("TIMER", "THERMAL", "PERFORMANCE", "LINT0", "LINT1", "ERROR"))),
    Register(INITIAL_COUNT, "INITIAL_COUNT"), Register(CURRENT_COUNT, "CURRENT_COUNT", "ro"),
    Register(DIVIDE, "DIVIDE"),
)


class LocalApicState(Shared):
    """One local APIC, `struct vmm_local_apic`.  Sets have a bit for each vector."""

    start: int  # the cycle at which the timer's present count began
    base: int  # IA32_APIC_BASE, low half
    id: int
    tpr: int
    ldr: int
    dfr: int
    svr: int
    esr: int
    errors: int  # what ESR will say when it is written next
    icr: int
    icr_high: int
    initial: int  # count, 0: the timer stands
    divide: int
    pins: int  # the level of LINT0
    output: int  # the processor's INTR
    lvt: C.Array[C.c_uint32]
    isr: C.Array[C.c_uint32]
    tmr: C.Array[C.c_uint32]
    irr: C.Array[C.c_uint32]
    _fields_ = (
        ("start", C.c_int64),
        *((name, C.c_uint32) for name in (
            "base", "id", "tpr", "ldr", "dfr", "svr", "esr", "errors", "icr", "icr_high",
            "initial", "divide", "pins", "output",
        )),
        ("lvt", C.c_uint32 * 6),
        ("isr", C.c_uint32 * 8),
        ("tmr", C.c_uint32 * 8),
        ("irr", C.c_uint32 * 8),
    )


def initial(base: int, pins: int, output: int) -> LocalApicState:
    """The registers after power-up (10.4.7.1)."""
    state = LocalApicState(base=base, pins=pins, output=output, dfr=0xFFFFFFFF, svr=SVR_RESET)
    for entry in range(6):
        state.lvt[entry] = MASKED
    return state


def divisor(divide: int) -> int:
    """Cycles of a timer's tick by the divide configuration register (figure 10-10)."""
    code = divide & 3 | divide >> 1 & 4
    return 1 if code == 7 else 2 << code


def highest(words: C.Array[C.c_uint32]) -> int:
    """The highest vector in a set, or -1."""
    for word in range(7, -1, -1):
        if words[word]:
            return 32 * word + int(words[word]).bit_length() - 1
    return -1


def include(words: C.Array[C.c_uint32], vector: int, present: bool) -> None:
    """Put a vector into a set, or take it out."""
    bit = 1 << (vector & 31)
    words[vector >> 5] = words[vector >> 5] | bit if present else words[vector >> 5] & ~bit


def contains(words: C.Array[C.c_uint32], vector: int) -> bool:
    """Whether a vector is in a set."""
    return bool(words[vector >> 5] >> (vector & 31) & 1)
