"""An x86 processor, 32-bit: engine, registers, traps, INTR and NMI.

The engine has the instruction set, segmentation, paging, task switches and
native delivery; here are reset, the interrupt pins, the A20 gate and the
readable trap entry.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable
from typing import Literal

from vmm.cpu.engine import Engine, constants
from vmm.cpu.processor import ReadPhysical, UnknownModel
from vmm.cpu.x86 import decode, traps
from vmm.cpu.x86.models import MODELS
from vmm.cpu.x86.registers import (
    A20_MASK,
    EFLAGS,
    HF_ADDSEG,
    HF_CPL,
    HF_CS32,
    HF_PE,
    HF_SS32,
    HFLAGS,
    LDT,
    OLD_EXCEPTION,
    SEGMENTS,
    SEGS,
    TR,
    Segment,
    SegmentCache,
    register_file,
)
from vmm.native import library as native

HARD, NMI = 0x02, 0x200  # CPU_INTERRUPT_HARD, CPU_INTERRUPT_NMI
FLAG_IF = 1 << 9


class X86Processor:
    """One x86 processor.  `intr` and `nmi` are its pins."""

    architecture = "x86"
    byteorder: Literal["big", "little"] = "little"

    def __init__(self, model: str = "qemu32") -> None:
        if model not in MODELS:
            raise UnknownModel(f"no x86 processor {model!r}; known: {', '.join(MODELS)}")
        unicorn = constants("unicorn")
        self.model = model
        self.has_apic = MODELS[model].apic
        self.engine = Engine(
            native.X86, unicorn.UC_ARCH_X86, unicorn.UC_MODE_32,
            getattr(constants("unicorn.x86_const"), MODELS[model].engine),
        )
        env = self.engine.env
        self.read_physical: ReadPhysical = lambda address, size: None
        self.write_physical: Callable[[int, bytes], bool] = lambda address, data: False
        self.registers = register_file(self.engine, MODELS[model].sse)
        self.acknowledge: Callable[[], int] = lambda: 0
        self.engine.handlers.acknowledge = lambda level: self._acknowledge()
        # The interrupt requests, and EFLAGS as far as the engine keeps it there: IF is.
        self._request = C.c_uint32.from_address(self.engine.cpu + 0x1C)
        self._eflags = C.c_uint64.from_address(env + EFLAGS)
        self._hflags = C.c_uint32.from_address(env + HFLAGS)
        self._old_exception = C.c_int32.from_address(env + OLD_EXCEPTION)
        self._a20 = C.c_int32.from_address(env + A20_MASK)
        self._caches = {
            name: SegmentCache.from_address(env + offset)
            for name, offset in [
                *((name, SEGS + 24 * i) for i, name in enumerate(SEGMENTS)),
                ("ldtr", LDT), ("tr", TR),
            ]
        }

    def reset(self) -> None:
        """Intel SDM volume 3A, table 9-1: real mode at F000:FFF0 with CS base FFFF0000."""
        r = self.registers
        r["cr4"] = 0
        r["cr0"] = 0x60000010
        r["cr3"] = r["cr2"] = 0
        for name in r.group("general"):
            r[name] = 0
        r["edx"] = MODELS[self.model].signature
        r["eflags"] = 2
        for name in ("es", "ss", "ds", "fs", "gs"):
            self.load_segment(name, Segment(0, 0, 0xFFFF, 0x9300))
        self.load_segment("cs", Segment(0xF000, 0xFFFF0000, 0xFFFF, 0x9B00))
        self.load_segment("ldtr", Segment(0, 0, 0xFFFF, 0x8200))
        # Available, not busy: with a busy one a stack switch before LTR would stop the engine.
        self.load_segment("tr", Segment(0, 0, 0xFFFF, 0x8900))
        r["gdtr.base"] = r["idtr.base"] = 0
        r["gdtr.limit"] = r["idtr.limit"] = 0xFFFF
        for name in ("dr0", "dr1", "dr2", "dr3"):
            r[name] = 0
        r["dr6"], r["dr7"] = 0xFFFF0FF0, 0x400
        for name in ("sysenter_cs", "sysenter_esp", "sysenter_eip"):
            r[name] = 0
        self._old_exception.value = -1
        r["eip"] = 0xFFF0

    # -- segments ---------------------------------------------------------------

    def segment(self, name: str) -> Segment:
        """A segment register with its hidden part."""
        cache = self._caches[name]
        return Segment(cache.selector, cache.base & 0xFFFFFFFF, cache.limit, cache.flags)

    def load_segment(self, name: str, value: Segment) -> None:
        """Write a segment register's selector and hidden part, and what follows from them."""
        cache = self._caches[name]
        cache.selector, cache.base, cache.limit, cache.flags = (
            value.selector, value.base, value.limit, value.flags
        )
        if name in SEGMENTS:
            self.update_hidden_flags()

    def update_hidden_flags(self) -> None:
        """Derive the engine's CS32, SS32 and ADDSEG from segments and mode."""
        registers = self.registers
        real = not registers["cr0"] & 1
        vm86 = bool(registers["eflags"] >> 17 & 1)
        flags = self._hflags.value & ~(HF_CS32 | HF_SS32 | HF_ADDSEG)
        cs32, ss32 = self.segment("cs").big, self.segment("ss").big
        if cs32:
            flags |= HF_CS32
        if ss32:
            flags |= HF_SS32
        bases = any(self._caches[name].base for name in ("ds", "es", "ss"))
        if real or vm86 or not cs32 or bases:
            flags |= HF_ADDSEG
        self._hflags.value = flags

    @property
    def cpl(self) -> int:
        """Current privilege level, 0 to 3."""
        return self._hflags.value & HF_CPL

    def set_cpl(self, level: int) -> None:
        """Change the current privilege level."""
        self._hflags.value = (self._hflags.value & ~HF_CPL) | level

    @property
    def protected(self) -> bool:
        """Whether CR0.PE is set."""
        return bool(self._hflags.value & HF_PE)

    @property
    def pc(self) -> int:
        """EIP: an offset into CS (see `linear_pc`)."""
        return self.registers["eip"]

    @property
    def linear_pc(self) -> int:
        """CS base plus EIP."""
        return int(self._caches["cs"].base + self.pc) & 0xFFFFFFFF

    def set_pc(self, address: int) -> None:
        self.registers["eip"] = address

    def run(self) -> int:
        return self.engine.run(self.registers["eip"])

    # -- pins -------------------------------------------------------------------

    def intr(self, level: bool) -> None:
        """The INTR pin, driven by the interrupt controller."""
        self.engine.native.intr = level
        self.engine.set_interrupt(HARD, level)

    def nmi(self) -> None:
        """An edge on the NMI pin."""
        self.engine.set_interrupt(NMI, True)

    def set_a20(self, enabled: bool) -> None:
        """The A20 gate: with it off, address bit 20 is forced to 0."""
        self._a20.value = -1 if enabled else ~(1 << 20)
        self.engine.library.dll.vmm_flush_tlb(self.engine.pointer)
        self.engine.handlers.address_line()

    def _acknowledge(self) -> int:
        vector = self.acknowledge()
        # The engine lowers its request when it takes one; the pin may still be high.
        if self.engine.native.intr:
            self.engine.set_interrupt(HARD, True)
        return vector

    def wakes(self) -> bool:
        """HLT ends with NMI, or with INTR if IF is set (SDM volume 2A, HLT)."""
        request = self._request.value
        if request & NMI:
            return True
        return bool(request & HARD) and bool(self._eflags.value & FLAG_IF)

    def can_wake(self) -> bool:
        """With IF clear only NMI could, and no board has a source of it."""
        return self.wakes() or bool(self._eflags.value & FLAG_IF)

    # -- traps ------------------------------------------------------------------

    def trap_kinds(self) -> dict[int, str]:
        return dict(traps.NAMES)

    def trap_name(self, kind: int) -> str:
        return traps.name(kind)

    def deliver(self, kind: int) -> None:
        traps.deliver(self, kind)

    def crash_reason(self, reason: int) -> str:
        if reason == native.REASON_SHUTDOWN:
            return "shutdown: triple fault (a fault while delivering a double fault)"
        return "stopped"

    # -- memory -----------------------------------------------------------------

    def translate(self, address: int) -> int | None:
        """By the engine's own walk of the current page tables."""
        find = self.engine.function(
            "x86_cpu_get_phys_page_attrs_debug_x86_64",
            C.c_uint64, C.c_void_p, C.c_uint64, C.c_void_p,
        )
        attributes = C.create_string_buffer(16)
        page = find(self.engine.cpu, address & ~0xFFF, attributes)
        return None if page == (1 << 64) - 1 else (page & ~0xFFF) | address & 0xFFF

    def disassemble(self, address: int, count: int) -> list[tuple[int, bytes, str]]:
        """From a linear address, as code of the current CS."""
        wide = self.segment("cs").big
        lines: list[tuple[int, bytes, str]] = []
        at = address
        while len(lines) < count:
            code = b""
            for i in range(decode.LONGEST):
                physical = self.translate((at + i) & 0xFFFFFFFF)
                byte = None if physical is None else self.read_physical(physical, 1)
                if byte is None:
                    break
                code += byte
            if not code:
                break
            size, text = decode.instruction(code, at, wide)
            lines.append((at, code[:size], text))
            at += size
        return lines
