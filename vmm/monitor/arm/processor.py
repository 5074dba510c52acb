# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual ARM processor: modes, masks and banks of the virtual CPU, the rest real.

Everything above sees the guest's registers by the same names as on the bare
machine.  Writing CPSR switches the virtual mode and with it the banks.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from functools import partial

from vmm.cpu.arm import walk
from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.arm.registers import (
    BANK,
    FIQ,
    FIQ_REGS,
    HYP,
    MODE_NAMES,
    MON,
    PSR_FIELDS,
    SYS,
    SYSTEM,
    USR,
    USR_REGS,
    SystemRegister,
    cp_key,
)
from vmm.cpu.registers import Register, RegisterFile
from vmm.cpu.virtual import Virtual
from vmm.cpu.walk import Access
from vmm.monitor.arm.vcpu import MODES, Vcpu
from vmm.native import library as native

MODE_MASK, RAW = 0x1F, 2
WALKED = ("cpsr", "sctlr", "ttbr0", "ttbr1", "ttbcr", "ttbr0_64", "ttbr1_64", "dacr")
TRANSLATION = ("sctlr", "ttbr0", "ttbr1", "ttbcr", "ttbr0_64", "ttbr1_64", "dacr", "contextidr")


class VirtualProcessor(ArmProcessor):
    """An ARMv7-A whose modes are virtual, on the engine of a real one."""

    def __init__(self, real: ArmProcessor) -> None:
        super().__init__(real.model, engine=real.engine)
        self.read_physical = real.read_physical
        self.on_context: Callable[[], None] = lambda: None  # what translation depends on changed
        self.direct = False  # traps enter a paravirtual kernel, not the vectors
        self._dll = self.engine.library.dll
        self._real = real.registers
        self._r = self.engine.words(0, 16)
        self.vcpu = self._adopt(real.registers)
        self.virtual = Virtual(self.engine, self.vcpu)
        self.virtual.set_view(native.VIEW_KERNEL if self.vcpu.kernel else native.VIEW_USER)
        self.registers = self._register_file(real.registers)
        self.put_cpsr(self.get_cpsr())

    def _adopt(self, real: RegisterFile) -> Vcpu:
        """A virtual CPU in the state of the real one, which goes to user mode."""
        vcpu = Vcpu()
        vcpu.mode = real["cpsr"] & MODE_MASK
        vcpu.kernel = vcpu.mode != USR
        for mode in MODES - {SYS}:
            name, bank = MODE_NAMES[mode], BANK[mode]
            vcpu.r13[bank], vcpu.r14[bank] = real[f"sp_{name}"], real[f"lr_{name}"]
            if mode != USR:
                vcpu.spsr[bank] = real[f"spsr_{name}"]
        vcpu.usr_high[:] = self.engine.words(USR_REGS, 5)
        vcpu.fiq_high[:] = self.engine.words(FIQ_REGS, 5)
        write = self.engine.function(
            "cpsr_write_arm", None, C.c_void_p, C.c_uint32, C.c_uint32, C.c_int)
        write(self.engine.env, USR, MODE_MASK, RAW)  # raw: the banks stay where they are
        self.engine.function("arm_rebuild_hflags_arm", None, C.c_void_p)(self.engine.env)
        return vcpu

    def deliver(self, kind: int) -> None:
        if self.direct:
            self.vcpu.delivered = 1  # the native layer does it when whoever was told has returned
        else:
            super().deliver(kind)

    # -- the virtual registers --------------------------------------------------------

    def _register_file(self, real: RegisterFile) -> RegisterFile:
        table = dict(real.table)
        table["cpsr"] = Register("cpsr", "status", self.get_cpsr, self.put_cpsr, fields=PSR_FIELDS)
        table["spsr"] = Register("spsr", "status", self._get_spsr, self._put_spsr,
                                 fields=PSR_FIELDS)
        for mode in MODES - {SYS}:
            suffix = MODE_NAMES[mode]
            self._replace(table, f"sp_{suffix}", partial(self._banked, mode, 13))
            self._replace(table, f"lr_{suffix}", partial(self._banked, mode, 14))
            if mode != USR:
                self._replace(table, f"spsr_{suffix}", partial(self._saved, BANK[mode]))
        for index in range(8, 13):
            self._replace(table, f"r{index}_usr", partial(self._high, index, False))
            self._replace(table, f"r{index}_fiq", partial(self._high, index, True))
        for system in SYSTEM:
            if system.name in table:
                table[system.name] = self._direct(table[system.name], system)
        for name in TRANSLATION:
            if name in table:
                register = table[name]
                assert register.write is not None
                table[name] = Register(
                    name, register.group, register.read, partial(self._put_context, register.write),
                    register.bits, register.fields,
                )
        for mode in (HYP, MON):  # there is no such mode
            for name in ("sp", "lr", "spsr"):
                table.pop(f"{name}_{MODE_NAMES[mode]}", None)
        table.pop("elr_hyp", None)
        return RegisterFile(table.values(), real.aliases)

    def _direct(self, register: Register, place: SystemRegister) -> Register:
        """A system register that is nothing but a word is read there, in a tenth of the time."""
        address = self._dll.vmm_arm_system_word(self.engine.pointer, cp_key(place, False))
        if address is None:
            return register
        word = (C.c_uint64 if place.wide else C.c_uint32).from_address(address)
        return Register(register.name, register.group, lambda: word.value, register.write,
                        register.bits, register.fields)

    @staticmethod
    def _replace(
        table: dict[str, Register], name: str, place: Callable[[], tuple[C.Array[C.c_uint32], int]]
    ) -> None:
        """Have a register be the word at ``place``, which moves with the virtual mode."""
        def read() -> int:
            words, index = place()
            return int(words[index])

        def write(value: int) -> None:
            words, index = place()
            words[index] = value

        old = table[name]
        table[name] = Register(name, old.group, read, write, old.bits, old.fields)

    def get_cpsr(self) -> int:
        """The guest's CPSR."""
        return int(self._real["cpsr"]) & ~MODE_MASK | self.vcpu.mode

    def put_cpsr(self, value: int) -> None:
        """Write the guest's CPSR: its mode with the banks, and which interrupts it lets in.

        ValueError if it names no mode of this processor.
        """
        if value & MODE_MASK not in MODES:
            raise ValueError(f"{value & MODE_MASK:#04x} is not a processor mode")
        self._dll.vmm_arm_set_cpsr(self.engine.pointer, value)

    def _bank(self) -> int:
        return BANK[self.vcpu.mode]

    def _get_spsr(self) -> int:
        return int(self.vcpu.spsr[self._bank()])

    def _put_spsr(self, value: int) -> None:
        self.vcpu.spsr[self._bank()] = value

    def _banked(self, mode: int, index: int) -> tuple[C.Array[C.c_uint32], int]:
        if BANK[mode] == self._bank():
            return self._r, index
        return (self.vcpu.r13 if index == 13 else self.vcpu.r14), BANK[mode]

    def _saved(self, bank: int) -> tuple[C.Array[C.c_uint32], int]:
        return self.vcpu.spsr, bank

    def _high(self, index: int, fiq: bool) -> tuple[C.Array[C.c_uint32], int]:
        if (self.vcpu.mode == FIQ) == fiq:
            return self._r, index
        return (self.vcpu.fiq_high if fiq else self.vcpu.usr_high), index - 8

    def _put_context(self, write: Callable[[int], None], value: int) -> None:
        write(value)
        self.on_context()

    def enter_space(self, ttbr0: int, contextidr: int) -> None:
        """Write both; what follows them is told once."""
        self._real["contextidr"] = contextidr
        self._real["ttbr0"] = ttbr0
        self.on_context()

    # -- memory -------------------------------------------------------------------------

    def translate(self, address: int) -> int | None:
        """By the readable walk, with the rights of the virtual mode."""
        def read(at: int, size: int) -> int | None:
            data = self.read_physical(at, size)
            return None if data is None else int.from_bytes(data, "little")

        known = self.registers
        state = {name: known[name] for name in WALKED if name in known.table}
        asked = Access("load", user=not self.vcpu.kernel)
        return walk.walk(self, read, state, address, asked).physical
