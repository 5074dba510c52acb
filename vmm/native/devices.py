# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices: registers that are answered natively, and timers.  Mirror of `src/devices.h`."""

from __future__ import annotations

import ctypes as C

HOT, MODELS, CELLS = 64, 8, 16  # the sizes of the native tables
FETCHES_KEPT = 16  # reads of devices that the translation of one block keeps
PORT = 1 << 62  # flag of a hot register's address: an I/O port


class HotRegister(C.Structure):
    """`struct vmm_hot`: a device register that the native layer answers."""

    _fields_ = (("address", C.c_uint64), ("size", C.c_uint32), ("value", C.c_uint32))


class Timer(C.Structure):
    """`struct vmm_timer`: when a device wants to be called back, and its place then."""

    _fields_ = (("cycle", C.c_int64), ("order", C.c_int64))


class Model(C.Structure):
    """`struct vmm_model`: a device that is modelled on the Python device's state."""

    _fields_ = (
        ("base", C.c_uint64),
        ("size", C.c_uint64),
        ("kind", C.c_int32),
        ("width", C.c_uint32),
        ("state", C.c_void_p),
        ("raised", C.c_void_p),
        ("source", C.c_uint32),
        ("irq", C.c_uint32),
        ("pins", C.c_void_p),
        ("processor", C.c_uint32),
        ("spare", C.c_uint32),
        ("timer", C.POINTER(Timer)),
    )


class Cell(C.Structure):
    """`struct vmm_cell`: a register that is a word of its device's state, while ``active``."""

    _fields_ = (
        ("address", C.c_uint64),
        ("size", C.c_uint32),
        ("mask", C.c_uint32),
        ("word", C.c_void_p),
        ("active", C.c_uint32),
        ("spare", C.c_uint32),
    )


class Fetch(C.Structure):
    """`struct vmm_fetch`: code that a device has given."""

    _fields_ = (("address", C.c_uint64), ("value", C.c_uint64), ("size", C.c_uint64))
