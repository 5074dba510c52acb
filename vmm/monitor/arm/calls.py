# SPDX-License-Identifier: GPL-2.0-or-later
"""A paravirtual ARM kernel's side of the hypercalls: HVC #0x5600, number in r12."""

from __future__ import annotations

from collections.abc import Callable

from vmm.monitor.arm.monitor import Monitor
from vmm.monitor.base import Monitor as AnyMonitor
from vmm.native import library as native

STACK, RETURN, FPU, OPENED = 4, 5, 10, 13
CPSR_I = 1 << 7
CONTEXTIDR, TTBR0 = 0xEE0D0F30, 0xEE020F10  # MCR


class Calls:
    """Registers of the virtual processor, and its system registers."""

    numbers = frozenset((STACK, RETURN, FPU, OPENED))

    def __init__(self, monitor: AnyMonitor, hypercall: Callable[[int], int]) -> None:
        assert isinstance(monitor, Monitor)
        self._monitor = monitor
        self._words = monitor.words
        self._vcpu = native.vcpu_words(monitor.processor.vcpu)
        self._vcpu[native.PARA_CALLS] = 1
        monitor.hypercall = lambda: hypercall(native.KIND_HYPERCALL) == native.HANDLED

    def arguments(self) -> tuple[int, int, int]:
        return self._words[12], self._words[0], self._words[1]

    def answer(self, value: int) -> None:
        self._words[0] = value

    def open_interrupts(self) -> None:
        registers = self._monitor.processor.registers
        registers["cpsr"] &= ~CPSR_I

    def traps(self, where: int) -> None:
        self._vcpu[native.PARA_TRAPS] = where

    def space(self, root: int, tag: int) -> None:
        self._monitor.system(CONTEXTIDR, tag)
        self._monitor.system(TTBR0, root)

    def fpu(self, opened: bool) -> None:
        raise NotImplementedError  # the native layer answers

    def windows(self) -> None:
        raise NotImplementedError  # there are none
