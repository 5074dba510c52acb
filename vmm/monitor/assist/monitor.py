# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor of an assisted guest: exits to one handler, and back.

The guest runs in the processor's own modes, so nothing is emulated.  What its
control block intercepts comes here: traps through the machine's intercepts,
instructions through the translator's patterns, halts and accesses to devices
on their way to the board.  With every control on, the guest still sees exactly
what it sees on the bare machine.
"""

from __future__ import annotations

import ctypes as C
import time
from functools import partial

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.arm.registers import EXCEPTION
from vmm.cpu.intercept import InstructionIntercepts, Pattern
from vmm.cpu.virtual import Virtual
from vmm.cpu.x86.registers import ERROR_CODE
from vmm.devices.shared import Shared
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.monitor import base
from vmm.monitor.assist.classes import CLASSES
from vmm.monitor.assist.control_block import (
    Action,
    ControlBlock,
    Controls,
    Event,
    Exit,
    ExitHandler,
    Reason,
)
from vmm.monitor.memory.base import Fault, MemoryPolicy
from vmm.native import library as native

# Exits that are no traps, as `Counters.exits` numbers them
INSTRUCTION, HALT, PORT, DEVICE, SECOND_STAGE = range(2048, 2053)
CALLS = {"sparc": 0xF0, "arm": 11, "x86": native.KIND_SOFTWARE + 0x82}
INTERRUPTS = {"sparc": range(0x11, 0x20), "arm": (5, 6, 14, 15),
              "x86": range(native.KIND_INTERRUPT, native.KIND_INTERRUPT + 256)}
KERNEL_LEVEL = 1  # ARM: the exception level of the guest's kernel
FAULT_ADDRESS = {"sparc": "mmu.far", "x86": "cr2"}


class Vcpu(Shared):
    """`struct vmm_vcpu` of a guest that has the real registers."""

    _fields_ = (*native.VCPU_HEADER, ("words", C.c_uint32 * native.VCPU_WORDS))


class Monitor(base.Monitor):
    """Runs one guest in the processor's own modes."""

    def __init__(
        self, machine: Machine, technique: base.Technique, memory: MemoryPolicy,
        controls: Controls, handler: ExitHandler,
    ) -> None:
        self.virtual = Virtual(machine.engine, Vcpu(native=1))
        super().__init__(machine, self.virtual, technique, memory)
        self.processor = machine.processor
        self.block = ControlBlock(machine.processor.registers, controls)
        self.handler = handler
        self.exit_names = {
            INSTRUCTION: "instruction", HALT: "halt", PORT: "port", DEVICE: "device",
            SECOND_STAGE: "second stage",
        }
        self._injecting = False
        self._architecture = machine.processor.architecture
        self._classes: list[str] = []  # by pattern
        self._intercept()

    # -- setting the controls up -----------------------------------------------------

    def _intercept(self) -> None:
        controls, machine = self.block.controls, self.machine
        for kind in sorted(controls.traps):
            board = machine.traps.services.get(kind)
            machine.traps.serve(kind, partial(self._served, board))
        patterns: list[Pattern] = []
        for name, found in CLASSES[self._architecture].items():
            if name in controls.instructions:
                patterns += found
                self._classes += [name] * len(found)
        if patterns:
            self._instructions = InstructionIntercepts(self.engine, patterns, self._instruction)
        handlers = self.engine.handlers
        if controls.halt:
            self._halt = handlers.halt
            machine.engine.watch_halts(self._halted)
        if controls.ports:
            self._port_in, handlers.port_in = handlers.port_in, self._loads_port
            self._port_out, handlers.port_out = handlers.port_out, self._stores_port
        if controls.devices:
            self._read, handlers.read = handlers.read, self._loads
            self._write, handlers.write = handlers.write, self._stores
        if controls.ports or controls.devices:
            machine.bus.hot_reads = False  # none is to be answered natively

    # -- exits and entries -------------------------------------------------------------

    def leave(
        self, number: int, reason: Reason, what: str, pc: int, qualification: dict[str, int]
    ) -> Action:
        """Fill the control block in and ask the handler; counted as exit ``number``."""
        self.counters.exits[number] += 1
        block = self.block
        block.exit = Exit(reason, what, pc, self.engine.count, qualification)
        block.exits[reason, what] += 1
        started = time.perf_counter_ns()
        action = self.handler(block)
        if self.profile is not None:
            self.profile.note(pc, number, False, time.perf_counter_ns() - started)
        if action is Action.STOP:
            self.machine.stop(Outcome.stopped(f"{reason.value}: {what} at {pc:#x}"))
        return action

    def _inject(self) -> bool:
        """Enter the event that a handler left, as the guest's own trap."""
        event, self.block.event = self.block.event, None
        if event is None:
            return False
        self._injecting = True  # what is injected does not exit
        try:
            self.inject(event)
        finally:
            self._injecting = False
        return True

    def inject(self, event: Event) -> None:
        """Have the guest take a trap between two instructions: counted, in the ledger, entered."""
        processor = self.processor
        status = self._status()
        if self._architecture == "x86":
            pending = self.engine.words(ERROR_CODE, 2)  # and whether it is INT n
            pending[0], pending[1] = event.error, 0
        elif self._architecture == "arm":
            pending = self.engine.words(EXCEPTION, 5)  # syndrome, FSR, address, level
            pending[0], pending[4] = event.error, KERNEL_LEVEL
        self.reflect(event.kind, processor.pc, status, event.error)

    def _status(self) -> int:
        name = {"sparc": "psr", "arm": "cpsr", "x86": "eflags"}[self._architecture]
        return self.block.guest[name]

    # -- traps -------------------------------------------------------------------------

    def _served(self, board: base.ExitHandler | None, kind: int) -> int:
        if self._injecting:
            return native.NATIVE
        pc, status, info = self._met(kind)
        qualification = {"kind": kind, "status": status, "info": info, **self._qualify()}
        action = self.leave(kind, self._reason(kind), self.processor.trap_name(kind), pc,
                            qualification)
        if action is Action.STOP:
            return native.STOP
        if self._inject() or action is Action.DONE:
            return native.HANDLED
        return native.NATIVE if board is None else board(kind)

    def _met(self, kind: int) -> tuple[int, int, int]:
        """Where the trap that is being served was met, the status register, and its syndrome."""
        if kind == native.KIND_SEMIHOSTING and isinstance(self.processor, ArmProcessor):
            # The debugger's call is asked for before it is a trap: it is in no account of them.
            return self.processor.pc, self._status(), self.processor.syndrome().syndrome
        _, _, pc, status, info = self.engine.recent_traps()[-1]
        return pc, status, info

    def _reason(self, kind: int) -> Reason:
        if kind == CALLS[self._architecture]:
            return Reason.CALL
        return Reason.INTERRUPT if kind in INTERRUPTS[self._architecture] else Reason.TRAP

    def _qualify(self) -> dict[str, int]:
        if isinstance(self.processor, ArmProcessor):
            syndrome = self.processor.syndrome()
            return {"address": syndrome.address, "level": syndrome.target_el}
        return {"address": self.block.guest[FAULT_ADDRESS[self._architecture]]}

    # -- instructions --------------------------------------------------------------------

    def _instruction(self, pattern: int) -> int:
        action = self.leave(INSTRUCTION, Reason.INSTRUCTION, self._classes[pattern],
                            self.machine.linear_pc, {})
        if action is Action.STOP:
            return native.STOP
        if self._inject():
            return native.NATIVE  # it goes on in the handler of the trap
        return native.HANDLED if action is Action.DONE else native.NATIVE

    # -- the board ---------------------------------------------------------------------

    def _halted(self) -> bool:
        action = self.leave(HALT, Reason.HALT, "halt", self.machine.linear_pc, {})
        if action is Action.RESUME and self.block.event is None:
            return self._halt()
        if self._inject():
            self.engine.asleep = False  # also if the run stops here
        return action is Action.STOP

    def _access(self, reason: Reason, place: str, where: int, size: int, value: int | None) -> bool:
        """Whether the handler has made the access itself."""
        number = PORT if reason is Reason.PORT else DEVICE
        qualification = {place: where, "size": size, "write": int(value is not None)}
        if value is not None:
            qualification["value"] = value
        what = "load" if value is None else "store"
        action = self.leave(number, reason, what, self.machine.linear_pc, qualification)
        if self.block.event is not None:
            raise base.MonitorError("no event can be injected in the middle of an access")
        return action is Action.DONE

    def _loads_port(self, port: int, size: int) -> int:
        done = self._access(Reason.PORT, "port", port, size, None)
        return self.block.value if done else self._port_in(port, size)

    def _stores_port(self, port: int, size: int, value: int) -> None:
        if not self._access(Reason.PORT, "port", port, size, value):
            self._port_out(port, size, value)

    def _loads(self, address: int, size: int) -> int:
        done = self._access(Reason.DEVICE, "address", address, size, None)
        return self.block.value if done else self._read(address, size)

    def _stores(self, address: int, size: int, value: int) -> None:
        if not self._access(Reason.DEVICE, "address", address, size, value):
            self._write(address, size, value)

    # -- the second stage ----------------------------------------------------------------

    def second_stage(self, address: int, access: int) -> bool:
        """A guest-physical page does not allow an access: whether the run goes on."""
        action = self.leave(SECOND_STAGE, Reason.SECOND_STAGE, ("load", "store", "fetch")[access],
                            self.machine.linear_pc, {"address": address, "access": access})
        return action is not Action.STOP

    def refuse(self, fault: Fault) -> int:
        """The engine walks the guest's own tables, and raises its faults."""
        raise AssertionError("an assisted guest's faults are the engine's")
