# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual processor: its structure, its translations.  Mirror of `src/virtual.h`."""

from __future__ import annotations

import ctypes as C

VIEW_BARE, VIEW_KERNEL, VIEW_USER = range(3)
FILL_ENGINE, FILL_SHADOW, FILL_EXPOSED, FILL_FLAT = range(4)
ENTRY_READ, ENTRY_WRITE, ENTRY_EXECUTE = 1, 2, 4  # of a space's entry, for kernel mode
ENTRY_USER = 3  # the same rights of user mode are this many bits to the left
ENTRY_SECURE = 64
ENTRY_PROTECTED = 128  # the guest may write here; who follows its tables wants to know
ENTRY_FRAME = 0xFFFFFFFFF000
PARA_CALLS, PARA_TRAPS, PARA_STACK, PARA_SEGMENTS = range(96, 100)  # words of a VCPU
OFTEN = 16  # traps of a store to a page table before it is rewritten (rewritten.c)
NOTED = 64  # frames of annotated stores that wait to be followed, at most
THROUGH = 16  # pages that one instruction may store to
VCPU_WORDS = 124

# How every virtual processor's structure begins (`struct vmm_vcpu`): words of 32 bits.
VCPU_HEADER = (
    ("kernel", C.c_uint32),
    ("open", C.c_uint32),
    ("level", C.c_uint32),
    ("view", C.c_uint32),
    ("fill_mode", C.c_uint32),
    ("native", C.c_uint32),
    ("hides", C.c_uint32),
    ("spare", C.c_uint32),
)
VCPU_SIZE = 4 * (8 + VCPU_WORDS)


def vcpu_words(vcpu: C.Structure) -> C.Array[C.c_uint32]:
    """The words of a virtual processor's structure, behind its header."""
    header = VCPU_SIZE - 4 * VCPU_WORDS
    return (C.c_uint32 * VCPU_WORDS).from_buffer(vcpu, header)
