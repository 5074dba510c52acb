# SPDX-License-Identifier: GPL-2.0-or-later
"""Physical pages: how each answers, which were stored to.  Mirror of `src/pages.h`."""

from __future__ import annotations

PAGE_NONE, PAGE_RAM, PAGE_DEVICE, PAGE_ROM, PAGE_ALIAS = range(5)
PAGE_KIND = 0x0F  # all but the flags
PAGE_BEHIND_LOAD, PAGE_BEHIND_STORE = 0x10, 0x20  # flags: who reaches the RAM behind a page
PAGE_SECURE = 0x40  # flag: only the ARM secure state is answered

# Where in the engine's address space there is more than the guest's:
ALIAS = 1 << 36  # the devices that ROM's stores reach
SPARC_ALIAS, SPARC_ALIAS_SIZE = 0xE0000000, 0x1FEFF000  # the same, and how many bytes there are
HOLE = 1 << 37  # a page that answers for nobody
SPARC_HOLE = SPARC_ALIAS + SPARC_ALIAS_SIZE  # where SPARC's engine has it
BEHIND = 1 << 38  # the RAM behind other pages

DIRTY_BEHIND = 1 << 31  # of a page in the list of those stored to: the RAM behind it
