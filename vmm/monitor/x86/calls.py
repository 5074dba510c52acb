# SPDX-License-Identifier: GPL-2.0-or-later
"""A paravirtual x86 kernel's side of the hypercalls: INT 0x82, number in EAX."""

from __future__ import annotations

from collections.abc import Callable

from vmm.cpu.x86.state import FLAG_IF
from vmm.monitor.base import Monitor as AnyMonitor
from vmm.monitor.x86.monitor import Monitor
from vmm.native import library as native

STACK, RETURN, OPENED = 4, 5, 13
CR0_TS = 1 << 3
EAX, EBX, ECX = 0, 3, 1


class Calls:
    """Registers and control registers of the virtual processor, which are in the engine's now."""

    numbers = frozenset((STACK, RETURN, OPENED))

    def __init__(self, monitor: AnyMonitor, hypercall: Callable[[int], int]) -> None:
        assert isinstance(monitor, Monitor)
        self._monitor = monitor
        self._env = monitor.state.env
        self._words = monitor.engine.words(0, 32)  # each register is two
        self._vcpu = native.vcpu_words(monitor.vcpu)
        self._vcpu[native.PARA_CALLS] = 1
        monitor.handlers[native.KIND_HYPERCALL] = hypercall

    def arguments(self) -> tuple[int, int, int]:
        return self._words[2 * EAX], self._words[2 * EBX], self._words[2 * ECX]

    def answer(self, value: int) -> None:
        self._words[2 * EAX] = value

    def open_interrupts(self) -> None:
        self._env.eflags |= FLAG_IF

    def traps(self, where: int) -> None:
        self._monitor.engine.library.dll.vmm_para_x86_keep_segments(self._monitor.engine.pointer)
        self._vcpu[native.PARA_TRAPS] = where

    def space(self, root: int, tag: int) -> None:
        self._env.cr3 = root

    def fpu(self, opened: bool) -> None:
        registers = self._monitor.processor.registers
        cr0 = registers["cr0"]
        registers["cr0"] = cr0 & ~CR0_TS if opened else cr0 | CR0_TS

    def windows(self) -> None:
        raise NotImplementedError  # there are none
