# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypercalls of an ARM guest: `hvc #0x5600` and direct entry (guests/runtime/hypercall.h)."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from vmm.cpu.arm import traps
from vmm.cpu.arm.registers import SVC, USR
from vmm.monitor import para
from vmm.monitor.arm.monitor import Monitor
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.para import Hypervisor

LENGTH = 4  # bytes of the instruction
REQUESTS = 0x02 | 0x10  # of the engine: IRQ, FIQ
IRQ = 5  # the exception's number
VECTORS = {traps.PREFETCH_ABORT: 3, traps.DATA_ABORT: 4, IRQ: 6, 6: 7, 7: 3}  # others are equal
MODE, PSR_T, PSR_F, PSR_I, PSR_E = 0x1F, 1 << 5, 1 << 6, 1 << 7, 1 << 9
PSR_IT = 0x0600FC00
FPEXC_EN = 1 << 30
FRAME = Struct("<5I")  # vector or r12, sp, lr, pc, CPSR


class Calls:
    """The ARM's part of the hypercalls."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        monitor = hypervisor.monitor
        assert isinstance(monitor, Monitor)
        self._hypervisor = hypervisor
        self._monitor = monitor
        self._processor = monitor.processor
        self._vcpu = monitor.processor.vcpu
        self._words = monitor.words
        self._entry = self._stack = 0
        self.own: dict[int, Callable[[int, int], int | None]] = {
            para.STACK: self._set_stack,
            para.RETURN: lambda a, b: self._return(),
        }
        monitor.hypercall = self._call
        monitor.handlers[native.KIND_DIRECT] = self._direct
        monitor.handlers[native.KIND_VIRTUAL_INTERRUPT] = self._interrupted

    # -- exits ------------------------------------------------------------------------

    def _call(self) -> bool:
        self._monitor.advance(LENGTH)
        words = self._words
        result = self._hypervisor.call(words[12], words[0], words[1])
        if result is not None:
            words[0] = result
        self._hypervisor.settle()
        return True

    def _direct(self, kind: int) -> int:
        self.enter(self._vcpu.direct_trap)
        return native.HANDLED

    def _interrupted(self, kind: int) -> int:
        if self._hypervisor.holds():
            return native.HANDLED
        return self._monitor.reflect(IRQ, self._words[15], self._processor.get_cpsr(), 0)

    def enter(self, kind: int) -> None:
        """Direct entry of a trap."""
        words, hypervisor = self._words, self._hypervisor
        psr = self._processor.get_cpsr()
        was_open = hypervisor.close()
        sp = (words[13] if self._vcpu.kernel else self._stack) - FRAME.size & 0xFFFFFFFF
        seen = psr & ~PSR_I if was_open else psr | PSR_I
        frame = FRAME.pack(VECTORS.get(kind, kind), words[13], words[14], words[15], seen)
        self._processor.put_cpsr(psr & ~(MODE | PSR_T | PSR_IT | PSR_E) | SVC)
        words[13], words[15] = sp, self._entry
        hypervisor.write(sp, frame)
        if kind in (traps.PREFETCH_ABORT, traps.DATA_ABORT):
            fault = self._processor.exception
            hypervisor.put(para.FAULT_STATUS, fault.fsr)
            hypervisor.put(para.FAULT_ADDRESS, fault.vaddress & 0xFFFFFFFF)
        hypervisor.settle()

    # -- what the hypervisor asks -------------------------------------------------------

    def traps(self, where: int) -> bool:
        if where % 4:
            return False
        self._entry = where
        self._vcpu.direct = 1
        self._processor.direct = self.enter
        self._processor.put_cpsr(self._processor.get_cpsr() & ~(PSR_I | PSR_F))
        return True

    def space(self, root: int, tag: int) -> None:
        registers = self._processor.registers
        registers["contextidr"] = tag
        registers["ttbr0"] = root

    def fpu(self, on: bool) -> None:
        self._processor.registers["fpexc"] = FPEXC_EN if on else 0

    def let_in(self, on: bool) -> None:
        self._vcpu.open = REQUESTS if on else 0

    def _set_stack(self, top: int, b: int) -> int:
        self._stack = top & -4
        return para.DONE

    def _return(self) -> None:
        """To user mode, or to the kernel that an interrupt was taken from."""
        words = self._words
        r12, sp, lr, pc, psr = FRAME.unpack(self._hypervisor.read(words[13], FRAME.size))
        mode = USR if psr & MODE == USR else SVC
        self._processor.put_cpsr(psr & ~(MODE | PSR_I | PSR_F) | mode)
        words[12], words[13], words[14] = r12, sp, lr
        words[15] = pc & (-2 if psr & PSR_T else -4)
        self._hypervisor.open(not psr & PSR_I)
