# SPDX-License-Identifier: GPL-2.0-or-later
"""Sensitive ARM instructions that concern more than the virtual CPU.

Everything that needs no more than the virtual CPU is done by
vmm/native/src/monitor_arm_emulate.c.  Of writes of registers that govern
translation it tells, so that the memory policy hears of them (ARM DDI 0406C,
B3.10 and B3.18); calls of firmware and hypervisor are done here.
Instructions come in their A32 form, with their condition met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm.cpu.arm import traps
from vmm.monitor.arm.decode import Kind
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.arm.monitor import Monitor

HYPERCALL = 0x5600  # HVC of this number is a call of the monitor's own
TLB = 8  # CRn
BY_ADDRESS = (1, 3)  # opc2 of TLBIMVA and TLBIMVAA, of whatever kind of TLB
LENGTH = 4  # of HVC and SMC, in A32 and in T32

# The A32 form, and for a write the value -> HANDLED or STOP.
Perform = Callable[["Monitor", int, int], int]


def system(monitor: Monitor, code: int, value: int) -> int:
    """A register that governs translation has been written, or a TLB operation made."""
    if code >> 16 & 15 != TLB:
        monitor.memory.context_changed()
    elif code >> 5 & 7 in BY_ADDRESS:
        monitor.memory.flush(value & 0xFFFFF000)
    else:
        monitor.memory.flush(None)
    return native.HANDLED


def system_wide(monitor: Monitor, code: int, value: int) -> int:
    """TTBR0 or TTBR1 has been written by MCRR."""
    monitor.memory.context_changed()
    return native.HANDLED


def hvc(monitor: Monitor, code: int, value: int) -> int:
    """A call of the monitor, of firmware, or nothing."""
    number = (code >> 8 & 0xFFF) << 4 | code & 15
    if number == HYPERCALL and monitor.hypercall():
        return native.HANDLED
    return monitor.firmware(traps.HVC, number, LENGTH)


def smc(monitor: Monitor, code: int, value: int) -> int:
    """A call of firmware, or nothing."""
    return monitor.firmware(traps.SMC, code & 15, LENGTH)


PERFORM: dict[int, Perform] = {
    Kind.SYSTEM: system, Kind.SYSTEM_WIDE: system_wide, Kind.HVC: hvc, Kind.SMC: smc,
}
