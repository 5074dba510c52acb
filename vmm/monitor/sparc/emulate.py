# SPDX-License-Identifier: GPL-2.0-or-later
"""Privileged instructions on the virtual LEON3, one function each.

SPARC Architecture Manual V8, appendix B.  Each does what the instruction does
in supervisor mode, pc and npc included; `Trap` says that it traps instead.
Accesses to alternate spaces are in `spaces`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm.cpu.sparc.registers import CWP, FSR, NPC, PC, PSREF, PSRET, PSRPS, TBR, WIM, WINDOWS
from vmm.cpu.sparc.traps import PSR_CWP, PSR_ET, PSR_S
from vmm.monitor.sparc import spaces
from vmm.monitor.sparc.decode import Instruction

if TYPE_CHECKING:
    from vmm.monitor.sparc.monitor import Monitor

Operation = Callable[["Monitor", Instruction], None]

ILLEGAL_INSTRUCTION, FP_DISABLED, WINDOW_UNDERFLOW = 0x02, 0x04, 0x06
NOT_ALIGNED, FP_EXCEPTION = 0x07, 0x08
FTT, FTT_SEQUENCE = 0x1C000, 4 << 14  # FSR: floating-point trap type, and its sequence_error


class Trap(Exception):
    """The instruction traps; nothing of it has happened."""

    def __init__(self, tt: int) -> None:
        super().__init__(tt)
        self.tt = tt


def second(m: Monitor, i: Instruction) -> int:
    """The second operand."""
    return m.get(i.rs2) if i.immediate is None else i.immediate


def _step(m: Monitor) -> None:
    words = m.words
    words[PC] = npc = words[NPC]
    words[NPC] = npc + 4


def _read_psr(m: Monitor, i: Instruction) -> None:
    m.put(i.rd, m.vcpu.psr)
    _step(m)


def _read_wim(m: Monitor, i: Instruction) -> None:
    m.put(i.rd, m.words[WIM])
    _step(m)


def _read_tbr(m: Monitor, i: Instruction) -> None:
    m.put(i.rd, m.words[TBR])
    _step(m)


def _write_psr(m: Monitor, i: Instruction) -> None:
    value = m.get(i.rs1) ^ second(m, i)
    if value & PSR_CWP >= WINDOWS:
        raise Trap(ILLEGAL_INSTRUCTION)
    m.processor.put_psr(value)
    _step(m)
    m.returned(sure=False)


def _write_wim(m: Monitor, i: Instruction) -> None:
    m.words[WIM] = (m.get(i.rs1) ^ second(m, i)) & (1 << WINDOWS) - 1
    _step(m)


def _write_tbr(m: Monitor, i: Instruction) -> None:
    m.words[TBR] = (m.get(i.rs1) ^ second(m, i)) & 0xFFFFFFFF
    _step(m)


def _return_from_trap(m: Monitor, i: Instruction) -> None:
    """RETT, as the engine does it: a window to be restored traps with traps enabled again."""
    words = m.words
    target = m.get(i.rs1) + second(m, i) & 0xFFFFFFFF
    if target & 3:
        raise Trap(NOT_ALIGNED)
    if words[PSRET]:
        raise Trap(ILLEGAL_INSTRUCTION)
    psr = m.vcpu.psr
    window = (words[CWP] + 1) % WINDOWS
    if words[WIM] >> window & 1:
        m.processor.put_psr(psr | PSR_ET)
        raise Trap(WINDOW_UNDERFLOW)
    mode = PSR_S if words[PSRPS] else 0
    words[PC] = words[NPC]
    words[NPC] = target
    m.processor.put_psr(psr & ~(PSR_CWP | PSR_S) | PSR_ET | mode | window)
    m.returned(sure=True)


def _store_queue(m: Monitor, i: Instruction) -> None:
    """STDFQ: a LEON3 has no queue of deferred traps, so there is nothing to store."""
    if not m.words[PSREF]:
        raise Trap(FP_DISABLED)
    m.words[FSR] = m.words[FSR] & ~FTT | FTT_SEQUENCE
    raise Trap(FP_EXCEPTION)


def _alternate(m: Monitor, i: Instruction) -> None:
    spaces.access(m, i)
    _step(m)


OPERATIONS: dict[str, Operation] = {
    "rd %psr": _read_psr, "rd %wim": _read_wim, "rd %tbr": _read_tbr,
    "wr %psr": _write_psr, "wr %wim": _write_wim, "wr %tbr": _write_tbr,
    "rett": _return_from_trap, "std %fq": _store_queue,
}


def operation(i: Instruction) -> Operation:
    """What emulates an instruction of the privileged set."""
    return OPERATIONS.get(i.name, _alternate)
