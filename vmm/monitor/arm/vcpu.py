# SPDX-License-Identifier: GPL-2.0-or-later
"""An ARM virtual CPU: where each part of its privileged state is.

The registers of the current virtual mode are in the engine's own, which is in
user mode always.  The words of the shared structure, which
vmm/native/src/monitor_arm.c numbers the same, hold the virtual mode and the
banked registers of all modes (DDI 0406C, B1.3.2); SPSRs are here for the
current mode too.  A, I and F of the engine's CPSR are those of the virtual
one: they mask nothing, since interrupts of a virtual CPU are let in by its
``open``.

CP14 and CP15 registers stay in the engine.  In user mode the guest reaches
none of them by itself but those that user mode may have anyway, so what is
there is the virtual CPU's: the engine's own functions, which know reset
values, masks and side effects, are called with virtual privilege.
"""

from __future__ import annotations

from vmm.cpu.arm.registers import BANK, FIQ, MODE_NAMES, USR

MODE = 0
SPSR = 1  # 8, by bank
R13 = 9  # 8
R14 = 17  # 8
USR_HIGH = 25  # r8 to r12 of the other modes while in FIQ mode
FIQ_HIGH = 30  # r8 to r12 of FIQ mode while in another
UNPRIVILEGED = 35  # an LDRT or the like is under way: its faults are those of user mode

BANKS = 8
OPEN_IRQ, OPEN_FIQ = 0x02, 0x10  # request bits of the engine: CPU_INTERRUPT_HARD, _FIQ

MODES = frozenset(mode for mode in BANK if MODE_NAMES[mode] not in ("hyp", "mon"))


def bank(mode: int) -> int:
    """Which of the banks a virtual mode has."""
    return BANK[mode]


__all__ = [
    "BANKS", "FIQ", "FIQ_HIGH", "MODE", "MODES", "OPEN_FIQ", "OPEN_IRQ", "R13", "R14", "SPSR",
    "UNPRIVILEGED", "USR", "USR_HIGH", "bank",
]
