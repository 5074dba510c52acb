# SPDX-License-Identifier: GPL-2.0-or-later
"""Traps: their kinds, their records, what may be done about them.  Mirror of `src/traps.h`."""

from __future__ import annotations

import ctypes as C

NATIVE, HANDLED, STOP = range(3)  # what a trap's handler wants done

TRAP_KINDS = 768
KIND_SOFTWARE = 256  # x86: INT n is n + 256
KIND_INTERRUPT = 512  # x86: a hardware interrupt is n + 512
KIND_SEMIHOSTING = 16  # ARM: the supervisor call that is the debugger's
KIND_RETURN = 768  # in the ledger, while returns are told
KIND_VIRTUAL_INTERRUPT = 1024  # of exits: a request that the virtual processor lets in
KIND_SITE = 1025  # of exits: a sensitive instruction that the monitor must know of
KIND_TABLE_STORE = 1026  # in profiles: a store to a page table that is followed
KIND_HYPERCALL = 1030  # of exits, x86: a paravirtual kernel calls its monitor
RECENT = 16  # traps that are always remembered


class TrapRecord(C.Structure):
    """`struct vmm_trap_record`: one line of the trap ledger."""

    _fields_ = (
        ("count", C.c_uint64),
        ("kind", C.c_uint32),
        ("pc", C.c_uint32),
        ("status", C.c_uint32),
        ("info", C.c_uint32),
    )
