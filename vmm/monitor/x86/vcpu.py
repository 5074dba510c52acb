# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual x86 processor's privileged state, as plain data.

Intel SDM volume 3A, chapter 2.  While the guest runs, the register file of the
engine is what the guest runs *with*: privilege level 3, protected mode (VM86
where the guest believes itself in real mode), IF set, IOPL 0, empty descriptor
tables.  What the guest believes instead lies here.  Whenever the monitor or
anybody else looks, the native layer has put it back (``shown``): then the
register file is the virtual processor's own, and this is stale.

`vmm/native/src/monitor_x86.h` is the same structure in C.
"""

from __future__ import annotations

import ctypes as C

from vmm.devices.shared import Shared
from vmm.native import library as native


class Table(Shared):
    """A descriptor-table register with its hidden part (GDTR, IDTR: base and limit only)."""

    _fields_ = (
        ("selector", C.c_uint32), ("spare", C.c_uint32),
        ("base", C.c_uint32), ("base_high", C.c_uint32),
        ("limit", C.c_uint32), ("flags", C.c_uint32),
    )


OWN = (
    ("shown", C.c_uint32),  # the register file is the virtual processor's now
    ("cpl", C.c_uint32),  # current privilege level, 0 to 3
    ("pe", C.c_uint32),  # CR0.PE
    ("eflags", C.c_uint32),  # IF, IOPL, NT and VM
    ("ldtr", Table), ("tr", Table), ("gdtr", Table), ("idtr", Table),
    ("trapped", C.c_uint32),  # the number of the instruction that trapped; 0: none
    ("operation", C.c_uint32),  # being emulated: a number in `decode.OPERATIONS`
    ("address", C.c_uint32),  # of INVLPG, and of a store to a page that is protected
    ("value", C.c_uint32),  # of that store
    ("cr3", C.c_uint32),  # that the monitor was told of last
    ("untold", C.c_uint32),  # nobody needs to know what changes the meaning of addresses
)


class Vcpu(Shared):
    """One virtual processor."""

    _fields_ = (
        *native.VCPU_HEADER, *OWN,
        ("rest", C.c_uint32 * (native.VCPU_WORDS - 4 - 4 * 6 - 6)),
    )


assert C.sizeof(Vcpu) == native.VCPU_SIZE


def at_reset() -> Vcpu:
    """A virtual processor whose state is still in the register file."""
    return Vcpu(kernel=1, view=native.VIEW_KERNEL, hides=1, shown=1)
