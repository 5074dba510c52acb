# SPDX-License-Identifier: GPL-2.0-or-later
"""What generated code can tell: which instructions began, and each block as it begins.

Both are asked for between runs and drop all translations, so that blocks are
translated anew with (or without) the code that tells.  The run itself stays
the same.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable, Sequence

from vmm.cpu.engine import Engine
from vmm.native import library as native
from vmm.native.library import NativeError

PAGE = 0x1000
ALIGNMENT = {native.SPARC: 4, native.ARM: 2, native.X86: 1}  # bytes between instruction starts

Told = Callable[[int, int], None]  # pc (x86: linear) and length in instructions of a block


def _stopped(engine: Engine) -> None:
    if engine.native.running:
        raise RuntimeError("what is traced can change only while the machine is stopped")


def count_instructions(engine: Engine, on: bool) -> None:
    """Count how often each instruction begins from now on, or stop and forget the counts."""
    _stopped(engine)
    engine.uc.ctl_flush_tb()
    if not engine.library.dll.vmm_set_coverage(engine.pointer, on):
        raise NativeError("no memory for the counters of instructions")


def begun(engine: Engine) -> dict[int, int]:
    """How often each instruction has begun, by its pc, in ascending order.

    The counts of all instructions together are the instructions begun since they are counted.
    """
    alignment = ALIGNMENT[engine.kind]
    slots = PAGE // alignment
    page = C.c_uint32(0)
    found: dict[int, int] = {}
    while counters := engine.library.dll.vmm_coverage_page(engine.pointer, C.byref(page)):
        base = page.value * PAGE
        for slot, count in enumerate(counters[:slots]):
            if count:
                found[base + slot * alignment] = count
        page.value += 1
    return found


def record_returns(engine: Engine, on: bool) -> None:
    """Have returns from traps in the ledger, as records of kind KIND_RETURN.

    Their status is the privilege after the return (0 user, 1 above that); info is 0 where
    the privilege was merely set, and may be what it was.
    """
    _stopped(engine)
    n = engine.native
    n.tell = n.tell | native.TELL_RETURNS if on else n.tell & ~native.TELL_RETURNS
    engine.uc.ctl_flush_tb()


class Blocks:
    """Tells of blocks of code, as the engine happens to cut them, until it is closed.

    ``translated`` hears of each block once it was translated, ``begun`` of each block
    as it begins: the pc is exact then, and so are all registers.  With ``ranges``, only
    of blocks whose pc lies in one of them.
    """

    def __init__(
        self, engine: Engine, translated: Told | None, begun: Told | None,
        ranges: Sequence[range] = (),
    ) -> None:
        _stopped(engine)
        self._engine = engine
        self._translated, self._begun = translated, begun
        self._ranges = (native.Range * len(ranges))(
            *(native.Range(one.start, one.stop - 1) for one in ranges)
        )
        self._callback = native.ON_BLOCK(self._told)
        n = engine.native
        n.on_block = self._callback
        n.ranges, n.range_count = self._ranges, len(ranges)
        n.tell &= native.TELL_RETURNS
        n.tell |= native.TELL_TRANSLATED * (translated is not None)
        n.tell |= native.TELL_BEGUN * (begun is not None)
        engine.uc.ctl_flush_tb()

    def _told(self, _: object, pc: int, length: int, what: int) -> None:
        told = self._begun if what == native.TELL_BEGUN else self._translated
        try:
            if told is not None:
                told(pc, length)
        except BaseException as error:
            self._engine.fail(error)

    def close(self) -> None:
        """Tell no more."""
        _stopped(self._engine)
        self._engine.native.tell &= native.TELL_RETURNS
        self._engine.uc.ctl_flush_tb()
