# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypercalls of an ARM guest: `hvc #0x5600` and direct entry (guests/runtime/hypercall.h).

Traps and interrupts enter the kernel, and it returns from them, in the native
layer (vmm/native/src/para_arm.c), which has the interrupt flag of the shared
page decide what is let in.  What comes here is rare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm.monitor import para
from vmm.monitor.arm.monitor import Monitor
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.para import Hypervisor

LENGTH = 4  # bytes of the instruction
PSR_F, PSR_I = 1 << 6, 1 << 7
FPEXC_EN = 1 << 30


class Calls:
    """The ARM's part of the hypercalls."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        monitor = hypervisor.monitor
        assert isinstance(monitor, Monitor)
        self._hypervisor = hypervisor
        self._monitor = monitor
        self._processor = monitor.processor
        self._words = monitor.words
        self._vcpu = native.vcpu_words(monitor.processor.vcpu)
        self._vcpu[native.PARA_CALLS] = 1
        self.own: dict[int, Callable[[int, int], int | None]] = {
            para.STACK: self._native,
            para.RETURN: self._native,
        }
        monitor.hypercall = self._call

    def _call(self) -> bool:
        """A hypercall that the native layer has not answered."""
        self._monitor.advance(LENGTH)
        words = self._words
        result = self._hypervisor.call(words[12], words[0], words[1])
        if result is not None:
            words[0] = result
        return True

    def _native(self, a: int, b: int) -> int:
        raise RuntimeError("the native layer answers this hypercall")

    # -- what the hypervisor asks -------------------------------------------------------

    def traps(self, where: int) -> bool:
        if where % 4 or not where:
            return False
        self._vcpu[native.PARA_TRAPS] = where
        self._processor.direct = True
        self._processor.put_cpsr(self._processor.get_cpsr() & ~(PSR_I | PSR_F))
        self.let_in(True)
        return True

    def space(self, root: int, tag: int) -> None:
        self._processor.enter_space(root, tag)

    def fpu(self, on: bool) -> None:
        self._processor.registers["fpexc"] = FPEXC_EN if on else 0

    def let_in(self, on: bool) -> None:
        """The flag of the shared page has been written by the monitor."""
        engine = self._monitor.engine
        engine.library.dll.vmm_para_arm_settle(engine.pointer)
