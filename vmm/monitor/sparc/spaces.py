# SPDX-License-Identifier: GPL-2.0-or-later
"""A LEON3's alternate spaces, reached by a guest in virtual supervisor mode.

GRLIB IP Core User's Manual, LEON3, "Address space identifiers", and SPARC
Architecture Manual V8, appendix H, for those of the MMU.  Spaces of memory go
through the guest's own tables with the rights that the space names; the others
are registers.  A space that does not exist is answered as the engine answers
it on a bare machine, by a fault of the MMU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.monitor.memory.base import FETCH, LOAD, STORE
from vmm.monitor.sparc import decode
from vmm.monitor.sparc.decode import Instruction
from vmm.monitor.sparc.processor import CONTEXT_TABLE, CONTROL, FAULT_ADDRESS, FAULT_STATUS

if TYPE_CHECKING:
    from vmm.monitor.sparc.monitor import Monitor

USER_DATA, SUPERVISOR_DATA, USER_CODE, SUPERVISOR_CODE = 0x0A, 0x0B, 0x08, 0x09
BYPASS = (0x1C, 0x20)
CACHE, MMU_FLUSH, MMU = 0x02, (0x03, 0x18), (0x04, 0x19)
# Diagnostic access to tags, data and TLBs: reads as zero, writes change nothing.
DIAGNOSTIC = (0x05, 0x06, 0x07, 0x0C, 0x0D, 0x0E, 0x0F, 0x30, 0x31, 0x32)
READ_ONLY = 0x39  # a data cache diagnostic register
FLUSH = (0x10, 0x11, 0x12, 0x13, 0x14, 0x36, 0x37)  # of caches: writes only

CACHE_CONTROL, CACHE_DATA_CONFIGURATION = 0x00, 0x08
CACHE_DATA_CONFIGURED = 0x18220000
CACHE_ZERO = 1 << 22 | 1 << 21 | 0x1C000  # FD, FI, IB, IP, DP: flush commands and their progress
AGAIN = {0x13: FAULT_STATUS, 0x14: FAULT_ADDRESS}  # under numbers that may be written
CONTEXT_TABLE_BITS, CONTEXT_BITS = 0xFFFFFFFC, 0xFF
INSTRUCTION_ACCESS_EXCEPTION, DATA_ACCESS_ERROR, NOT_ALIGNED = 0x01, 0x29, 0x07

# Fault status of an access that no space answers (appendix H.5): bus error, valid.
UNASSIGNED = 5 << 2 | 2
FAULT_TYPE, OVERWRITE = 7 << 2, 1
STATUS_ASI, STATUS_SUPERVISOR, STATUS_STORE = 1 << 16, 1 << 5, 1 << 7


def access(m: Monitor, i: Instruction) -> None:
    """Do what a load, store or atomic of an alternate space does, but for pc and npc."""
    address = m.get(i.rs1) & 0xFFFFFFFF
    if i.operation != decode.CASA:
        address = address + m.get(i.rs2) & 0xFFFFFFFF
    direct = i.asi in (USER_DATA, SUPERVISOR_DATA) or i.asi in BYPASS
    if not direct and i.operation in (decode.SWAP, decode.CASA):
        m.trap_now(DATA_ACCESS_ERROR)
    if address & i.size - 1:
        m.trap_now(NOT_ALIGNED)
    load, store = (_load_memory, _store_memory) if direct else (_load_register, _store_register)
    match i.operation:
        case decode.LOAD:
            value = load(m, i, address, i.size)
            m.put(i.rd, _extend(value, i.size) if i.signed else value)
        case decode.STORE:
            store(m, i, address, i.size, m.get(i.rd))
        case decode.LOAD_DOUBLE:
            value = load(m, i, address, 8)
            m.put(i.rd & ~1, value >> 32)
            m.put(i.rd | 1, value)
        case decode.STORE_DOUBLE:
            store(m, i, address, 8, m.get(i.rd & ~1) << 32 | m.get(i.rd | 1))
        case decode.LDSTUB:
            value = load(m, i, address, 1)
            store(m, i, address, 1, 0xFF)
            m.put(i.rd, value)
        case decode.SWAP:
            value = load(m, i, address, 4)
            store(m, i, address, 4, m.get(i.rd))
            m.put(i.rd, value)
        case _:  # CASA stores in any case: what was there if it differs
            value = load(m, i, address, 4)
            store(m, i, address, 4, m.get(i.rd) if value == m.get(i.rs2) else value)
            m.put(i.rd, value)


def _extend(value: int, size: int) -> int:
    bits = 8 * size
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


# -- memory ---------------------------------------------------------------------------


def _physical(m: Monitor, i: Instruction, address: int, kind: int) -> int:
    if i.asi in BYPASS:
        return address
    return m.translate(address, kind, user=i.asi == USER_DATA)


def _load_memory(m: Monitor, i: Instruction, address: int, size: int) -> int:
    return m.load(_physical(m, i, address, LOAD), size)


def _store_memory(m: Monitor, i: Instruction, address: int, size: int, value: int) -> None:
    m.store(_physical(m, i, address, STORE), size, value & (1 << 8 * size) - 1)


# -- registers ------------------------------------------------------------------------


def _load_register(m: Monitor, i: Instruction, address: int, size: int) -> int:
    asi = i.asi
    if asi in MMU:
        return _load_mmu(m, address >> 8 & 0x1F)
    if asi in MMU_FLUSH:
        level = address >> 8 & 15
        return m.probe(address, level) if level <= 4 else 0
    if asi == CACHE:
        return _load_cache(m, address, size)
    if asi == SUPERVISOR_CODE:
        physical = m.translate(address, FETCH, user=False)
        return m.load(physical, size, INSTRUCTION_ACCESS_EXCEPTION)
    if asi not in DIAGNOSTIC and asi != READ_ONLY:
        _unassigned(m, address, asi, store=False)
    return 0


def _store_register(m: Monitor, i: Instruction, address: int, size: int, value: int) -> None:
    asi = i.asi
    if asi in MMU:
        _store_mmu(m, address >> 8 & 0x1F, value & 0xFFFFFFFF)
    elif asi in MMU_FLUSH:
        level = address >> 8 & 15
        if level <= 4:
            m.memory.flush(None if level else address & 0xFFFFF000)
    elif asi == CACHE:
        if size == 4 and address == CACHE_CONTROL:
            m.processor.vcpu.cache_control = value & ~CACHE_ZERO
    elif asi not in DIAGNOSTIC and asi not in FLUSH:
        _unassigned(m, address, asi, store=True)


def _load_cache(m: Monitor, address: int, size: int) -> int:
    if size == 4 and address == CACHE_CONTROL:
        return int(m.processor.vcpu.cache_control)
    if size == 4 and address == CACHE_DATA_CONFIGURATION:
        return CACHE_DATA_CONFIGURED
    return 0


def _load_mmu(m: Monitor, register: int) -> int:
    mmu = m.processor.mmu
    if register == CONTROL:
        return int(m.processor.vcpu.mmu_control)
    if register == FAULT_STATUS:  # cleared by reading
        value, mmu[FAULT_STATUS] = int(mmu[FAULT_STATUS]), 0
        return value
    return int(mmu[AGAIN.get(register, register)])


def _store_mmu(m: Monitor, register: int, value: int) -> None:
    mmu = m.processor.mmu
    match register:
        case 0:
            m.processor.put_control(m.processor.vcpu.mmu_control & 0xFF000000 | value & 0xFFFFFF)
        case 1 | 2:
            bits = CONTEXT_TABLE_BITS if register == CONTEXT_TABLE else CONTEXT_BITS
            m.processor.put_mmu(register, value & bits)
        case 3 | 4:
            pass  # read-only
        case 0x13 | 0x14:
            mmu[AGAIN[register]] = value
        case _:
            mmu[register] = value


def _unassigned(m: Monitor, address: int, asi: int, store: bool) -> None:
    """No space answers: a bus error, which traps if the MMU is on."""
    mmu = m.processor.mmu
    before = mmu[FAULT_STATUS] & FAULT_TYPE
    if before == 0 or before > 4 << 2:  # faults of translation stand
        status = STATUS_SUPERVISOR | UNASSIGNED | STATUS_STORE * store
        mmu[FAULT_STATUS] = status | STATUS_ASI if asi else status
        mmu[FAULT_ADDRESS] = address
    if before == mmu[FAULT_STATUS] & FAULT_TYPE:
        mmu[FAULT_STATUS] |= OVERWRITE
    if m.mmu_on and not m.no_fault:
        m.trap_now(DATA_ACCESS_ERROR)
