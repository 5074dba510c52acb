# SPDX-License-Identifier: GPL-2.0-or-later
"""What the native shadow tables are told.  Mirror of `src/shadow.h`."""

from __future__ import annotations

import ctypes as C

SHADOW_STRICT, SHADOW_PXN = 1, 2  # features of shadow tables: policy strict; ARM's PXN


class TableSource(C.Structure):
    """`struct vmm_source`: an entry of a guest's tables that a translation is made from."""

    _fields_ = (
        ("address", C.c_uint64),
        ("value", C.c_uint64),
        ("size", C.c_uint32),
        ("spare", C.c_uint32),
    )


class TableUpdate(C.Structure):
    """`struct vmm_table_update`: one entry that a guest asks to be set."""

    _fields_ = (("address", C.c_uint32), ("value", C.c_uint32))
