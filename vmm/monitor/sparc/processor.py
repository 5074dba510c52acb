# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual LEON3 as a processor: the guest's PSR and MMU control, the rest real.

Everything above sees the guest's registers by the same names as on the bare
machine.  Writing PSR switches the virtual mode.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from functools import partial

from vmm.cpu.registers import Register, RegisterFile
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.sparc.registers import MMU, MMU_REGISTERS, PSR_FIELDS
from vmm.cpu.sparc.traps import PSR_S
from vmm.cpu.virtual import Virtual
from vmm.monitor.sparc.vcpu import Vcpu
from vmm.native import library as native

MMU_E, MMU_NF = 1, 2  # MMU control register
CONTROL, CONTEXT_TABLE, CONTEXT, FAULT_STATUS, FAULT_ADDRESS = range(5)


class VirtualProcessor(SparcProcessor):
    """A LEON3 whose supervisor mode is virtual, on the engine of a real one."""

    def __init__(self, real: SparcProcessor) -> None:
        super().__init__(real.model, real.engine)
        self.on_acknowledge = real.on_acknowledge
        self.read_physical = real.read_physical
        self.mmu = self.engine.words(4 * MMU, 32)
        self.on_context: Callable[[], None] = lambda: None  # what translation depends on changed
        self.direct: Callable[[int], None] | None = None  # enters a paravirtual kernel's traps
        function = self.engine.function
        self._get_psr = function("cpu_get_psr_sparc", C.c_uint32, C.c_void_p)
        self._put_psr = self.engine.library.dll.vmm_sparc_put_psr
        psr, control = real.registers["psr"], real.registers["mmu.control"]
        self.vcpu = Vcpu()
        self._vcpu_words = native.vcpu_words(self.vcpu)
        self.virtual = Virtual(self.engine, self.vcpu)
        self.registers = self._register_file(real.registers)
        self.put_psr(psr)
        self.put_control(control)

    def _register_file(self, real: RegisterFile) -> RegisterFile:
        table = dict(real.table)
        table["psr"] = Register("psr", "control", self.get_psr, self.put_psr, fields=PSR_FIELDS)
        for index, (name, fields) in enumerate(MMU_REGISTERS):
            read, write = partial(self.get_mmu, index), partial(self.put_mmu, index)
            table[name] = Register(name, "mmu", read, write, fields=fields)
        return RegisterFile(table.values(), real.aliases)

    @property
    def enters_directly(self) -> bool:
        """Whether the kernel's traps are entered by its hypervisor, not through the table."""
        return self.direct is not None and bool(self._vcpu_words[native.PARA_TRAPS])

    def deliver(self, kind: int) -> None:
        if self.direct is not None and self.enters_directly:
            self.direct(kind)
        else:
            super().deliver(kind)

    # -- the virtual registers ------------------------------------------------------

    def get_psr(self) -> int:
        """The guest's PSR."""
        psr = int(self._get_psr(self.engine.env))
        return psr | PSR_S if self.vcpu.kernel else psr & ~PSR_S

    def put_psr(self, value: int) -> None:
        """Write the guest's PSR: its mode, and which interrupts it lets in, change at once."""
        self._put_psr(self.engine.pointer, value & 0xFFFFFFFF)
        if not self.vcpu.view:
            self.virtual.set_view(native.VIEW_KERNEL if value & PSR_S else native.VIEW_USER)

    def get_mmu(self, index: int) -> int:
        """MMU register ``index``, 0 to 31, of the guest."""
        return int(self.mmu[index] if index else self.vcpu.mmu_control)

    def put_mmu(self, index: int, value: int) -> None:
        """Write MMU register ``index`` as it is, whatever the guest could write of it."""
        if not index:
            self.put_control(value)
            return
        self.mmu[index] = value
        if index <= CONTEXT:
            self.on_context()

    def put_control(self, value: int) -> None:
        """Write the guest's MMU control register.

        The real MMU stays on; it is in no-fault mode only while the guest's is on too.
        """
        self.vcpu.mmu_control = value
        no_fault = value & MMU_NF if value & MMU_E else 0
        self.mmu[CONTROL] = value & ~MMU_NF | no_fault | MMU_E
        self.on_context()
