# SPDX-License-Identifier: GPL-2.0-or-later
"""Scratch machines for the self-tests: a processor, 64 KiB of memory, one device page.

With the few instructions that the self-tests are made of.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from typing import Literal

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.engine import NEVER, Engine
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.x86.processor import X86Processor
from vmm.cpu.x86.registers import Segment

RAM = 0x10000  # bytes of scratch memory, from address 0
DEVICE = 0x80000000
NOWHERE = 0x70000000  # nothing answers there
CODE = 0x1000
DATA = 0x8000
HANDLER = 0x4000  # where trap vectors lead


class Mismatch(Exception):
    """The engine does not do what the native layer relies on."""


def expect(what: str, found: object, wanted: object) -> None:
    """Raise `Mismatch` unless both are equal."""
    if found != wanted:
        raise Mismatch(f"{what}: {found!r} instead of {wanted!r}")


class Scratch:
    """A processor with 64 KiB of memory and one page of a device."""

    def __init__(
        self, processor: SparcProcessor | ArmProcessor | X86Processor,
        order: Literal["big", "little"],
    ) -> None:
        self.processor = processor
        self.engine: Engine = processor.engine
        self.order = order
        self.memory = mmap.mmap(-1, RAM)
        self._anchor = ctypes.c_char.from_buffer(self.memory)
        self.engine.map_memory(0, RAM, ctypes.addressof(self._anchor))
        self.engine.map_device(DEVICE, 0x1000)
        self.engine.map_hole()
        self.engine.handlers.event = self._event
        self.stop_at = NEVER

    def put(self, address: int, data: bytes | list[int]) -> None:
        """Write bytes, or 32-bit words in the processor's order."""
        if isinstance(data, list):
            data = b"".join(word.to_bytes(4, self.order) for word in data)
        self.memory[address : address + len(data)] = data

    def word(self, address: int) -> int:
        """A 32-bit word of memory."""
        return int.from_bytes(self.memory[address : address + 4], self.order)

    def _event(self) -> bool:
        self.engine.native.event_at = self.stop_at
        return self.engine.count >= self.stop_at

    def run(self, instructions: int) -> int:
        """Run so many instructions more; returns the engine's reason for stopping."""
        self.stop_at = self.engine.count + instructions
        self.engine.set_event(self.stop_at)
        return self.processor.run()


# -- three scratch machines -----------------------------------------------------


def sparc() -> Scratch:
    """A LEON3 in supervisor state with traps enabled; its trap table is at 0x4000."""
    processor = SparcProcessor()
    scratch = Scratch(processor, "big")
    processor.reset()
    processor.registers["psr"] = 0xE0
    processor.registers["tbr"] = HANDLER
    processor.set_pc(CODE)
    for trap in range(256):
        scratch.put(HANDLER + 16 * trap, [BA_SELF, NOP, NOP, NOP])
    return scratch


def arm() -> Scratch:
    """A Cortex-A15 in SVC mode, IRQ unmasked; its vectors are at 0x4000."""
    processor = ArmProcessor()
    scratch = Scratch(processor, "little")
    processor.reset()
    processor.registers["cpsr"] = 0x153
    processor.registers["vbar"] = HANDLER
    processor.set_pc(CODE)
    scratch.put(HANDLER, [0xEAFFFFFE] * 8)
    return scratch


def x86() -> Scratch:
    """A 32-bit protected-mode processor with flat segments; its 256 gates lead to 0x4000."""
    processor = X86Processor()
    scratch = Scratch(processor, "little")
    processor.reset()
    registers = processor.registers
    registers["cr0"] = 0x11
    scratch.put(0x100, struct.pack("<QQQ", 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF))
    gate = struct.pack("<HHHH", HANDLER, 8, 0x8E00, 0)
    scratch.put(0x800, gate * 256)
    registers["gdtr.base"], registers["gdtr.limit"] = 0x100, 23
    registers["idtr.base"], registers["idtr.limit"] = 0x800, 0x7FF
    processor.load_segment("cs", Segment(8, 0, 0xFFFFFFFF, 0xCF9B00))
    for name in ("ds", "es", "ss"):
        processor.load_segment(name, Segment(16, 0, 0xFFFFFFFF, 0xCF9300))
    registers["esp"] = 0xF000
    processor.set_pc(CODE)
    scratch.put(HANDLER, b"\xeb\xfe")
    return scratch


# -- SPARC instructions ----------------------------------------------------------


def alu(op3: int, rd: int, rs1: int, immediate: int) -> int:
    """Format 3, op 2, with an immediate (SPARC V8 manual, appendix F)."""
    return 2 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 | immediate & 0x1FFF


def load_store(op3: int, rd: int, rs1: int, immediate: int = 0) -> int:
    """Format 3, op 3, with an immediate."""
    return alu(op3, rd, rs1, immediate) | 1 << 30


G1, G2, G3 = 1, 2, 3
NOP = 0x01000000
BA_SELF = 0x10800000
BA_BACK = 0x10BFFFFF  # to the instruction before
SPARC_INC = alu(0x00, G1, G1, 1)  # add %g1, 1, %g1
SPARC_TA3 = 0x91D02003
ARM_INC = 0xE2800001  # add r0, r0, #1
ARM_BACK = 0xEAFFFFFD  # b to the instruction before
