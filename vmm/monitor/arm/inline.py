# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM instructions that are emulated inline, on words of the virtual CPU.

CPSR.A, I and F of the engine are the virtual ones (vcpu.py); what lets interrupts in is the
virtual CPU's `open`, so an instruction that changes I or F changes both.  While a request waits,
which one that opens would have to take, the monitor does it.  Loads of system registers that are
no more than a word, and stores of the thread ID registers, are replaced in place.

Not for instructions of IT blocks or with a condition, which call the monitor (DDI 0406C, A8.8.54).
"""

from __future__ import annotations

import capstone
import keystone

from vmm.cpu.engine import Engine
from vmm.monitor.arm.decode import ALWAYS, NAMES, Kind
from vmm.monitor.arm.vcpu import Vcpu
from vmm.monitor.inline import Assembler, Template

A32, T32 = 0, 1
FORMS = (A32, T32)
ASSEMBLERS = {
    A32: Assembler(keystone.KS_ARCH_ARM, keystone.KS_MODE_ARM, "[r12]", ("r1", "r2")),
    T32: Assembler(keystone.KS_ARCH_ARM, keystone.KS_MODE_THUMB, "[r12]", ("r1", "r2")),
}
OPERATION_NAMES = NAMES
CAPSTONE_ARCHITECTURE = capstone.CS_ARCH_ARM
CAPSTONE_MODES = {
    A32: capstone.CS_MODE_ARM | capstone.CS_MODE_V8,
    T32: capstone.CS_MODE_THUMB | capstone.CS_MODE_V8,
}
SCRATCH = ("kept", "kept2", "odd")
PLACE = "[ip]"  # what Capstone writes for a word of the virtual CPU
DAIF = 0x230  # CPUARMState.daif
INTERRUPT_REQUEST = 0x1C  # CPUState
PSR_F, PSR_I, PSR_A, PSR_MODE = 1 << 6, 1 << 7, 1 << 8, 0x1F
REQUESTS = {PSR_I: 2, PSR_F: 0x10, PSR_A: 0}  # bits of `open`
SP, PC = 13, 15
CONDITION = 0xF << 28
SAVED, READS = 1 << 22, 1 << 20  # MRS and MSR of the SPSR; MRC
RD, RT, RM = (12, 4), (12, 4), (0, 4)

MRS = f"""
    str {{scratch}}, @ > kept
    mrs {{{{r}}}}, cpsr
    bic {{{{r}}}}, {{{{r}}}}, #{PSR_MODE}
    ldr {{scratch}}, @ < mode
    orr {{{{r}}}}, {{{{r}}}}, {{scratch}}
    ldr {{scratch}}, @ < kept
"""
CPS = """
    {guard}
    str r0, @ > kept
    ldr r0, @ < daif
    {masks} r0, r0, #{bits}
    str r0, @ > daif
    ldr r0, @ < open
    {opens} r0, r0, #{requests}
    str r0, @ > open
    ldr r0, @ < kept
"""
MSR = f"""
    ? request == 0
    str {{a}}, @ > kept
    ldr {{a}}, @ < mode
    eor {{a}}, {{a}}, {{{{r}}}}
    and {{a}}, {{a}}, #{PSR_MODE}
    str {{a}}, @ > odd
    ldr {{a}}, @ < kept
    ? odd == 0
    str {{a}}, @ > kept
    str {{b}}, @ > kept2
    and {{a}}, {{{{r}}}}, #{PSR_I | PSR_F}
    ldr {{b}}, @ < daif
    bic {{b}}, {{b}}, #{PSR_I | PSR_F}
    orr {{b}}, {{b}}, {{a}}
    str {{b}}, @ > daif
    mvn {{a}}, {{a}}
    lsr {{b}}, {{a}}, #6
    and {{b}}, {{b}}, #{REQUESTS[PSR_I]}
    lsr {{a}}, {{a}}, #2
    and {{a}}, {{a}}, #{REQUESTS[PSR_F]}
    orr {{a}}, {{a}}, {{b}}
    str {{a}}, @ > open
    ldr {{a}}, @ < kept
    ldr {{b}}, @ < kept2
"""


def _cps(bits: int, disable: bool) -> Template:
    requests = sum(request for bit, request in REQUESTS.items() if bits & bit)
    text = CPS.format(
        guard="" if disable else "? request == 0", bits=bits, requests=requests,
        masks="orr" if disable else "bic", opens="bic" if disable else "orr")
    code = 0xF10C0000 if disable else 0xF1080000
    return Template(Kind.CPS, text, FORMS, 0xFFFFFFFF, code | bits)


TEMPLATES = (
    Template(Kind.MRS, MRS.format(scratch="r0"), FORMS, CONDITION | SAVED, ALWAYS, RD,
             excluded=(0, SP, PC)),
    Template(Kind.MRS, MRS.format(scratch="r1"), FORMS, CONDITION | SAVED, ALWAYS, RD,
             excluded=(1, SP, PC)),
    *(_cps(bits, disable) for disable in (True, False)
      for bits in (PSR_I, PSR_F, PSR_I | PSR_F, PSR_A | PSR_I, PSR_A | PSR_I | PSR_F)),
    Template(Kind.MSR, MSR.format(a="r0", b="r1"), FORMS, 0xFFFFFFF0, ALWAYS | 0x0121F000, RM,
             excluded=(0, 1, SP, PC)),
    Template(Kind.MSR, MSR.format(a="r2", b="r3"), FORMS, 0xFFFFFFF0, ALWAYS | 0x0121F000, RM,
             excluded=(2, 3, SP, PC)),
    Template(Kind.SYSTEM, "ldr {r}, @ < site", FORMS, CONDITION | READS, ALWAYS | READS, RT,
             excluded=(SP, PC)),
    Template(Kind.SYSTEM, "str {r}, @ > site", FORMS, CONDITION | READS, ALWAYS, RT,
             excluded=(SP, PC)),
)


def words(engine: Engine, vcpu: int, page: int) -> dict[str, int]:
    """Where the words are, in this process, that templates name; ``vcpu`` and ``page`` are the
    addresses of the virtual processor and of its VCPU page."""
    return (
        {name: page + 4 * index for index, name in enumerate(SCRATCH)}
        | {name: vcpu + getattr(Vcpu, name).offset for name in ("mode", "open")}
        | {"daif": engine.env + DAIF, "request": engine.cpu + INTERRUPT_REQUEST}
    )


def form_name(form: int) -> str:
    """How code reads, in words."""
    return "T32" if form == T32 else "A32"
