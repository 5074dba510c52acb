# SPDX-License-Identifier: GPL-2.0-or-later
"""The SPARC V8 laboratory: states of a LEON3.

SPARC Architecture Manual V8, chapter 4 (registers) and appendix H (SRMMU).
What is whose: the manual makes PSR privileged; its integer condition codes and
the current window are the user's all the same, who changes them by ordinary
instructions.  All windows hold the same, so a program cannot tell which one it
has: CWP is where its registers really are.
"""

from __future__ import annotations

from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.sparc.registers import WINDOWS
from vmm.monitor.theorem.instruction import Mode, Variation
from vmm.monitor.theorem.laboratory import (
    CODE,
    DATA,
    MEMORY,
    PAGE,
    PAGES,
    PALINDROME,
    PROBE,
    STACK,
    Laboratory,
)

CONTEXTS, LEVEL1, LEVEL2, LEVEL3, TRAPS = 0x1000, 0x2000, 0x2400, 0x3000, 0x8000
ANYBODY, SUPERVISOR_ONLY = 3, 7  # ACC: rwx/rwx and rwx/---
PTD, PTE = 1, 2
PSR_EF, PSR_PIL, PSR_S, PSR_PS, PSR_ET, PSR_CWP = 1 << 12, 15 << 8, 1 << 7, 1 << 6, 1 << 5, 31
ICC = 0xF << 20
WINDOW = 4  # the current one
NOP = 0x01000000
LOAD_PROBE = 0xC2008000  # ld [%g2], %g1


def _entry(frame: int, acc: int) -> int:
    return frame >> 4 | acc << 2 | PTE


def _table(lab: Laboratory, level3: int) -> None:
    """All memory where it is, for everybody, by 4 KiB pages."""
    lab.words(LEVEL2, [level3 + 0x100 * i >> 4 | PTD for i in range(MEMORY >> 18)])
    lab.words(level3, [_entry(page, ANYBODY) for page in range(0, MEMORY, PAGE)])


def _map(lab: Laboratory, virtual: int, frame: int, acc: int = ANYBODY) -> None:
    lab.words(LEVEL3 + (virtual >> 10), [_entry(frame, acc)])


class SparcBench:
    """One LEON3 and its states."""

    results = (
        *(f"{bank}{i}" for bank in "goli" for i in range(8)), "pc", "npc", "y", "fsr",
        *(f"f{i}" for i in range(4)),
    )
    privileged = (
        "wim", "tbr", "mmu.control", "mmu.ctxtbl", "mmu.context", "mmu.fsr", "mmu.far",
    )
    # All behind the windows, but for the rounding state that follows from FSR, and a host pointer.
    hidden = ((792, 0xA60), (0xA70, 0xAB8))
    padding = NOP.to_bytes(4, "big")
    load = LOAD_PROBE.to_bytes(4, "big")
    pointer, loaded = "g2", "g1"

    def __init__(self, model: str) -> None:
        self.processor = SparcProcessor(model)
        self._psr = 0
        self._window = WINDOW
        self.variations = VARIATIONS

    def base(self, lab: Laboratory, mode: Mode) -> None:
        """MMU on, traps enabled, FPU on, no interrupt masked."""
        registers = self.processor.registers
        self.processor.reset()
        for contexts in (CONTEXTS, CONTEXTS + 0x400):
            lab.words(contexts, [LEVEL1 >> 4 | PTD, LEVEL1 >> 4 | PTD])
        lab.words(LEVEL1, [LEVEL2 >> 4 | PTD])
        _table(lab, LEVEL3)
        registers["mmu.ctxtbl"] = CONTEXTS >> 4
        registers["mmu.context"] = 0
        registers["mmu.control"] = 1
        registers["mmu.fsr"] = registers["mmu.far"] = 0
        registers["tbr"] = TRAPS
        registers["psr"] = PSR_EF | PSR_ET | WINDOW | (PSR_S if mode is Mode.SUPERVISOR else 0)
        for window in range(WINDOWS):
            for i in range(8):
                registers[f"w{window}.l{i}"] = PALINDROME
                registers[f"w{window}.o{i}"] = PALINDROME if i != 6 else STACK + 0x800
        for name in (*(f"g{i}" for i in range(1, 8)), "y", *(f"f{i}" for i in range(4))):
            registers[name] = PALINDROME

    def visible(self) -> dict[str, int]:
        """The condition codes, and how far the window has moved."""
        psr = self.processor.registers["psr"]
        return {"icc": psr & ICC, "windows moved": (psr - self._window) % WINDOWS}

    def control(self) -> dict[str, int]:
        """PSR without what is the user's."""
        return {"psr": self.processor.registers["psr"] & ~(ICC | PSR_CWP)}

    def supervises(self) -> bool:
        return bool(self.processor.registers["psr"] & PSR_S)

    def point(self, lab: Laboratory, virtual: int, frame: int) -> None:
        """Only memory: the MMU is not told."""
        _map(lab, virtual, frame)

    def enter(self, address: int, thumb: bool) -> None:
        self._window = self.processor.registers["psr"] & PSR_CWP
        self.processor.set_pc(address)


def _psr(clear: int, put: int = 0) -> Variation:
    def apply(lab: Laboratory, mode: Mode) -> None:
        registers = lab.bench.processor.registers
        registers["psr"] = registers["psr"] & ~clear | put

    names = {PSR_PIL: "PIL", PSR_ET: "ET", PSR_EF: "EF", PSR_PS: "PS", PSR_CWP: "CWP"}
    name = next(text for mask, text in names.items() if mask & (clear | put))
    return Variation(f"PSR.{name}", apply)


def _register(name: str, value: int) -> Variation:
    def apply(lab: Laboratory, mode: Mode) -> None:
        lab.bench.processor.registers[name] = value

    return Variation(name, apply)


def _moved(lab: Laboratory, mode: Mode) -> None:
    lab.move()
    for page in PAGES:
        _map(lab, page, lab.frame(page))


def _kernel_page(lab: Laboratory, mode: Mode) -> None:
    """The supervisor's own data; a monitor lets a supervisor in user mode reach it."""
    _map(lab, DATA, DATA, SUPERVISOR_ONLY if mode is Mode.SUPERVISOR else ANYBODY)


def _elsewhere(lab: Laboratory, mode: Mode) -> None:
    _table(lab, LEVEL3 + 0x1000)


def _later(lab: Laboratory, mode: Mode) -> None:
    lab.engine.native.idle += 123_456_789


def _nothing(lab: Laboratory, mode: Mode) -> None:
    pass


VARIATIONS = (
    Variation("the base state", _nothing),
    _psr(0, PSR_PIL), _psr(PSR_ET), _psr(PSR_EF), _psr(0, PSR_PS), _psr(PSR_CWP, WINDOW + 2),
    _register("wim", 1 << WINDOW - 1), _register("wim", 1 << WINDOW + 1),
    _register("tbr", TRAPS + 0x1000), _register("mmu.control", 0),
    _register("mmu.control", 3), _register("mmu.context", 1),
    _register("mmu.ctxtbl", CONTEXTS + 0x400 >> 4),
    _register("mmu.fsr", 0x2E), _register("mmu.far", 0x12345000),
    Variation("page frames", _moved), Variation("page tables", _elsewhere),
    Variation("rights of a page", _kernel_page), Variation("time", _later),
    Variation("a stale TLB entry", _nothing, stale=True),
)
assert CODE % PAGE == DATA % PAGE == PROBE % PAGE == 0
