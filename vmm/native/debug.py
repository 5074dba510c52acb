# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a run stops, and what is told of it.  Mirror of `src/debug.h`."""

from __future__ import annotations

import ctypes as C

WATCH_READ, WATCH_WRITE = 1, 2
SPACE_MEMORY, SPACE_PORTS = range(2)
ACCESSES = 64  # watched accesses of one instruction that are told
TELL_TRANSLATED, TELL_BEGUN, TELL_RETURNS = 1, 2, 4


class Watch(C.Structure):
    """`struct vmm_watch`: a watched range of virtual addresses or of I/O ports."""

    _fields_ = (
        ("address", C.c_uint32),
        ("space", C.c_uint32),
        ("size", C.c_uint64),
        ("kinds", C.c_uint32),
        ("spare", C.c_uint32),
    )


class WatchedAccess(C.Structure):
    """`struct vmm_access`: a watched access that was made."""

    _fields_ = (
        ("space", C.c_uint32),
        ("address", C.c_uint32),
        ("size", C.c_uint32),
        ("kind", C.c_uint32),
        ("pc", C.c_uint64),
        ("value", C.c_uint64),
    )


class Pattern(C.Structure):
    """`struct vmm_pattern`: instructions to leave the guest before."""

    _fields_ = (
        ("mask", C.c_uint32),
        ("value", C.c_uint32),
        ("thumb", C.c_uint32),
        ("spare", C.c_uint32),
    )


class Range(C.Structure):
    """`struct vmm_range`: addresses, both ends included."""

    _fields_ = (("first", C.c_uint32), ("last", C.c_uint32))
