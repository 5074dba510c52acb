# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory as it is seen in some state of the registers.

A trap changes modes, segments and translation, so what the trapped
instruction saw is looked up with the registers of before.  Reading through a
view has no side effect: it walks the tables itself and asks no device.
"""

from __future__ import annotations

from typing import cast

from vmm.cpu.arm import walk as arm_walk
from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.sparc import mmu
from vmm.cpu.walk import Access, Registers, Walk
from vmm.cpu.x86 import walk as x86_walk
from vmm.cpu.x86.processor import X86Processor
from vmm.cpu.x86.state import EFER_NXE, FLAG_AC, State
from vmm.machine.machine import Machine

PAGE = 0x1000
CPSR_T = 1 << 5
UNLIMITED = Access(limited=False)


class View:
    """The virtual memory of ``machine`` in the state of ``registers``."""

    def __init__(self, machine: Machine, registers: Registers | None = None) -> None:
        self.machine = machine
        self.processor = machine.processor
        self.architecture = machine.processor.architecture
        self.registers = (
            machine.processor.registers.snapshot() if registers is None else registers
        )
        self._pages: dict[int, int | None] = {}

    def entry(self, address: int, size: int) -> int | None:
        """A number in physical memory, in the processor's byte order."""
        data = self.machine.bus.read_memory(address, size)
        return None if data is None else int.from_bytes(data, self.processor.byteorder)

    def walk(self, address: int, access: Access = UNLIMITED) -> Walk:
        """Translate a virtual (x86: linear) address; no step with translation off."""
        registers = self.registers
        if self.architecture == "arm":
            arm = cast(ArmProcessor, self.processor)
            return arm_walk.walk(arm, self.entry, registers, address, access)
        if self.architecture == "x86":
            env = State(cast(X86Processor, self.processor)).env
            return x86_walk.walk(self.entry, registers, address, access, env.a20_mask,
                                 bool(env.efer & EFER_NXE), bool(registers["eflags"] & FLAG_AC))
        if not registers["mmu.control"] & 1:
            return Walk(address, (), address, PAGE, "rwx/rwx")
        return mmu.walk(
            self.entry, registers["mmu.ctxtbl"], registers["mmu.context"], address, access
        )

    def physical(self, address: int) -> int | None:
        """Physical address, whatever the permissions."""
        page = address & -PAGE & 0xFFFFFFFF
        if page not in self._pages:
            self._pages[page] = self.walk(page).physical
        base = self._pages[page]
        return None if base is None else base | address & PAGE - 1

    def read(self, address: int, size: int) -> bytes | None:
        """Memory at a virtual address; None if some of it is not mapped, or no memory."""
        data = b""
        while size:
            address &= 0xFFFFFFFF
            part = min(size, PAGE - address % PAGE)
            physical = self.physical(address)
            piece = None if physical is None else self.machine.bus.read_memory(physical, part)
            if piece is None:
                return None
            data, address, size = data + piece, address + part, size - part
        return data

    def number(self, address: int, size: int = 4) -> int | None:
        """A number at a virtual address."""
        data = self.read(address, size)
        return None if data is None else int.from_bytes(data, self.processor.byteorder)

    @property
    def pc(self) -> int:
        """Where the next instruction is: on x86 with the base of CS."""
        if self.architecture == "x86":
            return self.registers["cs.base"] + self.registers["eip"] & 0xFFFFFFFF
        return self.registers["pc"]

    @property
    def thumb(self) -> bool:
        """ARM: Thumb state."""
        return self.architecture == "arm" and bool(self.registers["cpsr"] & CPSR_T)

    @property
    def wide_code(self) -> bool:
        """x86: CS.D, 32-bit code."""
        return self.architecture == "x86" and bool(self.registers["cs.flags"] & 1 << 22)
