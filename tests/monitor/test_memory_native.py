# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow tables kept by the native layer, held against the policies that are written in Python.

Both serve the same random guests.  After each thing that a guest does they have the same
entries in the space in use, the same memory (accessed and dirty flags), the same
faults and the same counts.
"""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable, Sequence
from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_guest import DictSpace, Processor
from test_memory_properties import FORMATS, TRIES, live

from vmm.boards import Options, create
from vmm.cpu.arm.registers import SYSTEM, cp_key
from vmm.cpu.arm.walk import TTBCR_EAE
from vmm.cpu.engine import Engine
from vmm.cpu.sparc.registers import MMU
from vmm.cpu.virtual import Space
from vmm.cpu.x86.registers import CR
from vmm.cpu.x86.state import EFER, ERROR_CODE
from vmm.memory.frames import Frames
from vmm.monitor import Monitor, virtualize
from vmm.monitor.memory import lazy, native, strict
from vmm.monitor.memory.base import Fault
from vmm.monitor.memory.guest import Guest
from vmm.monitor.sparc.processor import CONTEXT, CONTEXT_TABLE, FAULT_ADDRESS, FAULT_STATUS
from vmm.native.library import FILL_FLAT

ARM_EXCEPTION = 3024  # in CPUARMState: syndrome, status, address

READABLE = {"lazy": lazy.Policy, "strict": strict.Policy}
BOARDS = {"x86": "pc", "pae": "pc", "sparc": "leon3", "arm": "virt", "lpae": "virt"}


@cache
def monitor(board: str) -> Monitor:
    """Of a machine that never runs; what its memory policy is told goes nowhere."""
    return virtualize(create(Options(board=board, bare=True)), "translate", "lazy", readable=True)


class X86:
    """Registers of the engine, for what the guest is said to have in them."""

    def __init__(self, engine: Engine) -> None:
        self._cr = (C.c_uint64 * 5).from_address(engine.env + CR)
        self._error = C.c_int32.from_address(engine.env + ERROR_CODE)
        self._efer = C.c_uint64.from_address(engine.env + EFER)

    def take(self, registers: dict[str, int]) -> None:
        for name in ("cr0", "cr3", "cr4"):
            self._cr[int(name[2])] = registers[name]
        self._efer.value = registers["efer"]

    def check_fault(self, fault: Fault) -> None:
        assert (self._cr[2], self._error.value) == (fault.address, fault.status)


class Arm:
    """TTBR0 and TTBR1 are words of 64 bits, of which short descriptors use half."""

    def __init__(self, engine: Engine) -> None:
        place = {system.name: cp_key(system, False) for system in SYSTEM}
        word = engine.library.dll.vmm_arm_system_word
        self._words = {
            name: (C.c_uint64 if name.startswith("ttbr") else C.c_uint32).from_address(
                word(engine.pointer, place[name]))
            for name in ("sctlr", "ttbcr", "ttbr0", "ttbr1", "dacr")
        }
        self._fault = engine.env + ARM_EXCEPTION

    def take(self, registers: dict[str, int]) -> None:
        suffix = "_64" if registers["ttbcr"] & TTBCR_EAE else ""
        for name, word in self._words.items():
            word.value = registers[name + suffix if name.startswith("ttbr") else name]

    def check_fault(self, fault: Fault) -> None:
        status = C.c_uint32.from_address(self._fault + 4).value
        address = C.c_uint64.from_address(self._fault + 8).value
        assert (status, address) == (fault.status, fault.address)


class Sparc:
    """The MMU's registers, of which the control register is the virtual processor's."""

    def __init__(self, engine: Engine) -> None:
        assert engine.virtual is not None
        self._vcpu = engine.virtual.vcpu
        self._mmu = engine.words(4 * MMU, 32)

    def take(self, registers: dict[str, int]) -> None:
        self._vcpu.mmu_control = registers["mmu.control"]
        self._mmu[CONTEXT_TABLE] = registers["mmu.ctxtbl"]
        self._mmu[CONTEXT] = registers["mmu.context"]
        self._mmu[FAULT_STATUS] = 0

    def check_fault(self, fault: Fault) -> None:
        found = self._mmu[FAULT_STATUS], self._mmu[FAULT_ADDRESS]
        assert found == (fault.status, fault.address & -0x1000)


Registers = X86 | Arm | Sparc
REGISTERS: dict[str, Callable[[Engine], Registers]] = {"pc": X86, "virt": Arm, "leon3": Sparc}


class Twins:
    """The policy of a name, twice: what one does the other must do."""

    def __init__(self, name: str, board: str) -> None:
        self.name = name
        self._python, self._native = READABLE[name](), native.Policy(name)
        self.counters = self._python.counters
        self.asked = 0  # fills that the native layer left to Python
        self._engine = monitor(board).engine
        self._registers = REGISTERS[board](self._engine)
        self._dll, self._pointer = self._engine.library.dll, self._engine.pointer
        self._dll.vmm_shadow_free(self._pointer)

    def serve(self, guest: Guest) -> None:
        """``guest`` is the Python policy's; the other has a copy of its memory."""
        mmu = guest.mmu
        assert isinstance(mmu, Processor)
        self._processor = mmu
        self._python.serve(guest)
        self._copy = Processor(
            mmu.order, mmu.base, mmu.size, lazy.Policy(), mmu.make_tables, mmu.registers)
        self._copy.fill_privileged = mmu.fill_privileged
        theirs = Guest(self._copy, DictSpace, self._copy.memory, self._copy.tables, mmu.registers,
                       self._copy.refuse, self._copy.stops.append)
        self._prepare()
        self._native.serve(theirs, self._engine, native.windows(self._copy.bus))
        self._compare()

    # -- both ------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """The copy is as the Python policy's memory and registers are."""
        frames: Frames = self._copy.ram.frames
        frames.view[:] = self._processor.ram.frames.view
        self._registers.take(self._processor.registers)
        self._copy.fill_privileged = self._processor.fill_privileged
        self._engine.native.fill_privileged = self._processor.fill_privileged

    def _compare(self) -> None:
        assert self._native.counters == self._python.counters
        assert self._copy.content() == self._processor.content()
        space = self._processor.space
        address = self._engine.native.space
        assert (space is None) == (address is None) == self._processor.flat
        assert (monitor_fill_mode(self._engine) == FILL_FLAT) == self._processor.flat
        if space is None or address is None:
            return
        known = Space.at(self._engine, address)
        entries = {page: known.get(page << 12) for page in PAGES}
        assert {page: entry for page, entry in entries.items() if entry} == space.entries

    def context_changed(self) -> None:
        self._prepare()
        self._python.context_changed()
        self._native.context_changed()
        self._compare()

    def flush(self, address: int | None) -> None:
        self._prepare()
        self._python.flush(address)
        self._native.flush(address)
        self._compare()

    def fill(self, address: int, access: int) -> int:
        self._prepare()
        answer = self._python.fill(address, access)
        number = C.c_int()
        before = len(self._copy.faults)
        if not self._dll.vmm_shadow_fill(self._pointer, address, access, C.byref(number)):
            self.asked += 1
            number.value = self._native.fill(address, access)
            assert self._copy.faults[before:] == self._processor.faults[before:][-1:] or not answer
        elif answer:
            self._registers.check_fault(self._processor.faults[-1])
        assert (number.value != 0) == (answer != 0)
        used = self._engine.native.through_used
        through = {page >> 12 for page in self._engine.native.through[:used]}
        assert through == self._processor.through
        self._compare()
        return answer

    def stored(self) -> None:
        self._prepare()
        self._python.stored()
        self._engine.native.through_used = 0
        assert self._dll.vmm_shadow_stored(self._pointer)
        self._compare()

    def wrote(self, address: int, size: int) -> None:
        self._prepare()
        self._python.wrote(address, size)
        self._native.wrote(address, size)
        self._compare()

    def update(self, entries: Sequence[tuple[int, int]]) -> bool:
        self._prepare()
        accepted = self._python.update(entries)
        assert self._native.update(entries) == accepted
        self._compare()
        return accepted

    def forget(self) -> None:
        self._prepare()
        self._python.forget()
        self._native.forget()
        self._compare()

    def protects(self, frame: int) -> bool:
        assert isinstance(self._python, strict.Policy)
        answer = self._python.protects(frame)
        assert self._native.protects(frame) == answer
        return answer


PAGES = sorted({page >> 12 for kind in FORMATS.values() for page in kind.pages})


def monitor_fill_mode(engine: Engine) -> int:
    assert engine.virtual is not None
    return int(engine.virtual.vcpu.fill_mode)


@pytest.mark.parametrize("policy", READABLE)
@pytest.mark.parametrize("name", BOARDS)
def test_both_do_the_same_for_the_same_guest(name: str, policy: str) -> None:
    @TRIES
    @given(st.integers(0, 1 << 32))
    def check(seed: int) -> None:
        twins = Twins(policy, BOARDS[name])
        run = live(FORMATS[name], twins, seed, exact=policy == "strict")
        slots = run.kind.slots
        random = Random(seed)
        for _ in range(4):
            twins.update([(random.choice(slots), run.kind.value(random)) for _ in slots])
        twins.forget()
        assert not twins.asked, "all tables are in memory"

    check()
