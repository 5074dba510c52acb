# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaving the guest before instructions of chosen kinds, whether or not they trap.

The engine's translator compares each instruction with a list of patterns; where
one fits, the handler is called before the instruction begins, with pc (and npc)
and all state exact.  The run itself stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vmm.cpu.engine import Engine
from vmm.native import library as native
from vmm.native.library import NativeError


@dataclass(frozen=True, slots=True)
class Pattern:
    """Instructions whose first 32 bits have ``value`` where ``mask`` has ones.

    SPARC and ARM: the instruction word.  Thumb: the first halfword is the low half; a mask
    of 16 bits is one of 16-bit instructions.  x86: the opcode's first byte is the lowest,
    prefixes do not count, and a mask must not ask for a byte that an instruction with the
    bytes below may not have.
    """

    mask: int
    value: int
    thumb: bool = False


class InstructionIntercepts:
    """Calls ``handler`` with the index of the pattern before each instruction that one fits.

    The handler answers NATIVE: the instruction runs; HANDLED: it has been done, pc included,
    and counts; STOP: the run ends, and goes on with the instruction itself.  Until `close`.
    Only made and closed between runs: all translations are dropped.
    """

    def __init__(
        self, engine: Engine, patterns: Sequence[Pattern], handler: Callable[[int], int]
    ) -> None:
        self._engine = engine
        self._handler = handler
        self._callback = native.ON_INSTRUCTION(self._met)
        self._patterns = (native.Pattern * len(patterns))(
            *(native.Pattern(one.mask, one.value & one.mask, one.thumb) for one in patterns)
        )
        engine.native.on_instruction = self._callback
        self._set(len(patterns))

    def _set(self, count: int) -> None:
        if self._engine.native.running:
            raise RuntimeError("intercepts can change only while the machine is stopped")
        dll, pointer = self._engine.library.dll, self._engine.pointer
        if not dll.vmm_set_patterns(pointer, self._patterns, count):
            raise NativeError("no memory for instruction intercepts")
        self._engine.uc.ctl_flush_tb()

    def _met(self, _: object, pattern: int) -> int:
        try:
            return self._handler(pattern)
        except BaseException as error:
            self._engine.fail(error)
            return native.STOP

    def close(self) -> None:
        """Intercept no more."""
        self._set(0)
