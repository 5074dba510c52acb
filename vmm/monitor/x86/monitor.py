# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor of an x86 guest.

What the guest raises is its own, and the native layer enters the trap on the
virtual processor at once; only a general protection fault may be a sensitive
instruction that this processor must not execute.  It is decoded here, once for
each encoding, and emulated by the native layer (vmm/native/src/x86_operations.c),
which comes back for what the memory policy must know: writes of control
registers, INVLPG, EFER.

Whenever a method here runs, the engine's register file is the virtual
processor's: so `machine.processor` stays what the board built.
"""

from __future__ import annotations

import ctypes as C
import time
from collections.abc import Callable

from vmm.cpu.virtual import Virtual
from vmm.cpu.x86 import faults
from vmm.cpu.x86.processor import X86Processor
from vmm.cpu.x86.state import CS, FLAG_VM, State
from vmm.machine.machine import Machine
from vmm.monitor import base
from vmm.monitor.code import Opinion
from vmm.monitor.counters import ScanCost
from vmm.monitor.inline import keep_code_pages
from vmm.monitor.memory import nested, strict
from vmm.monitor.memory.base import Fault, MemoryPolicy
from vmm.monitor.x86 import inline
from vmm.monitor.x86.decode import (
    LONGEST,
    NUMBER,
    Instruction,
    Mode,
    decode,
    decode_store,
)
from vmm.monitor.x86.vcpu import at_reset
from vmm.native import library as native

HF_CS32 = 1 << 4
PAGE = 0x1000
INVLPG = NUMBER["invlpg"]
STORES = (NUMBER["store r"], NUMBER["store imm"])
CALL_LENGTH = 2  # of INT n, by which a paravirtual kernel calls


class Monitor(base.Monitor):
    """Runs an x86 guest in user mode."""

    def __init__(self, machine: Machine, technique: base.Technique, memory: MemoryPolicy) -> None:
        processor = machine.processor
        assert isinstance(processor, X86Processor)
        self.processor = processor
        self.vcpu = at_reset()
        self.vcpu.cr3 = processor.registers["cr3"]
        self.vcpu.untold = isinstance(memory, nested.Policy)
        self.virtual = Virtual(machine.engine, self.vcpu)
        super().__init__(machine, self.virtual, technique, memory)
        self.state = State(processor)
        self.virtual.handlers.exit = self.exit
        self.handlers[faults.GP] = self.general_protection
        self.handlers[native.KIND_SITE] = self.translation_changed
        machine.engine.handlers.address_line = memory.context_changed
        machine.engine.handlers.derived = memory.forget
        self._names: dict[int, str] = {}
        self._numbers: dict[tuple[bytes, Mode], int] = {}
        self._made: dict[tuple[Instruction, Mode], int] = {}  # also those that cross pages

    def came_from(self, kind: int) -> int:
        """Address of the instruction that an exit of this kind has come from."""
        behind = CALL_LENGTH if kind == native.KIND_HYPERCALL else 0  # EIP is already there
        return self.machine.linear_pc - behind & 0xFFFFFFFF

    # -- instructions --------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        """How the code at CS:EIP reads."""
        env = self.state.env
        flat = self.state.protected and not env.eflags & FLAG_VM
        return Mode(bool(env.hflags & HF_CS32), flat)

    def code(self, address: int) -> bytes:
        """The bytes of an instruction at a linear address, as far as they are mapped."""
        code = b""
        while len(code) < LONGEST:
            at = address + len(code) & 0xFFFFFFFF
            physical = self.processor.translate(at)
            size = min(LONGEST - len(code), PAGE - at % PAGE)
            part = None if physical is None else self.processor.read_physical(physical, size)
            if part is None:
                break
            code += part
        return code

    def replace_sensitive(
        self, cost: ScanCost, looked_at: Callable[[int], bool] | None = None
    ) -> None:
        """Have the translator ask for each instruction that may be sensitive.

        If all of them are replaced the native layer finds them by itself, but for those that
        go on in another page and stores that were rewritten.
        """

        def number(address: int, code: bytes) -> int:
            if looked_at is not None and not looked_at(address):
                return 0
            started = time.perf_counter_ns()
            found = self._number(address, code)
            cost.looked_at += 1
            cost.replaced += found != 0
            cost.nanoseconds += time.perf_counter_ns() - started
            return found

        self.virtual.handlers.decode = number
        self._cost = cost
        if looked_at is None:
            self.engine.native.decode_once = 1
            self.engine.native.scan = C.addressof(cost)
            keep_code_pages(
                self.engine, inline.TEMPLATES, inline.ASSEMBLERS,
                lambda page: inline.words(self.engine, C.addressof(self.vcpu), page))
            self.virtual.kept.append(
                Opinion(self.engine, inline.CAPSTONE_ARCHITECTURE, inline.CAPSTONE_MODES))
            self.adapt()

    def _number(self, address: int, code: bytes) -> int:
        """By which translated code calls for a sensitive instruction; 0: it is not one.

        ``code`` is what the instruction's page has of it.
        """
        mode = self.mode
        known = self._numbers.get((code, mode))
        if known:
            return known
        found = self._find(address, code, mode)
        if found is None and len(code) < LONGEST:  # it may go on in the next page
            found = self._find(address, self.code(address), mode)
        number = 0
        if found is not None:
            number = self._made.get((found, mode), 0) or self.virtual.add_instruction(
                found.operation, found.length, found.argument, found.immediate,
                found.ends_block)
            self._made[found, mode] = number
            self._names[number] = found.name
        if len(code) == LONGEST:
            self._numbers[code, mode] = number
        return number

    def _find(self, address: int, code: bytes, mode: Mode) -> Instruction | None:
        """A sensitive instruction, or a store whose address, or its hash, is of one to rewrite."""
        found = decode(code, mode)
        if found is None and self.engine.library.dll.vmm_is_rewritten(self.engine.pointer, address):
            found = decode_store(code, mode)
        return found

    # -- exits ---------------------------------------------------------------------

    def general_protection(self, kind: int) -> int:
        """#GP: a sensitive instruction that could not be let run, or the guest's own."""
        env = self.state.env
        number = self._number(env.segs[CS].base + env.eip & 0xFFFFFFFF, self.virtual.code())
        if not number:
            return native.NATIVE
        self.counters.emulated[self._names[number]] += 1
        self.vcpu.trapped = number
        return native.HANDLED

    def translation_changed(self, kind: int) -> int:
        """An instruction has changed what addresses mean."""
        if self.vcpu.operation in STORES:
            return self._store()
        if self.vcpu.operation == INVLPG:
            self.memory.flush(self.vcpu.address)
        else:
            self.memory.context_changed()
        return native.HANDLED

    def _store(self) -> int:
        """A store to a page of tables: make it, and have the policy see what it has changed."""
        memory, vcpu = self.memory, self.vcpu
        assert isinstance(memory, strict.Policy)
        physical = memory.storing(vcpu.address)
        if physical is None:
            return native.NATIVE
        self.engine.library.dll.vmm_x86_store(self.engine.pointer, physical, 4, vcpu.value)
        memory.stored_for_guest(physical)
        return native.HANDLED

    def refuse(self, fault: Fault) -> int:
        """The guest's page fault: CR2 and the error code, unless somebody only asks."""
        if not self.virtual.fill_probe:
            self.state.env.cr2 = fault.address
            self.state.env.error_code = fault.status
        return faults.PF
