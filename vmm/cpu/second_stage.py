# SPDX-License-Identifier: GPL-2.0-or-later
"""A second stage behind the guest's translations: rights and places of guest-physical pages."""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable

from vmm.cpu.engine import Engine
from vmm.native import library as native

PAGE_SHIFT, PAGES, PAGE = 12, 1 << 20, 1 << 12


class SecondStage:
    """Asks ``violation`` when a page does not allow an access; at first none allows any.

    ``violation`` gets the physical address and the access (0 load, 1 store, 2 fetch).  It
    grants the right, and the access goes on; or it does not, and the access is refused as
    where nobody answers.  False ends the run before the instruction.
    """

    def __init__(self, engine: Engine, violation: Callable[[int, int], bool]) -> None:
        self._engine = engine
        self._violation = violation
        # What the arrays say, of pages that are not as at first: state of the machine, which a
        # snapshot keeps and puts back (`renew`).
        self.granted: dict[int, int] = {}  # page -> rights
        self.moved: dict[int, int] = {}  # page -> frame, by number
        self._rights = (C.c_uint8 * PAGES)()
        self._frames: C.Array[C.c_uint32] | None = None  # until the first is moved
        self._callback = native.ON_STAGE(self._refused)
        engine.native.on_stage = self._callback
        engine.native.second_stage = C.addressof(self._rights)
        engine.second_stage = self
        engine.flush_tlb()

    def _refused(self, _: object, address: int, access: int) -> int:
        try:
            return int(self._violation(address, access))
        except BaseException as error:
            self._engine.fail(error)
            return 0

    def place(self, address: int) -> int:
        """Where a guest-physical address is in the machine's memory."""
        if self._frames is None:
            return address
        return self._frames[address >> PAGE_SHIFT] << PAGE_SHIFT | address & PAGE - 1

    def move(self, address: int, place: int) -> None:
        """Have a guest-physical page be in the frame at ``place`` from now on."""
        if self._frames is None:
            self._frames = (C.c_uint32 * PAGES)(*range(PAGES))
            self._engine.native.stage_frames = C.addressof(self._frames)
        page, frame = address >> PAGE_SHIFT, place >> PAGE_SHIFT
        self._frames[page] = self.moved[page] = frame

    def get(self, address: int) -> int:
        """Rights of a page: 1 read, 2 write, 4 execute."""
        return int(self._rights[address >> PAGE_SHIFT])

    def set(self, address: int, rights: int) -> None:
        """Change a page's rights; the engine may still have a translation with the old ones."""
        page = address >> PAGE_SHIFT
        self._rights[page] = self.granted[page] = rights

    def renew(self) -> None:
        """`granted` and `moved` have been put back: have the arrays say the same."""
        C.memset(self._rights, 0, PAGES)
        for page, rights in self.granted.items():
            self._rights[page] = rights
        if self._frames is not None:
            self._engine.native.stage_frames = None
            self._frames = None
        for page, frame in self.moved.items():
            self.move(page << PAGE_SHIFT, frame << PAGE_SHIFT)
        self._engine.flush_tlb()
