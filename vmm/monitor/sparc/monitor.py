# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor of a LEON3 guest: what each exit is, and the guest's own traps.

A privileged instruction in virtual supervisor mode is emulated; every other
trap is the guest's, with the fault status that its own mode would have had.
With traps disabled a trap is error mode, as on the real processor.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from typing import NoReturn

from vmm.cpu.sparc import mmu
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.sparc.registers import (
    CWP,
    INTERRUPT_INDEX,
    NPC,
    PC,
    PSRET,
    REGBASE,
    WINDOWS,
)
from vmm.cpu.virtual import Space
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.monitor import base
from vmm.monitor.counters import ScanCost
from vmm.monitor.inline import keep_code_pages
from vmm.monitor.memory import native as native_shadow
from vmm.monitor.memory.base import FETCH, STORE, Fault, MemoryPolicy
from vmm.monitor.memory.physical import PhysicalMemory
from vmm.monitor.memory.sparc import SparcTables
from vmm.monitor.sparc.decode import Instruction, decode
from vmm.monitor.sparc.emulate import Operation, Trap, operation
from vmm.monitor.sparc.processor import (
    FAULT_ADDRESS,
    FAULT_STATUS,
    MMU_E,
    MMU_NF,
    VirtualProcessor,
)
from vmm.native import library as native

PRIVILEGED_INSTRUCTION = 0x03
INSTRUCTION_ACCESS, DATA_ACCESS, DATA_STORE = 0x01, 0x09, 0x2B
STATUS = 0x1FFF  # of PSR, in the ledger: EF, PIL, S, PS, ET, CWP
OVERWRITE = 1  # FSR.OW
RIGHTS = 7 | 7 << native.ENTRY_USER  # of a space's entry: everything, in both modes
PAGE = 0x1000


class Monitor(base.Monitor):
    """Runs a LEON3 guest in user mode."""

    processor: VirtualProcessor

    def __init__(self, machine: Machine, technique: base.Technique, memory: MemoryPolicy) -> None:
        real = machine.processor
        assert isinstance(real, SparcProcessor)
        self.processor = machine.processor = VirtualProcessor(real)
        self.virtual = self.processor.virtual
        self.vcpu = self.processor.vcpu
        super().__init__(machine, self.virtual, technique, memory)
        self.words = self.engine.words(0, REGBASE + 16 * WINDOWS + 8)
        self.physical = PhysicalMemory(machine.bus)
        self.tables = SparcTables(self.physical)
        self._probe = self.engine.function(
            "mmu_probe_sparc", C.c_uint32, C.c_void_p, C.c_uint32, C.c_int)
        self._native = self.engine.native
        self._take = self.engine.library.dll.vmm_sparc_take
        self._returned = self.engine.library.dll.vmm_returned
        self._operations: dict[int, tuple[Operation, Instruction]] = {}  # by instruction word
        self.handlers[PRIVILEGED_INSTRUCTION] = self.privileged
        self.handlers[native.KIND_VIRTUAL_INTERRUPT] = self.interrupt
        self.virtual.handlers.exit = self.exit
        self.processor.on_context = self.context_changed
        self._made_up: list[tuple[Space, int]] = []  # translations, in no-fault mode

    def replace_sensitive(
        self, cost: ScanCost, looked_at: Callable[[int], bool] | None = None
    ) -> None:
        """Have the guest's kernel translated for its virtual processor (monitor_sparc.c).

        The engine's own translator does it as it meets the instructions: nothing is scanned
        in Python, and there are no templates (sparc_sites.c).
        """
        self.processor.vcpu.translated = 1
        if looked_at is None:
            keep_code_pages(self.engine, (), {}, lambda page: {})
            self.adapt()

    # -- registers ------------------------------------------------------------------

    def get(self, register: int) -> int:
        """Register r0 to r31 of the current window."""
        words = self.words
        if register < 8:
            return int(words[register])
        return int(words[REGBASE + 16 * words[CWP] + register - 8])

    def put(self, register: int, value: int) -> None:
        """Write a register of the current window; r0 stays zero."""
        words = self.words
        if register >= 8:
            words[REGBASE + 16 * words[CWP] + register - 8] = value & 0xFFFFFFFF
        elif register:
            words[register] = value & 0xFFFFFFFF

    @property
    def mmu_on(self) -> bool:
        """Whether the guest's MMU translates."""
        return bool(self.processor.vcpu.mmu_control & MMU_E)

    @property
    def no_fault(self) -> bool:
        """Whether the guest's MMU swallows faults instead of trapping (appendix H.6.1)."""
        return int(self.processor.vcpu.mmu_control) & (MMU_E | MMU_NF) == MMU_E | MMU_NF

    # -- exits ------------------------------------------------------------------------

    def privileged(self, kind: int) -> int:
        """A privileged instruction: the guest's mistake in user mode, ours to do in kernel mode."""
        vcpu = self.vcpu
        if not vcpu.kernel:
            return self.trap(kind)
        word = vcpu.instruction or self._fetch()
        known = self._operations.get(word)
        if known is None:
            instruction = decode(word)
            if instruction is None:
                return self._give_up(word)
            known = self._operations[word] = operation(instruction), instruction
        perform, instruction = known
        self.counters.emulated[instruction.name] += 1
        try:
            perform(self, instruction)
        except Trap as trap:
            return self.trap(trap.tt)
        return native.HANDLED

    def _fetch(self) -> int:
        """The instruction at pc, where no translation of it is at hand any more."""
        pc = self.words[PC]
        physical = self.memory.physical(pc) if self.mmu_on else pc
        return (None if physical is None else self.physical.load(physical, 4)) or 0

    def _give_up(self, word: int) -> int:
        self.machine.stop(Outcome.failure(
            f"the monitor cannot emulate {word:#010x} at {self.words[PC]:#x}"))
        return native.STOP

    def trap(self, kind: int) -> int:
        """The guest takes a trap, told and entered as on the bare machine (error mode: ET is 0)."""
        words = self.words
        if words[PSRET] and self.processor.enters_directly:
            status = self.processor.get_psr() & STATUS
            return self.reflect(kind, words[PC], status, words[NPC])
        if words[PSRET]:
            self.counters.reflected[kind] += 1
        self._take(self.engine.pointer, kind)
        return native.HANDLED

    def returned(self, sure: bool) -> None:
        """Tell who traces that a trap has returned, or (not ``sure``) may have."""
        if self._native.tell & native.TELL_RETURNS:
            self._returned(self.engine.pointer, sure)

    def trap_now(self, tt: int) -> NoReturn:
        """The instruction that is being emulated traps."""
        raise Trap(tt)

    def interrupt(self, kind: int) -> int:
        """An interrupt level above PIL, with traps enabled."""
        return self.trap(self.words[INTERRUPT_INDEX])

    # -- memory -----------------------------------------------------------------------

    def refuse(self, fault: Fault) -> int:
        """The guest's MMU refuses an access: its status, and the exception to raise.

        In no-fault mode that is none (0): the access goes elsewhere.  With traps disabled the
        engine takes no fault of translation either; the access goes nowhere, which is a bus
        error (vmm/native/src/sparc.c).
        """
        registers = self.processor.mmu
        overwrite = OVERWRITE if registers[FAULT_STATUS] else 0
        registers[FAULT_STATUS] = fault.status | overwrite
        registers[FAULT_ADDRESS] = fault.address & -PAGE
        if self.no_fault:
            self._override(fault)
            return 0
        if fault.access == FETCH:
            return INSTRUCTION_ACCESS
        if fault.access == STORE and not self.words[PSRET]:
            return DATA_STORE
        return DATA_ACCESS

    def _override(self, fault: Fault) -> None:
        """Make up a translation until no-fault mode ends, unless the engine walks itself."""
        space = self.virtual.space
        if space is None:
            return
        page = fault.address & -PAGE
        entry = self._elsewhere(page, fault.access, fault.user) | RIGHTS
        if isinstance(self.memory, native_shadow.Policy):
            self.memory.make_up(page, entry)
            return
        space.put(page, entry)
        self._made_up.append((space, page))

    def _elsewhere(self, page: int, access: int, user: bool) -> int:
        """Where no-fault mode sends refused accesses: the user's to the page if it exists,
        whose entry is marked as by one that is allowed."""
        if user:
            registers = self.processor.registers
            walk = mmu.walk(self._entry, registers["mmu.ctxtbl"], registers["mmu.context"], page)
            if walk.physical is not None:
                self.tables.mark(walk, access)
                return walk.physical
        return native.HOLE

    def _entry(self, address: int, size: int) -> int | None:
        return self.physical.load(address, size)

    def context_changed(self) -> None:
        """What translation depends on was written; made-up translations end with it."""
        for space, page in self._made_up:
            space.put(page, 0)
        self._made_up.clear()
        self.memory.context_changed()

    def translate(self, address: int, access: int, user: bool) -> int:
        """The physical address for an access that is being emulated, which may trap."""
        if not self.mmu_on:
            return address
        self.tables.load_context(self.processor.registers)
        found = self.tables.find(address, access, user)
        if found.fault is not None:
            number = self.refuse(found.fault)
            if not self.no_fault:
                self.trap_now(number)
            return self._elsewhere(address & -PAGE, access, user) | address & PAGE - 1
        return found.frame | address & PAGE - 1

    def probe(self, address: int, level: int) -> int:
        """The entry that an MMU probe finds (appendix H.4)."""
        return int(self._probe(self.engine.env, address, level))

    def load(self, address: int, size: int, unanswered: int = DATA_ACCESS) -> int:
        """A load from physical memory or from a device; the trap, or 0, if nobody answers."""
        bus = self.machine.bus
        data = bus.read_memory(address, size)
        if data is not None:
            return int.from_bytes(data, "big")
        if not self._answered(address, unanswered):
            return 0  # as from the processor's own loads
        if size == 8:  # two accesses, the high word first
            return bus.read(address, 4) << 32 | bus.read(address + 4, 4)
        return bus.read(address, size)

    def store(self, address: int, size: int, value: int) -> None:
        """A store to physical memory or to a device."""
        bus = self.machine.bus
        if bus.write_ram(address, value.to_bytes(size, "big")):
            return  # the memory policy has been told
        if not self._answered(address, DATA_STORE):
            return
        if size == 8:
            bus.write(address, 4, value >> 32)
            bus.write(address + 4, 4, value & 0xFFFFFFFF)
        else:
            bus.write(address, size, value)

    def _answered(self, address: int, trap: int) -> bool:
        """Whether a device answers; if not it is a bus error, unless the MMU swallows faults."""
        answered = self.engine.answers(address)
        if not answered and not self.no_fault:
            self.trap_now(trap)
        return answered
