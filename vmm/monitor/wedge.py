# SPDX-License-Identifier: GPL-2.0-or-later
"""The wedge: pages of the guest's own that a monitor may put code and a VCPU page into.

After LeVasseur et al., Pre-virtualization (2005).  The guest's linker script
leaves the pages (section ``.wedge``, symbols ``wedge_start`` and ``wedge_end``)
and the guest maps them for its kernel alone.  The last page is the VCPU page,
laid out as `guests/runtime/hypercall.h` has the shared page, with a few words
behind; the others take the code that patched sites go to.

What is in the pages is the guest's to spoil: the monitor reads back only the
interrupt flag, which the guest may set as it likes anyway.
"""

from __future__ import annotations

from vmm.machine.machine import Machine
from vmm.monitor.base import MonitorError

PAGE = 0x1000
# Words of the VCPU page.  INTERRUPTS: 1 open, 0 closed; PENDING: one waits for it to be opened.
INTERRUPTS, PENDING, FAULT_ADDRESS, FAULT_STATUS = 0, 4, 8, 12
FLAGS = 0x40  # x86: IOPL and NT
CONTROL = 0x44  # x86: CR0, CR2, CR3, CR4


def share_page(machine: Machine, address: int | None) -> bool:
    """Have the native layer keep the page at a physical address as VCPU page; False: no memory.

    None: it shall keep none.
    """
    engine = machine.engine
    host = None
    if address is not None:
        memory = machine.bus.memory_at(address, PAGE)
        if memory is None or memory.rom:
            return False
        host = memory.frames.address + memory.offset + address - memory.base
    engine.library.dll.vmm_set_vcpu_page(engine.pointer, host, address or 0)
    return True


class Wedge:
    """Room for code in the guest's wedge.  Addresses are the guest's virtual ones."""

    def __init__(self, machine: Machine, displacement: int = 0) -> None:
        """``displacement``: what added to an address of the wedge makes the physical one."""
        start, end = machine.symbols.find("wedge_start"), machine.symbols.find("wedge_end")
        if start is None or end is None:
            raise MonitorError("the guest has no wedge (symbols wedge_start and wedge_end)")
        if start.address % PAGE or end.address % PAGE or end.address - start.address < 2 * PAGE:
            raise MonitorError(
                f"the guest's wedge from {start.address:#x} to {end.address:#x} is not made of "
                f"two pages or more")
        self._bus = machine.bus
        self._displacement = displacement
        self.start, self.end = start.address, end.address
        self.vcpu_page = self.end - PAGE
        self._next = self.start
        size = self.end - self.start
        if self._bus.read_memory(self.start + displacement, size) is None:
            raise MonitorError(f"the guest's wedge at {self.start:#x} is not in memory")

    @property
    def next(self) -> int:
        """Where the next code goes."""
        return self._next

    @property
    def used(self) -> int:
        """Bytes of code."""
        return self._next - self.start

    def fits(self, size: int) -> bool:
        """Whether there is room for so many bytes of code."""
        return self._next + size <= self.vcpu_page

    def add(self, code: bytes) -> int:
        """Put code in, which must fit; its address."""
        address = self._next
        if not self.fits(len(code)):
            raise ValueError(f"{len(code)} bytes do not fit into the wedge")
        self.write(address, code)
        self._next += len(code) + 3 & -4
        return address

    def share_vcpu_page(self, machine: Machine) -> None:
        """Have the native layer keep the VCPU page."""
        if not share_page(machine, self.vcpu_page + self._displacement):
            raise MonitorError(f"the guest's VCPU page at {self.vcpu_page:#x} is not in memory")

    def write(self, address: int, data: bytes) -> None:
        """Write to the guest's memory at a virtual address that lies as the wedge does."""
        self._bus.write_memory(address + self._displacement, data)
