# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an instruction is run: a processor, one MiB of memory, and eyes on all of its state.

A laboratory puts its processor into a state once, saves it, and begins every
run from what was saved.  Each instruction lies at an address of its own in the
code page, so its translation serves all runs of one state.

What a user program can see after a run (`Run.results`) is told by name;
everything else in the engine's register file is privileged, and changes of it
are told by the register's name or, where it has none here, by its place.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from vmm.cpu import saved
from vmm.cpu.engine import NEVER, Engine
from vmm.cpu.processor import Processor
from vmm.monitor.theorem.instruction import Instruction, Mode, Run, Variation
from vmm.native import library as native

MEMORY = 1 << 20  # bytes, from physical address 0
PAGE = 0x1000
CODE, CODE_PAGES = 0x10000, 8
SLOT = 32  # bytes of code for each instruction
DATA, STACK, PROBE = 0x20000, 0x21000, 0x22000  # pages, by virtual address
LOADER = CODE + CODE_PAGES * PAGE - SLOT  # code that reads PROBE
TARGET = 0x000E0E00  # where jumps and returns lead: the same in both byte orders
MOVED = 0x40000  # how much higher the frames of the moved pages are
PAGES = (*range(CODE, CODE + CODE_PAGES * PAGE, PAGE), DATA, STACK)  # what is moved
FRESH = 0x30000  # the frame that PROBE has after its entry has changed
SOURCE = DATA + 0x100  # operands in memory
PALINDROME = 0x5A5A5A5A  # the same in both byte orders


class Bench(Protocol):
    """What an architecture adds: how its states are made, and what of them is whose."""

    processor: Processor
    variations: Sequence[Variation]
    results: Sequence[str]  # registers that a user program sees
    privileged: Sequence[str]  # registers that it does not
    hidden: Sequence[tuple[int, int]]  # where the register file holds neither, nor padding
    padding: bytes  # what follows an instruction
    load: bytes  # code that loads a word from PROBE, whose address is in `pointer`, to `loaded`
    pointer: str
    loaded: str

    def base(self, lab: Laboratory, mode: Mode) -> None:
        """Put the processor into the state that the variations start from."""
        ...

    def visible(self) -> dict[str, int]:
        """What a user program sees and no register of `results` says."""
        ...

    def control(self) -> dict[str, int]:
        """The privileged part of registers that are only in part the user's."""
        ...

    def supervises(self) -> bool:
        """Whether the processor is in supervisor mode."""
        ...

    def point(self, lab: Laboratory, virtual: int, frame: int) -> None:
        """Change the page table entry of PROBE, and nothing else."""
        ...

    def enter(self, address: int, thumb: bool) -> None:
        """Continue at an instruction."""
        ...


class Laboratory:
    """The memory and the observations around one architecture's bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.engine: Engine = bench.processor.engine
        self.memory = mmap.mmap(-1, MEMORY)
        self._anchor = ctypes.c_char.from_buffer(self.memory)
        self.engine.map_memory(0, MEMORY, ctypes.addressof(self._anchor))
        self.engine.map_hole()
        self.engine.intercept(range(native.TRAP_KINDS))
        self.frames: dict[int, int] = {}
        self._trap: str | None = None
        self._effects: dict[str, tuple[int, int]] = {}
        self._stop_at = NEVER
        handlers = self.engine.handlers
        handlers.trap = self._trapped
        handlers.event = self._event
        handlers.halt = self._halted
        handlers.port_in = self._port_in
        handlers.port_out = self._port_out
        bench.processor.read_physical = lambda at, size: bytes(self.memory[at : at + size])

    # -- memory -------------------------------------------------------------------

    def put(self, address: int, data: bytes) -> None:
        """Write physical memory."""
        self.memory[address : address + len(data)] = data

    def words(self, address: int, values: Iterable[int]) -> None:
        """Write 32-bit words in the processor's order."""
        order = self.bench.processor.byteorder
        self.put(address, b"".join(value.to_bytes(4, order) for value in values))

    def move(self) -> None:
        """Copy the program to other frames, where the caller's mapping then has it."""
        for page in PAGES:
            self.put(page + MOVED, self.memory[page : page + PAGE])
            self.put(page, bytes(PAGE))
            self.frames[page] = page + MOVED

    def frame(self, virtual: int) -> int:
        """The physical address of a virtual one."""
        return self.frames.get(virtual & -PAGE, virtual & -PAGE) + virtual % PAGE

    # -- what happens during a run ------------------------------------------------

    def _trapped(self, kind: int) -> int:
        self._trap = self.bench.processor.trap_name(kind)
        return native.STOP

    def _event(self) -> bool:
        self.engine.native.event_at = self._stop_at
        return self.engine.count >= self._stop_at

    def _halted(self) -> bool:
        self._effects["processor asleep"] = (0, 1)
        return True

    def _port_in(self, port: int, size: int) -> int:
        self._effects[f"reads of port {port:#x}"] = (0, 1)
        return PALINDROME & (1 << 8 * size) - 1

    def _port_out(self, port: int, size: int, value: int) -> None:
        self._effects[f"writes of port {port:#x}"] = (0, 1)

    def execute(self, code: bytes, **registers: int) -> None:
        """Run one instruction of our own, to make a state."""
        self.put(LOADER + SLOT // 2, code)
        for name, value in registers.items():
            self.bench.processor.registers[name] = value
        self.bench.enter(LOADER + SLOT // 2, False)
        self._run_one()
        if self._trap is not None:
            raise AssertionError(f"{self._trap} while a state is made")

    def _run_one(self) -> None:
        self._stop_at = self.engine.count + 1
        self.engine.set_event(self._stop_at)
        reason = self.bench.processor.run()
        if reason in (native.REASON_ERROR_MODE, native.REASON_SHUTDOWN):
            self._trap = self.bench.processor.crash_reason(reason).partition(":")[0]
        elif reason in (native.REASON_ABORT, native.REASON_ENGINE_ERROR):
            self._trap = "engine error"

    # -- states -------------------------------------------------------------------

    def _operands(self, instruction: Instruction, slot: int) -> None:
        registers = self.bench.processor.registers
        for address, data in instruction.memory.items():
            self.put(self.frame(address), data)
        for name, value in instruction.registers.items():
            registers[name] = value
        self.bench.enter(slot, instruction.thumb)

    def _control(self) -> dict[str, int]:
        registers = self.bench.processor.registers
        state = {name: registers[name] for name in self.bench.privileged}
        return state | self.bench.control()

    def _hidden(self) -> bytes:
        env = self.engine.env
        return b"".join(ctypes.string_at(env + a, b - a) for a, b in self.bench.hidden)

    def _place(self, index: int) -> int:
        """The offset in the register file of a byte of `_hidden`."""
        for start, end in self.bench.hidden:
            if index < end - start:
                return start + index
            index -= end - start
        raise IndexError(index)

    # -- runs ---------------------------------------------------------------------

    def runs(
        self, instructions: Sequence[Instruction], mode: Mode, variation: Variation
    ) -> Iterator[Run]:
        """Run each instruction in this state."""
        self.put(0, bytes(MEMORY))
        self.frames.clear()
        for page in (DATA, STACK):
            self.words(page, [PALINDROME] * (PAGE // 4))
        self._write_code(instructions)
        self.engine.forget_code(0, MEMORY)
        self._trap = None
        self.bench.base(self, mode)
        variation.apply(self, mode)
        state = saved.take(self.engine)
        before = self._control()
        data = [(page, self.frame(page)) for page in (DATA, STACK)]
        first = {page: bytes(self.memory[at : at + PAGE]) for page, at in data}
        if variation.stale:  # the first fetch from a page empties the TLB
            for page in (*range(CODE, CODE + CODE_PAGES * PAGE, PAGE), TARGET):
                saved.restore(self.engine, state)
                self.bench.enter(page, False)
                self._run_one()
        for index, instruction in enumerate(instructions):
            code = CODE + SLOT * index
            saved.restore(self.engine, state)
            for page, at in data:
                self.put(at, first[page])
            self._trap, self._effects = None, {}
            if variation.stale:
                self._make_stale()
            self._operands(instruction, code)
            operands = {page: bytes(self.memory[at : at + PAGE]) for page, at in data}
            hidden = self._hidden()
            self._run_one()
            if mode is Mode.USER and self._trap is None and self.bench.supervises():
                self._trap = "entry of supervisor mode"  # by a vector that only it can set
            if self._trap is not None:
                yield Run(mode, variation.name, self._trap, {}, {})
                continue
            changes = self._changes(before, hidden)
            results = self._results(operands)
            if variation.stale and not changes:
                changes |= self._find_stale()
            yield Run(mode, variation.name, self._trap, results, changes)

    def _write_code(self, instructions: Sequence[Instruction]) -> None:
        for index, instruction in enumerate(instructions):
            code = instruction.code + SLOT * self.bench.padding
            self.put(CODE + SLOT * index, code[:SLOT])
        self.put(TARGET, 4 * self.bench.padding)
        self.put(LOADER, self.bench.load + self.bench.padding)

    def _changes(self, before: dict[str, int], hidden: bytes) -> dict[str, tuple[int, int]]:
        after = self._control()
        changes = {
            name: (value, after[name]) for name, value in before.items() if value != after[name]
        }
        found = self._hidden()
        if not changes and found != hidden:
            index = next(i for i, pair in enumerate(zip(hidden, found, strict=True))
                         if pair[0] != pair[1])
            changes[f"state at {self._place(index):#x}"] = (hidden[index], found[index])
        return changes | self._effects

    def _results(self, operands: dict[int, bytes]) -> dict[str, int]:
        registers = self.bench.processor.registers
        results = {name: registers[name] for name in self.bench.results} | self.bench.visible()
        order = self.bench.processor.byteorder
        for page, data in operands.items():
            at = self.frame(page)
            now = bytes(self.memory[at : at + PAGE])
            if now == data:
                continue
            for word in range(0, PAGE, 4):
                if now[word : word + 4] != data[word : word + 4]:
                    value = int.from_bytes(now[word : word + 4], order)
                    results[f"[{page + word:#x}]"] = value
        return results

    # -- the TLB --------------------------------------------------------------------

    def _load_probe(self) -> int:
        registers = self.bench.processor.registers
        kept = registers[self.bench.pointer], registers[self.bench.loaded]
        registers[self.bench.pointer] = PROBE
        self.bench.enter(LOADER, False)
        self._run_one()
        found = registers[self.bench.loaded]
        registers[self.bench.pointer], registers[self.bench.loaded] = kept
        return found

    def _make_stale(self) -> None:
        """Have the TLB hold an entry for PROBE that the page table no longer has."""
        self.bench.point(self, PROBE, PROBE)
        self.words(PROBE, [0])
        self.words(FRESH, [1])
        self._load_probe()
        self.bench.point(self, PROBE, FRESH)

    def _find_stale(self) -> dict[str, tuple[int, int]]:
        fresh = self._load_probe()
        return {"TLB entries dropped": (0, 1)} if fresh == 1 else {}
