# SPDX-License-Identifier: GPL-2.0-or-later
"""The native guard of a guest's tables: mirror of table_guard.h, frame_types.h, page_formats.h."""

from __future__ import annotations

import ctypes as C
from typing import Any

from vmm.native.library import CPU_POINTER

TABLES_X86, TABLES_PAE, TABLES_ARM, TABLES_LPAE, TABLES_SPARC = range(5)
FORMAT_PSE, FORMAT_NXE, FORMAT_PXN = 1, 2, 4
ALL_PAGES = (1 << 64) - 1
DEVICE, MEMORY, NOBODY = 0, 1, -1  # what `Calls.read` answers

READ = C.CFUNCTYPE(C.c_int32, C.c_uint64, C.c_uint32, C.POINTER(C.c_uint8))
WRITE = C.CFUNCTYPE(C.c_int32, C.c_uint64, C.c_uint32, C.c_uint64)
ON_TABLE = C.CFUNCTYPE(None, C.c_uint32, C.c_int32)
ON_FLUSH = C.CFUNCTYPE(None, C.c_uint64)


class Calls(C.Structure):
    """`struct vmm_types_calls`."""

    _fields_ = (("read", READ), ("write", WRITE), ("on_table", ON_TABLE), ("on_flush", ON_FLUSH))


class Format(C.Structure):
    """`struct vmm_format`: which entries the guest's tables have."""

    _fields_ = (
        ("kind", C.c_uint32), ("flags", C.c_uint32), ("entry_size", C.c_uint32),
        ("big_endian", C.c_uint32), ("mask", C.c_uint64),
    )


class Root(C.Structure):
    """`struct vmm_root`."""

    _fields_ = (("base", C.c_uint64), ("level", C.c_uint32), ("size", C.c_uint32),
                ("begins", C.c_uint64))


class Entry(C.Structure):
    """`struct vmm_guard_entry`."""

    _fields_ = (("address", C.c_uint64), ("value", C.c_uint64))


class Part(C.Structure):
    """`struct vmm_part`."""

    _fields_ = (
        ("address", C.c_uint64), ("span", C.c_uint64), ("level", C.c_uint32), ("size", C.c_uint32),
        ("writable", C.c_bool),
    )


def functions(dll: Any) -> Any:
    """The library, whose functions of the guard are typed now."""
    guard = C.c_void_p
    for name, result, arguments in (
        ("new", guard, (CPU_POINTER, C.POINTER(Calls), C.c_void_p, C.c_uint64, C.c_uint64)),
        ("free", None, (guard,)),
        ("set_memory", None, (guard, C.c_uint64, C.c_uint64, C.c_void_p, C.c_uint32)),
        ("begin", None, (guard, C.POINTER(Format))),
        ("refusal", C.c_char_p, (guard,)),
        ("refused", C.c_bool, (guard,)),
        ("generation", C.c_uint64, (guard,)),
        ("enter", C.c_bool, (guard, C.POINTER(Root), C.c_uint32)),
        ("release", None, (guard, C.c_uint64)),
        ("type_of", C.c_uint32, (guard, C.c_uint32)),
        ("look", C.c_bool, (guard, C.c_uint64, C.c_uint32)),
        ("update", C.c_uint32, (guard, C.POINTER(Entry), C.c_uint32)),
    ):
        function = getattr(dll, f"vmm_guard_{name}")
        function.restype, function.argtypes = result, arguments
    dll.vmm_part_of.restype = Part
    dll.vmm_part_of.argtypes = (C.POINTER(Format), C.c_uint32, C.c_uint64)
    dll.vmm_level_shift.restype = C.c_uint
    dll.vmm_level_shift.argtypes = (C.POINTER(Format), C.c_uint32)
    return dll
