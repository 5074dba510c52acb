# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine has found out and the native layer keeps.  Mirror of `src/lookaside.h`."""

from __future__ import annotations

import ctypes as C

PLACES, NEXTS, REGIONS, ARM_KNOWN = 1024, 1024, 64, 64  # the sizes of the native tables
PLACES_OF_PAGES, ENTRIES, MMU_INDEXES, LARGE_PAGES = 512, 1024, 12, 8


class Place(C.Structure):
    """`struct vmm_place`: a return address in generated code and what is left of its block."""

    _fields_ = (("host_pc", C.c_size_t), ("rest", C.c_int64))


class Next(C.Structure):
    """`struct vmm_next`: a block that was found for a state of the register file."""

    _fields_ = (("tb", C.c_size_t), ("code", C.c_size_t), ("state", C.c_uint64 * 3))


class PlaceOfPage(C.Structure):
    """`struct vmm_place_of_page`: what the engine has found out for a page of RAM."""

    _fields_ = (
        ("page", C.c_uint64),
        ("physical", C.c_uint64),
        ("host", C.c_uint64),
        ("offset", C.c_uint64),
        ("attributes", C.c_uint32),
        ("spare", C.c_uint32),
    )


class Entries(C.Structure):
    """`struct vmm_entries`: where translations were put since they were last thrown away."""

    _fields_ = (
        ("count", C.c_uint32), ("large_count", C.c_uint32), ("used", C.c_uint64 * (ENTRIES // 64)),
        ("large", C.c_uint64 * (2 * LARGE_PAGES)),
    )


class Region(C.Structure):
    """`struct vmm_region`: which of the engine's memory regions a page belongs to."""

    _fields_ = (("page", C.c_uint64), ("region", C.c_void_p))
