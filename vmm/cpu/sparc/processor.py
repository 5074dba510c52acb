"""A SPARC V8 / LEON3 processor: engine, registers, traps, interrupt level.

What the engine does natively and exactly is left to it (windows, delay
slots, FPU, SRMMU); here are reset, the interrupt request level, the readable
trap entry, and the diagnosis of error mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from vmm.cpu.engine import Engine, constants
from vmm.cpu.processor import ReadPhysical, UnknownModel
from vmm.cpu.sparc import decode, mmu, traps
from vmm.cpu.sparc.models import MODELS, RESET_PSR
from vmm.cpu.sparc.registers import INTERRUPT_INDEX, NPC, PC, PSRET, PSRPIL, register_file
from vmm.cpu.walk import Walk
from vmm.native import library as native

HARD = 2  # CPU_INTERRUPT_HARD


class SparcProcessor:
    """One LEON3.  `request` is the interrupt controller's wire to it."""

    architecture = "sparc"
    byteorder: Literal["big", "little"] = "big"

    def __init__(self, model: str = "leon3", engine: Engine | None = None) -> None:
        """``engine`` is one of this model that is there already."""
        if model not in MODELS:
            raise UnknownModel(f"no SPARC processor {model!r}; known: {', '.join(MODELS)}")
        unicorn = constants("unicorn")
        self.model = model
        self.engine = engine or Engine(
            native.SPARC,
            unicorn.UC_ARCH_SPARC,
            unicorn.UC_MODE_SPARC32 | unicorn.UC_MODE_BIG_ENDIAN,
            getattr(constants("unicorn.sparc_const"), MODELS[model].engine),
        )
        self.read_physical: ReadPhysical = lambda address, size: None
        self.registers = register_file(self.engine)
        self._words = self.engine.words(0, 80)
        self.on_acknowledge: Callable[[int], None] = lambda level: None
        self.engine.handlers.acknowledge = self._acknowledge

    def _acknowledge(self, level: int) -> int:
        self.on_acknowledge(level)
        return 0

    def reset(self) -> None:
        """GRLIB IP manual, LEON3, "Reset": PSR.S=1, ET=0, PC=0, nPC=4."""
        registers = self.registers
        registers["psr"] = RESET_PSR
        for name in ("tbr", "wim", "y", "fsr"):
            registers[name] = 0
        registers["mmu.control"] = 0
        self.set_pc(0)

    @property
    def pc(self) -> int:
        return int(self._words[PC])

    def set_pc(self, address: int) -> None:
        self._words[PC] = address
        self._words[NPC] = address + 4

    def run(self) -> int:
        return self.engine.run(int(self._words[PC]), int(self._words[NPC]))

    # -- interrupts -------------------------------------------------------------

    def request(self, level: int) -> None:
        """The interrupt controller asks for ``level`` (1 to 15), or for nothing (0)."""
        self._words[INTERRUPT_INDEX] = 0x10 | level if level else 0
        self.engine.set_interrupt(HARD, bool(level))

    def wakes(self) -> bool:
        """Power-down ends when an interrupt can be taken (GRLIB, LEON3 "Power-down mode")."""
        level = int(self._words[INTERRUPT_INDEX]) & 15
        enabled = bool(self._words[PSRET])
        return enabled and (level == 15 or level > int(self._words[PSRPIL]))

    def can_wake(self) -> bool:
        """With ET clear no interrupt is taken."""
        return bool(self._words[PSRET])

    # -- traps ------------------------------------------------------------------

    def trap_kinds(self) -> dict[int, str]:
        return dict(traps.NAMES)

    def trap_name(self, kind: int) -> str:
        return traps.name(kind)

    def deliver(self, kind: int) -> None:
        traps.enter(self.registers, kind)

    def crash_reason(self, reason: int) -> str:
        if reason == native.REASON_ERROR_MODE:
            tt = self.engine.native.reason_trap
            return f"error mode: trap {tt:#04x} ({traps.name(tt)}) with traps disabled (PSR.ET=0)"
        return "stopped"

    # -- memory -----------------------------------------------------------------

    def _read_entry(self, address: int, size: int) -> int | None:
        data = self.read_physical(address, size)
        return None if data is None else int.from_bytes(data, "big")

    def walk(self, address: int) -> Walk:
        """The SRMMU walk for a virtual address with the current context."""
        registers = self.registers
        return mmu.walk(
            self._read_entry, registers["mmu.ctxtbl"], registers["mmu.context"], address
        )

    def translate(self, address: int) -> int | None:
        if not self.registers["mmu.control"] & 1:
            return address
        return self.walk(address).physical

    def disassemble(self, address: int, count: int) -> list[tuple[int, bytes, str]]:
        lines = []
        for at in range(address, address + 4 * count, 4):
            physical = self.translate(at)
            code = None if physical is None else self.read_physical(physical, 4)
            if code is None:
                break
            lines.append((at, code, decode.text(int.from_bytes(code, "big"), at)))
        return lines
