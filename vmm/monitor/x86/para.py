# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypercalls of an x86 guest: `int $0x82` and direct entry (guests/runtime/hypercall.h).

Traps enter the kernel, and it returns from them, in the native layer
(vmm/native/src/para_x86.c), which also keeps the interrupt flag of the shared page
and EFLAGS.IF of the virtual processor the same.  What comes here is rare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmm.cpu.x86.state import FLAG_IF
from vmm.monitor import para
from vmm.monitor.counters import ScanCost
from vmm.monitor.x86.monitor import Monitor
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.para import Hypervisor

CR0_TS = 1 << 3
EAX, ECX, EBX = 0, 1, 3


class Calls:
    """The x86's part of the hypercalls."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        monitor = hypervisor.monitor
        assert isinstance(monitor, Monitor)
        self._hypervisor = hypervisor
        self._monitor = monitor
        self._env = monitor.state.env
        self._words = monitor.engine.words(0, 32)  # a register is two
        self._vcpu = native.vcpu_words(monitor.vcpu)
        self._vcpu[native.PARA_CALLS] = 1
        self.own: dict[int, Callable[[int, int], int | None]] = {
            para.STACK: self._native,
            para.RETURN: self._native,
        }
        monitor.handlers[native.KIND_HYPERCALL] = self._call
        monitor.replace_sensitive(ScanCost())  # the kernel still loads segment registers

    def _call(self, kind: int) -> int:
        """A hypercall that the native layer has not answered; EIP is behind it."""
        words = self._words
        result = self._hypervisor.call(words[2 * EAX], words[2 * EBX], words[2 * ECX])
        if result is not None:
            words[2 * EAX] = result
        return native.HANDLED

    def _native(self, a: int, b: int) -> int:
        raise RuntimeError("the native layer answers this hypercall")

    # -- what the hypervisor asks -------------------------------------------------------

    def traps(self, where: int) -> bool:
        engine = self._monitor.engine
        engine.library.dll.vmm_para_x86_keep_segments(engine.pointer)
        self._vcpu[native.PARA_TRAPS] = where
        return True

    def space(self, root: int, tag: int) -> None:
        self._env.cr3 = root
        self._monitor.memory.context_changed()

    def fpu(self, on: bool) -> None:
        registers = self._monitor.processor.registers
        cr0 = registers["cr0"]
        registers["cr0"] = cr0 & ~CR0_TS if on else cr0 | CR0_TS

    def let_in(self, on: bool) -> None:
        """The flag of the shared page has been written by the monitor."""
        if self._hypervisor.get(para.INTERRUPTS):
            self._env.eflags |= FLAG_IF
        else:
            self._env.eflags &= ~FLAG_IF
