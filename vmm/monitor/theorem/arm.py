# SPDX-License-Identifier: GPL-2.0-or-later
"""The ARM laboratory: states of an ARMv7-A or ARMv5TE processor.

ARM Architecture Reference Manual (DDI 0406C), B1.3 (modes and CPSR), B3
(memory), B4 (system registers).  Supervisor mode is SVC, user mode USR.  What
is whose: mode, masks and byte order (M, A, I, F, E) of CPSR are the
supervisor's, though SETEND lets a user program change the last; so are all
system registers but the two thread registers that user mode may read.  Data is
the same in both byte orders, so that byte order shows only where it is told.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.arm.registers import SVC, USR
from vmm.cpu.arm.timer import TimerRegisters
from vmm.monitor.theorem.instruction import Mode, Variation
from vmm.monitor.theorem.laboratory import (
    DATA,
    MEMORY,
    PAGE,
    PAGES,
    PALINDROME,
    STACK,
    Laboratory,
)

LEVEL1, LEVEL2, OTHER_LEVEL1, VECTORS = 0x4000, 0x2000, 0x8000, 0xC000
ANYBODY, SUPERVISOR_ONLY = 3, 1  # AP[1:0]
COARSE, SMALL = 1, 2  # types of descriptors
CPSR_E, CPSR_A, CPSR_I, CPSR_F = 1 << 9, 1 << 8, 1 << 7, 1 << 6
SUPERVISORS = 0x1F | CPSR_E | CPSR_A | CPSR_I | CPSR_F
SCTLR_M, SCTLR_A, SCTLR_I, SCTLR_V, SCTLR_XP = 1, 1 << 1, 1 << 12, 1 << 13, 1 << 23
BACKWARDS = 1 << 22  # SCTLR.U: ARMv6 and later
SYSTEM_STATE = (0x238, 3024)  # CPUARMState: from ELR_hyp to the pending exception
FPEXC_EN = 1 << 30
LOAD_PROBE = 0xE5920000  # ldr r0, [r2]
NOP = 0xE1A00000  # mov r0, r0
USERS = ("tpidrurw", "tpidruro")


def mcr(opc1: int, crn: int, crm: int, opc2: int, cp: int = 15) -> int:
    """``mcr p15, opc1, r0, crn, crm, opc2`` (A8.8.98)."""
    return 0xEE000010 | opc1 << 21 | crn << 16 | cp << 8 | opc2 << 5 | crm


def mrc(opc1: int, crn: int, crm: int, opc2: int, cp: int = 15) -> int:
    """``mrc p15, opc1, r0, crn, crm, opc2`` (A8.8.107)."""
    return mcr(opc1, crn, crm, opc2, cp) | 1 << 20


@dataclass(slots=True)
class _Timers:
    """The generic timer's comparators, as registers and nothing more."""

    control: dict[int, int] = field(default_factory=dict)
    compare: dict[int, int] = field(default_factory=dict)
    offset: int = 0

    def read_control(self, timer: int) -> int:
        return self.control.get(timer, 0)

    def write_control(self, timer: int, value: int) -> None:
        self.control[timer] = value & 3

    def read_compare(self, timer: int) -> int:
        return self.compare.get(timer, 0)

    def write_compare(self, timer: int, value: int) -> None:
        self.compare[timer] = value

    def read_value(self, timer: int) -> int:
        return self.compare.get(timer, 0)

    def write_value(self, timer: int, value: int) -> None:
        self.compare[timer] = value

    def write_offset(self, value: int) -> None:
        self.offset = value

    def reset(self) -> None:
        self.compare.clear()
        self.offset = 0


class ArmBench:
    """One processor and its states."""

    padding = NOP.to_bytes(4, "little")
    load = LOAD_PROBE.to_bytes(4, "little")
    pointer, loaded = "r2", "r0"

    def __init__(self, model: str) -> None:
        self.processor = ArmProcessor(model)
        self.timers = _Timers()
        description = self.processor.description
        if description.generic_timer:
            TimerRegisters(self.processor, self.timers, 1)
        self.v7 = description.doubles == 32
        table = self.processor.registers.table
        users = tuple(name for name in USERS if name in table)
        self.results = (*(f"r{i}" for i in range(15)), "pc", *users, "d0", "d1", "fpscr")
        self.privileged = tuple(
            name for name, register in table.items()
            if name not in users and not self._absent(name)
            and (register.group == "system" or name == "fpexc" or name.startswith("spsr_")
                 or name.endswith(("_irq", "_fiq", "_abt", "_und")))
        )
        self.hidden = self._without(users)
        wanted = [one for one in VARIATIONS if self.v7 or one not in V7_VARIATIONS]
        self.variations = tuple(wanted)

    def _absent(self, name: str) -> bool:
        """Whether the engine has no such register and answers with its first word, r0."""
        registers = self.processor.registers
        found = []
        for value in (PALINDROME, 0):
            registers["r0"] = value
            found.append(registers[name])
        return found == [PALINDROME, 0]

    def _without(self, users: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
        """The part of the register file that holds system state, less the users' registers."""
        start, end = SYSTEM_STATE
        env, registers = self.processor.engine.env, self.processor.registers
        places: set[int] = set()
        for name in users:
            before = ctypes.string_at(env + start, end - start)
            registers[name] = 0xFFFFFFFF
            after = ctypes.string_at(env + start, end - start)
            places |= {start + i & -8 for i in range(end - start) if before[i] != after[i]}
        ranges = []
        for place in sorted(places):
            ranges.append((start, place))
            start = place + 8
        return (*ranges, (start, end))

    def base(self, lab: Laboratory, mode: Mode) -> None:
        """MMU on, nothing masked, no right that user mode need not have."""
        registers = self.processor.registers
        registers["cpsr"] = SVC
        registers["sctlr"] = registers["sctlr"] & ~(SCTLR_M | SCTLR_A | SCTLR_I | SCTLR_V) | (
            BACKWARDS if self.v7 else 0
        )
        for level1 in (LEVEL1, OTHER_LEVEL1):
            lab.words(level1, [LEVEL2 | 1 << 4 | COARSE])
        for page in range(0, MEMORY, PAGE):
            self.map(lab, page, page, ANYBODY)
        registers["ttbr0"], registers["dacr"] = LEVEL1, 1
        for name in ("ttbr1", "ttbcr", "dfsr", "ifsr", "dfar", "ifar", "contextidr", "tpidrprw",
                     *USERS):
            if name in registers.table:
                registers[name] = 0
        if self.v7:
            registers["cpacr"] = 0xF << 20
            registers["vbar"] = VECTORS
            for word in COUNTERS:
                lab.execute(word.to_bytes(4, "little"), r0=0)
        registers["fpexc"] = FPEXC_EN
        for name in ("fpscr", "d0", "d1"):
            registers[name] = 0
        registers["sctlr"] = registers["sctlr"] | SCTLR_M
        for name in registers.table:
            if name.startswith("spsr_"):
                registers[name] = USR
            elif name.startswith("sp_"):
                registers[name] = STACK + 0x400
            elif name.endswith(("_irq", "_fiq", "_abt", "_und", "_usr", "_svc")):
                registers[name] = PALINDROME
        registers["cpsr"] = SVC if mode is Mode.SUPERVISOR else USR
        for i in range(13):
            registers[f"r{i}"] = PALINDROME
        registers["r13"], registers["r14"] = STACK + 0x800, PALINDROME

    def map(self, lab: Laboratory, virtual: int, frame: int, ap: int) -> None:
        """A small page; before ARMv6 each quarter of it has rights of its own."""
        rights = ap << 4 if self.v7 else ap * 0x550
        lab.words(LEVEL2 + (virtual >> 10), [frame | rights | SMALL])

    def visible(self) -> dict[str, int]:
        return {"cpsr": self.processor.registers["cpsr"] & ~SUPERVISORS}

    def control(self) -> dict[str, int]:
        return {
            "cpsr": self.processor.registers["cpsr"] & SUPERVISORS,
            "timer control": sum(self.timers.control.values()),
            "timer compare": sum(self.timers.compare.values()),
        }

    def supervises(self) -> bool:
        return self.processor.registers["cpsr"] & 0x1F != USR

    def point(self, lab: Laboratory, virtual: int, frame: int) -> None:
        self.map(lab, virtual, frame, ANYBODY)

    def enter(self, address: int, thumb: bool) -> None:
        self.timers.control.clear()
        self.timers.compare.clear()
        self.processor.set_pc(address | thumb)


# What lets user mode read counters: CNTKCTL, PMUSERENR; and PMCR, PMCNTENSET
CNTKCTL, PMUSERENR = mcr(0, 14, 1, 0), mcr(0, 9, 14, 0)
COUNTERS = (PMUSERENR,)


def _cpsr(bit: int, name: str) -> Variation:
    def apply(lab: Laboratory, mode: Mode) -> None:
        registers = lab.bench.processor.registers
        registers["cpsr"] = registers["cpsr"] ^ bit

    return Variation(f"CPSR.{name}", apply)


def _register(name: str, value: int, called: str = "") -> Variation:
    """Bits of a system register the other way round, on processors that have it."""

    def apply(lab: Laboratory, mode: Mode) -> None:
        registers = lab.bench.processor.registers
        if name in lab.bench.privileged:
            registers[name] = registers[name] ^ value

    return Variation(called or name.upper(), apply)


def _loosened(word: int, name: str) -> Variation:
    def apply(lab: Laboratory, mode: Mode) -> None:
        registers = lab.bench.processor.registers
        kept = registers["cpsr"], registers["r0"]
        registers["cpsr"] = SVC
        lab.execute(word.to_bytes(4, "little"), r0=0x303)
        registers["cpsr"], registers["r0"] = kept

    return Variation(name, apply, loosens=True)


def _moved(lab: Laboratory, mode: Mode) -> None:
    assert isinstance(lab.bench, ArmBench)
    lab.move()
    for page in PAGES:
        lab.bench.map(lab, page, lab.frame(page), ANYBODY)


def _kernel_page(lab: Laboratory, mode: Mode) -> None:
    """The supervisor's own data; a monitor lets a supervisor in user mode reach it."""
    assert isinstance(lab.bench, ArmBench)
    lab.bench.map(lab, DATA, DATA, SUPERVISOR_ONLY if mode is Mode.SUPERVISOR else ANYBODY)


def _later(lab: Laboratory, mode: Mode) -> None:
    lab.engine.native.idle += 123_456_789


def _nothing(lab: Laboratory, mode: Mode) -> None:
    pass


V7_VARIATIONS = (
    _cpsr(CPSR_E, "E"), _cpsr(CPSR_A, "A"), _register("vbar", 0x1000),
    _loosened(CNTKCTL, "CNTKCTL open"), _loosened(PMUSERENR, "PMUSERENR open"),
)
VARIATIONS = (
    Variation("the base state", _nothing),
    _cpsr(CPSR_I, "I"), _cpsr(CPSR_F, "F"),
    _register("sctlr", SCTLR_M, "SCTLR.M"), _register("sctlr", SCTLR_A, "SCTLR.A"),
    _register("sctlr", SCTLR_I, "SCTLR.I"), _register("sctlr", SCTLR_V, "SCTLR.V"),
    _register("ttbr0", LEVEL1 ^ OTHER_LEVEL1), _register("ttbr1", OTHER_LEVEL1),
    _register("dacr", 2), _register("cpacr", 0xF << 20),
    _register("contextidr", 7), _register("tpidrprw", 0x1234), _register("dfsr", 5),
    _register("ifsr", 5), _register("dfar", 0x1234), _register("ifar", 0x1234),
    _register("par", 0x1000), _register("fpexc", FPEXC_EN), _register("spsr_svc", 0x80),
    _register("spsr_irq", 0x80), _register("lr_irq", 0xFF), _register("prrr", 3),
    _register("ttbcr", 1),
    Variation("page frames", _moved), Variation("rights of a page", _kernel_page),
    Variation("time", _later), Variation("a stale TLB entry", _nothing, stale=True),
    *V7_VARIATIONS,
)
