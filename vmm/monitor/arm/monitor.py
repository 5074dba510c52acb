# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor of an ARM guest: what the native layer leaves to it.

Most exits never come here: vmm/native/src/monitor_arm.c emulates what needs
no more than the virtual CPU, and enters the guest's exceptions.  What is left
are instructions that concern somebody else: the memory policy, firmware, or
the guest's hypervisor.
"""

from __future__ import annotations

import ctypes as C
from collections import Counter
from collections.abc import Callable

from vmm.cpu.arm import traps
from vmm.cpu.arm.processor import ArmProcessor
from vmm.machine.machine import Machine
from vmm.monitor import base
from vmm.monitor.arm import inline
from vmm.monitor.arm.decode import NAMES
from vmm.monitor.arm.emulate import PERFORM
from vmm.monitor.arm.processor import VirtualProcessor
from vmm.monitor.code import Opinion
from vmm.monitor.counters import ScanCost
from vmm.monitor.inline import keep_code_pages
from vmm.monitor.memory.base import FETCH, Fault, MemoryPolicy
from vmm.native import library as native

UNCATEGORIZED = 0x02000000  # the syndrome of an undefined instruction (DDI 0406C, B3.13.6)


class Monitor(base.Monitor):
    """Runs an ARM guest in user mode."""

    processor: VirtualProcessor

    def __init__(self, machine: Machine, technique: base.Technique, memory: MemoryPolicy) -> None:
        real = machine.processor
        assert isinstance(real, ArmProcessor)
        reason = refusal(real)
        if reason is not None:
            raise base.MonitorError(reason)
        self.processor = machine.processor = VirtualProcessor(real)
        super().__init__(machine, self.processor.virtual, technique, memory)
        self.words = self.engine.words(0, 16)
        self._dll = self.engine.library.dll
        self._exception = self.processor.exception
        self._found = self.processor.vcpu.found
        # A call of the monitor by HVC: whether somebody has answered it, and gone on behind it.
        self.hypercall: Callable[[], bool] = lambda: False
        self.handlers[traps.UNDEFINED] = self.handlers[native.KIND_SITE] = self.sensitive
        self.processor.on_context = memory.context_changed
        self.processor.virtual.handlers.exit = self.exit

    def replace_sensitive(
        self, cost: ScanCost, looked_at: Callable[[int], bool] | None = None
    ) -> None:
        """Have the sensitive instructions of virtual kernel mode replaced as it is translated.

        The native layer looks at each instruction by itself: it costs no time in Python.
        """
        self.processor.vcpu.translate = 1
        if looked_at is None:
            engine, vcpu = self.engine, C.addressof(self.processor.vcpu)
            keep_code_pages(
                engine, inline.TEMPLATES, inline.ASSEMBLERS,
                lambda page: inline.words(engine, vcpu, page))
            self.processor.virtual.kept.append(
                Opinion(engine, inline.CAPSTONE_ARCHITECTURE, inline.CAPSTONE_MODES))
            self.adapt()

    def native_counts(self) -> dict[str, int]:
        """Instructions emulated without an exit, and those that the policy is told of."""
        counts: Counter[str] = Counter()
        for kind, name in NAMES.items():
            counts[name] += self.processor.vcpu.emulated[kind]
        return +counts

    # -- exits ------------------------------------------------------------------------

    def sensitive(self, kind: int) -> int:
        """A sensitive instruction that is not, or not only, the virtual CPU's affair."""
        kind, code, value = self._found
        self.counters.emulated[NAMES[kind]] += 1
        return PERFORM[kind](self, code, value)

    def advance(self, length: int) -> None:
        """Go on behind an instruction."""
        self._dll.vmm_arm_advance(self.engine.pointer, length)

    def undefined_in_guest(self) -> int:
        """The guest takes an undefined instruction exception."""
        self._dll.vmm_arm_raise(self.engine.pointer, traps.UNDEFINED, UNCATEGORIZED, 0, 0)
        return native.HANDLED

    def trap(self, kind: int) -> int:
        """A kind of exception that user mode does not raise: a mistake of ours."""
        raise RuntimeError(f"exception {kind} of a guest in user mode")

    # -- what instructions need -----------------------------------------------------------

    def firmware(self, kind: int, number: int, length: int) -> int:
        """A HVC or SMC is a call of the board's firmware, or undefined if it hears none of these.
        """
        if self.engine.native.psci_conduit != kind:
            return self.undefined_in_guest()
        self.advance(length)
        status = self.processor.registers["cpsr"]
        classes = {traps.HVC: 0x12, traps.SMC: 0x13}
        info = classes[kind] << 26 | 1 << 25 | (number if kind == traps.HVC else 0)
        return self.mechanism.reflect(kind, self.words[15], status, info)

    # -- memory -----------------------------------------------------------------------------

    def refuse(self, fault: Fault) -> int:
        """The guest's tables refuse an access: an abort, with DFSR and DFAR or IFSR and IFAR."""
        self._exception.fsr = fault.status
        self._exception.vaddress = fault.address
        return traps.PREFETCH_ABORT if fault.access == FETCH else traps.DATA_ABORT


def refusal(processor: ArmProcessor) -> str | None:
    """Why a guest for this processor cannot run in user mode of it; None if it can."""
    if processor.security or processor.virtualization:
        return "a guest with Security or Virtualization Extensions is not virtualized"
    if processor.description.page_size < 4096:
        return f"{processor.model} has no ARMv7 architecture: no call-out instruction, tiny pages"
    return None
