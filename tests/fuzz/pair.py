# SPDX-License-Identifier: GPL-2.0-or-later
"""One random instruction stream run in two ways, which must do the same.

A stream is made on a bare machine; its processor's state and its memory are
copied to another, which runs it some other way (`Way`), and the first runs it
plainly.  `Run` is everything that a machine did.
"""

from __future__ import annotations

import ctypes as C
import random
from dataclasses import dataclass, replace
from typing import Any

from stream_machine import BOARDS, DATA, LIBRARY, RAM, REGION, STACK, StreamMachine

from vmm.boards import Options, create
from vmm.cpu import execution, saved
from vmm.cpu.engine import HALTED
from vmm.cpu.sparc.processor import HARD
from vmm.cpu.sparc.registers import INTERRUPT_INDEX, MMU
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending, Outcome
from vmm.memory.frames import PAGE, Frames
from vmm.monitor import Monitor, virtualize
from vmm.monitor.assist.control_block import Controls
from vmm.state.snapshot import restore, take

MEMCMP = C.CDLL(None).memcmp
MEMCMP.argtypes = C.c_void_p, C.c_void_p, C.c_size_t
SOME = 32  # streams after which all of memory is compared
STORMS = 100  # cycles that a stream may take besides its instructions
LOW = (0x7000, 0x1000), (0x10000, REGION)  # x86 streams share these
PAGES, PAGES_END, PAGED = 0x4000, 0x6000, 4  # x86: a stream's page tables; the flag of its shape
ACCESSED_DIRTY = 0x60
REFUSED = "the guest's page tables "  # cannot be used, may not be so
ARM_CP_REGS, RI_FIELD_OFFSET = 46112, 48  # as in offsets.h
ARM_MMU_ON = 1  # of a stream's shape
ARM_TABLES = slice(0x2000, 0x3000), slice(0x4000, 0x8000)  # of streams of these seeds
MIXED_SEEDS = 10_000  # native/fuzz.h
ARM_LINES = 0x02, 0x10  # of the engine's requests: IRQ, FIQ
ARM_PARKED_R13, ARM_PARKED_R14, ARM_SVC = 0x1A0, 0x1C0, 0x1D3
ARM_WITHOUT_SPSR = (0x10, 0x1F)
ARM_VECTORS, ARM_VECTORS_END = 0xC10, 0xE10  # also those behind d31, which VLD and VST can reach
ARM_EXCLUSIVE, ARM_EXCLUSIVE_END = 0xEC0, 0xED8  # what the exclusive monitor knows
ARM_ABSENT = ("_hyp", "_mon")  # modes that are not there for a virtual kernel


FLAGS = ("stepped", "sliced", "restored", "watched", "intercepted", "counted", "readable")


@dataclass(frozen=True, slots=True)
class Way:
    """How the other machine runs a stream."""

    technique: str = ""  # of vmm.monitor.TECHNIQUES; "": bare
    policy: str = ""
    readable: bool = False  # the policy that is written in Python
    stepped: bool = False  # one instruction at a time
    sliced: bool = False  # a few instructions at a time
    restored: bool = False  # the same, each time from a snapshot of what was left
    watched: bool = False  # with breakpoints and watchpoints, going on at each
    intercepted: bool = False  # with all traps shown to Python
    counted: bool = False  # with instructions counted as they begin
    delivery: str = "native"

    @property
    def virtual(self) -> bool:
        """Whether its processor's privileged state is that of a virtual CPU."""
        return self.technique not in ("", "assist")

    @classmethod
    def named(cls, name: str) -> Way:
        """From its name: `stepped`, `python`, `translate/lazy`, `translate/strict+watched` ..."""
        way = cls()
        for part in name.split("+"):
            if part in FLAGS:
                way = replace(way, **{part: True})
            elif part == "python":
                way = replace(way, delivery=part)
            else:
                technique, _, policy = part.partition("/")
                way = replace(way, technique=technique, policy=policy)
        return way


@dataclass(frozen=True)
class Run:
    """What one machine did with a stream."""

    ending: Ending
    text: str
    instructions: int
    traps: list[tuple[int, ...]]
    registers: dict[str, int]
    memory: bytes  # the stream's region

    def differences(self, other: Run) -> list[str]:
        """Where two runs are not the same, in a few lines."""
        lines = [
            f"{name}: {getattr(self, name)!r}, not {getattr(other, name)!r}"
            for name in ("ending", "text", "instructions")
            if getattr(self, name) != getattr(other, name)
        ]
        pairs = zip(self.traps + [()], other.traps + [()], strict=False)
        lines += [f"trap {one}, not {two}" for one, two in pairs if one != two][:2]
        lines += [f"{name}: {value:#x}, not {other.registers[name]:#x}"
                  for name, value in self.registers.items() if value != other.registers[name]]
        if self.memory != other.memory:
            different = [at for at, (one, two) in enumerate(
                zip(self.memory, other.memory, strict=True)) if one != two]
            lines.append(f"memory at {', '.join(f'+{at:#x}' for at in different[:8])}")
        return lines


class Pair:
    """A bare machine that streams are made on, and one that runs them another way."""

    def __init__(self, arch: str, mode: str, way: Way, seed: int) -> None:
        self.arch, self.way, self.seed = arch, way, seed
        self.maker = StreamMachine(arch, mode, seed)
        self.maker.setting = chosen = replace(self.maker.setting, watched="")
        self.bare = self.maker.machine
        self.bare.traps.set_delivery("native")
        self.bare.traps.on_trap = None
        self.bare.traps.intercept(())
        self.other = create(Options(BOARDS[arch], properties=chosen.properties, cpu=chosen.cpu,
                                    ram=RAM, bios=LIBRARY.with_name("nothing.bin")))
        self.other.traps.set_delivery("python" if way.delivery == "python" else "native")
        self.monitor: Monitor | None = None
        if way.technique == "assist":
            controls = Controls.everything(arch, self.other.processor.trap_kinds())
            self.monitor = virtualize(self.other, "assist", controls=controls)
        elif way.technique:
            options = {"cold_calls": seed % 3} if way.technique == "translate" else {}
            self.monitor = virtualize(self.other, way.technique, way.policy or None,
                                      readable=way.readable, **options)
        if way.intercepted:
            self.other.traps.watch(lambda kind: None)
        if way.counted:
            execution.count_instructions(self.other.engine, True)
        self._rams = [self._ram(machine) for machine in (self.bare, self.other)]
        self.spoilt = False  # what one machine has done the other has not: neither is of use
        self._places = self._arm_places() if arch == "arm" and way.virtual else []
        self._traps: dict[Machine, list[Any]] = {self.bare: [], self.other: []}
        for machine, traps in self._traps.items():
            machine.ledger.record(traps.extend)

    def _ram(self, machine: Machine) -> Frames:
        return next(m.frames for m in machine.bus.memory if m.name.endswith("RAM"))

    # -- the stream on both machines -------------------------------------------------

    def _make(self, index: int) -> tuple[int, int]:
        """Where the stream's memory is, and how long it may run."""
        self.maker._dll.fuzz_stream(self.maker._fuzz, self.seed, index)
        made = self.maker._fuzz.contents
        low = LOW if self.arch == "x86" else ()
        for at, size in ((made.region, REGION), *low):
            memory = self.bare.bus.read_memory(at, size)
            assert memory is not None
            self.other.bus.write_memory(at, memory)
            self.bare.engine.forget_code(at, size)
        C.c_uint32.from_address(self.other.engine.cpu + HALTED).value = 0
        if self.way.virtual and self.arch == "sparc":
            self._copy_sparc()
        elif self.way.virtual and self.arch == "arm":
            self._copy_arm()
        else:
            saved.restore(self.other.engine, saved.take(self.bare.engine))
            C.memset(self.other.engine.native.device_pcs, 0, 8192)
            self.other.engine.handlers.derived()
        return made.region, made.budget

    def _request(self) -> int:
        return C.c_uint32.from_address(self.bare.engine.cpu + saved.INTERRUPT_REQUEST).value

    def _copy_sparc(self) -> None:
        registers, bare = self.other.processor.registers, self.bare.processor.registers
        wanted = bare.snapshot()
        for name in ("psr", *wanted):  # the window first
            registers[name] = wanted[name]
        assert registers.snapshot() == wanted
        for machine in (self.bare, self.other):  # round as FSR says
            engine = machine.engine
            engine.function("helper_ldfsr_sparc", C.c_uint32, C.c_void_p, C.c_uint32, C.c_uint32)(
                engine.env, wanted["fsr"], wanted["fsr"])
        real, copy = (m.engine.words(4 * MMU, 32) for m in (self.bare, self.other))
        copy[5:] = real[5:]
        line, copied = (m.engine.words(4 * INTERRUPT_INDEX, 1) for m in (self.bare, self.other))
        copied[0] = line[0]
        self.other.engine.set_interrupt(HARD, bool(self._request() & HARD))
        assert self.monitor is not None
        self.monitor.memory.flush(None)

    def _arm_places(self) -> list[int]:
        """Where in the engine's register file system registers of cp15 are."""
        engine = self.bare.engine
        find = engine.function("get_arm_cp_reginfo_arm", C.c_void_p, C.c_void_p, C.c_uint32)
        table = C.c_void_p.from_address(engine.cpu + ARM_CP_REGS).value
        found = (find(table, 15 << 16 | key) for key in range(1 << 15))
        places = {C.c_int64.from_address(info + RI_FIELD_OFFSET).value for info in found if info}
        return sorted(place for place in places if place)

    def _copy_arm(self) -> None:
        bare = self.bare.processor.registers
        bare["cpacr"] = bare["cpacr"]  # the generator sets bits that no write sets
        hidden = (ARM_VECTORS, ARM_VECTORS_END), (ARM_EXCLUSIVE, ARM_EXCLUSIVE_END)
        for start, end in (*((place, place + 16) for place in self._places), *hidden):
            C.memmove(self.other.engine.env + start, self.bare.engine.env + start, end - start)
        registers, wanted = self.other.processor.registers, self.registers(self.bare)
        registers["cpsr"] = ARM_SVC  # in User and System mode the engine has parked values of these
        registers["sp_usr"] = self.bare.engine.words(ARM_PARKED_R13, 1)[0]
        registers["lr_usr"] = self.bare.engine.words(ARM_PARKED_R14, 1)[0]
        for name in ("cpsr", *wanted):  # the mode first
            if registers[name] != wanted[name]:
                registers[name] = wanted[name]
        if wanted["cpsr"] & 0x1F in ARM_WITHOUT_SPSR:  # the engine has one all the same
            registers["spsr"] = bare["spsr"]
        assert self.registers(self.other) == wanted
        for line in ARM_LINES:
            self.other.engine.set_interrupt(line, bool(self._request() & line))
        assert self.monitor is not None
        self.monitor.memory.flush(None)

    def registers(self, machine: Machine) -> dict[str, int]:
        """Those that both have; SPSR of a virtual ARM is one of another mode's by its own name."""
        known: dict[str, int] = machine.processor.registers.snapshot()
        if self.arch != "arm" or not self.way.virtual:
            return dict(known)
        return {name: value for name, value in known.items()
                if not name.endswith(ARM_ABSENT) and name != "spsr"
                and name in self.other.processor.registers.table}

    # -- running it -----------------------------------------------------------------

    def _run(self, machine: Machine, region: int, budget: int) -> Run:
        traps = self._traps[machine]
        traps.clear()
        start = machine.engine.count
        limit = machine.clock.at_cycle(
            machine.engine.cycles + budget + STORMS,
            lambda: machine.stop(Outcome.time("trap storm")))
        way = self.way if machine is self.other else Way()
        machine.stepping = way.stepped
        if way.watched:
            watch(machine, region)
        machine.rewind()
        outcome = self._go_on(machine, way, start + budget)
        machine.clock.cancel(limit)
        machine.engine.drain_ledger()
        memory = machine.bus.read_memory(region, REGION)
        assert memory is not None
        return Run(outcome.ending, outcome.text, machine.engine.count - start,
                   [(count - start, *rest) for count, *rest in traps],
                   self.registers(machine), memory)

    def _go_on(self, machine: Machine, way: Way, until: int) -> Outcome:
        chosen = random.Random(until)
        longest = 8 if way.sliced else 40 if way.restored else 0
        while True:
            end = machine.engine.count + chosen.randrange(1, longest) if longest else until
            outcome = machine.run(until=min(until, end))
            stopped = machine.stopped_at_breakpoint or machine.stopped_at_watchpoint
            if not stopped and (not machine.stopped_at_count or machine.engine.count >= until):
                return outcome
            if way.restored:
                restore(machine, take(machine))

    def _tables_changed(self, before: bytes, after: bytes) -> bool:
        shape = self.maker._fuzz.contents.shape
        if self.arch == "x86" and shape & PAGED:
            return changed(before[PAGES:PAGES_END], after[PAGES:PAGES_END])
        return self.arch == "arm" and bool(shape & ARM_MMU_ON) and self.seed >= MIXED_SEEDS and any(
            before[part] != after[part] for part in ARM_TABLES)

    def compare(self, index: int, everywhere: bool = False) -> tuple[Run, list[str]]:
        """Run a stream on both: what it did the other way, and what is different.

        Memory outside its region is compared with `everywhere`, and after some streams.
        """
        region, budget = self._make(index)
        before = self.bare.bus.read_memory(region, REGION)
        assert before is not None
        found = self._run(self.other, region, budget)
        expected = self._run(self.bare, region, budget)
        lines = found.differences(expected)
        if not lines and (everywhere or index % SOME == SOME - 1):
            lines = self._memories()
        self.spoilt = bool(lines)
        if self._tables_changed(before, expected.memory):
            return found, []  # what of them is in a TLB may be what they were
        if found.text.startswith(REFUSED):
            return found, []  # tables that this policy does not take
        return found, lines

    def _memories(self) -> list[str]:
        """Where the two memories are not the same, also outside the regions of streams."""
        one, two = self._rams
        if not MEMCMP(one.address, two.address, RAM):
            return []
        page = next(at for at in range(0, RAM, PAGE)
                    if one.view[at:at + PAGE] != two.view[at:at + PAGE])
        return [f"memory in page {page:#x} of RAM, by one of the last {SOME} streams"]


def watch(machine: Machine, region: int) -> None:
    """Stop at some of the addresses that streams come to."""
    machine.set_breakpoints(region + 4 * i for i in range(2, 66, 9))
    machine.engine.watch_before = region // REGION % 2 == 0
    machine.set_watchpoints([
        (region + DATA, 0x40, "write"), (region + DATA + 0x60, 3, "access"),
        (region + STACK, 0x800, "read"), (region, 0x20, "access"),
    ])


def changed(before: bytes, after: bytes) -> bool:
    """Whether there are other x86 page table entries, accessed and dirty flags aside."""
    return before != after and any(
        (one ^ two) & ~(ACCESSED_DIRTY if at % 4 == 0 else 0)
        for at, (one, two) in enumerate(zip(before, after, strict=True)) if one != two)
