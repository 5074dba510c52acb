# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual LEON3: what of its state the real processor cannot hold for it.

User mode can neither see nor change PSR, WIM, TBR or the MMU's registers, so
the guest's own values are kept where they belong, in the real registers, and
a window trap, a condition code or a disabled FPU come out right by
themselves.  Two things differ.  PSR.S is 0 in the real processor, whatever
the guest thinks it is.  And the real MMU is always on, because translating is
the monitor's: the control register is the guest's only here.  A cache control
register is here because the real one is the whole machine's.
"""

from __future__ import annotations

import ctypes as C

from vmm.devices.shared import Shared
from vmm.native import library as native

WORDS = ("mmu_control", "cache_control", "translated", "user_window", "instruction", "psr")


class Vcpu(Shared):
    """`struct vmm_vcpu` with a LEON3's registers (vmm/native/src/monitor_sparc.h).

    Of the header: ``kernel`` is PSR.S, ``level`` PSR.PIL, and ``open`` lets interrupts in while
    PSR.ET is set.  ``translated`` and ``user_window`` are no registers: the guest's kernel is
    translated; a paravirtual kernel's windows are those below this one, by number plus one.
    ``instruction`` (0: not at hand) and ``psr`` are those of the privileged instruction that the
    native layer has left for.
    """

    _fields_ = (
        *native.VCPU_HEADER,
        *((name, C.c_uint32) for name in WORDS),
        ("spare_words", C.c_uint32 * (native.VCPU_WORDS - len(WORDS))),
    )
