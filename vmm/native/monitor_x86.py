# SPDX-License-Identifier: GPL-2.0-or-later
"""Sensitive x86 instructions, decoded.  Mirror of `src/monitor_x86.h`."""

from __future__ import annotations

import ctypes as C


class X86Decoded(C.Structure):
    """`struct x86_decoded`: a sensitive instruction."""

    _fields_ = (
        ("operation", C.c_uint32),
        ("length", C.c_uint32),
        ("argument", C.c_uint64),
    )
