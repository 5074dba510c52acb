# SPDX-License-Identifier: GPL-2.0-or-later
"""Sensitive ARM instructions that concern more than the virtual CPU.

The others are emulated by vmm/native/src/monitor_arm_emulate.c.  Here are
writes of registers that govern translation, which the memory policy must hear
of, and calls of firmware and hypervisor.  Instructions come in their A32
form, with their condition met.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from vmm.cpu.arm import traps
from vmm.monitor.arm.decode import Kind

if TYPE_CHECKING:
    from vmm.monitor.arm.monitor import Monitor

HYPERCALL = 0x5600  # HVC of this number is a call of the monitor's own
TLB = 8  # CRn
BY_ADDRESS = (1, 3)  # opc2 of TLBIMVA and TLBIMVAA, of whatever kind of TLB


class Result(Enum):
    """How the guest goes on."""

    NEXT = 1  # behind the instruction
    ELSEWHERE = 2  # where the registers say


class Undefined(Exception):
    """The instruction is not one in the state that the guest is in."""


Perform = Callable[["Monitor", int], Result]


def _field(code: int, low: int, bits: int) -> int:
    return code >> low & (1 << bits) - 1


# -- system registers ---------------------------------------------------------------------


def system(monitor: Monitor, code: int) -> Result:
    """MCR of a register that governs translation, or of a TLB operation (B3.10, B3.18)."""
    value = monitor.words[_field(code, 12, 4)]
    monitor.system(code, value)
    if _field(code, 16, 4) != TLB:
        monitor.memory.context_changed()
    elif _field(code, 5, 3) in BY_ADDRESS:
        monitor.memory.flush(value & 0xFFFFF000)
    else:
        monitor.memory.flush(None)
    return Result.NEXT


def system_wide(monitor: Monitor, code: int) -> Result:
    """MCRR of TTBR0 or TTBR1."""
    words = monitor.words
    monitor.system(code, words[_field(code, 16, 4)] << 32 | words[_field(code, 12, 4)])
    monitor.memory.context_changed()
    return Result.NEXT


# -- calls ------------------------------------------------------------------------------------


def hvc(monitor: Monitor, code: int) -> Result:
    """A call of the monitor, of firmware, or nothing."""
    number = _field(code, 8, 12) << 4 | code & 15
    if number == HYPERCALL and monitor.hypercall():
        return Result.ELSEWHERE
    if not monitor.firmware(traps.HVC, number, 4):
        raise Undefined
    return Result.ELSEWHERE


def smc(monitor: Monitor, code: int) -> Result:
    """A call of firmware, or nothing."""
    if not monitor.firmware(traps.SMC, code & 15, 4):
        raise Undefined
    return Result.ELSEWHERE


EMULATE: dict[Kind, Perform] = {
    Kind.SYSTEM: system, Kind.SYSTEM_WIDE: system_wide, Kind.HVC: hvc, Kind.SMC: smc,
}
