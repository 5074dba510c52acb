# SPDX-License-Identifier: GPL-2.0-or-later
"""What a memory policy knows of the guest that it serves, and of the processor beneath."""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from vmm.cpu.virtual import Space as EngineSpace
from vmm.cpu.virtual import Virtual
from vmm.machine.outcome import Outcome
from vmm.monitor.memory.base import Fault, MemoryPolicy, PolicyError
from vmm.monitor.memory.physical import PhysicalMemory
from vmm.monitor.memory.tables import Memory, Registers, Tables
from vmm.native import library as native

if TYPE_CHECKING:
    from vmm.monitor.base import Monitor


class Space(Protocol):
    """The translations of one address space (`vmm.cpu.virtual.Space`).

    An entry is a frame's address with the rights of `tables`; 0 is none.
    """

    def get(self, address: int) -> int: ...
    def put(self, address: int, entry: int) -> None: ...
    def clear(self) -> None: ...


class Mmu(Protocol):
    """The processor's translation (`vmm.cpu.virtual.Virtual`)."""

    @property
    def fill_privileged(self) -> bool:
        """In a fill: whether the access has the kernel's rights."""
        ...

    def use(self, space: Space | None) -> None:
        """Translate by ``space`` from the next access on; nothing is remembered.

        None: by the guest's own tables, with frames that have a role protected.
        """
        ...

    def flush_page(self, address: int) -> None:
        """Forget what the processor remembers of a page."""
        ...

    def flush(self) -> None:
        """Forget all that the processor remembers."""
        ...

    @property
    def fill_physical(self) -> int:
        """In a fill for a store to a frame with a role: a physical address in it."""
        ...

    def use_none(self) -> None:
        """Take addresses for their places from the next access on: translation is off."""
        ...

    def set_role(self, frame: int, role: bool) -> None:
        """Give a frame (a number) a role, or take it; nothing is remembered."""
        ...

    def store_through(self, address: int) -> None:
        """In a fill: let just the current instruction store to the page.

        The policy's `stored` is called at its end.
        """
        ...


@dataclass(frozen=True, slots=True)
class Guest:
    """All of it."""

    mmu: Mmu
    new_space: Callable[[], Space]
    memory: Memory
    tables: Tables
    registers: Registers
    refuse: Callable[[Fault], int]  # keeps a fault for the virtual trap; the exception to raise
    stop: Callable[[str], None]  # the guest has done what it may not


class EngineMmu:
    """`Mmu` of an engine that a virtual processor runs on."""

    def __init__(self, virtual: Virtual, monitor: Monitor) -> None:
        self._virtual = virtual
        self._engine = virtual.engine
        self._monitor = monitor

    @property
    def fill_privileged(self) -> bool:
        return self._virtual.fill_privileged

    @property
    def fill_physical(self) -> int:
        return self._virtual.fill_physical

    def use(self, space: Space | None) -> None:
        self._virtual.space = cast(EngineSpace | None, space)
        self._virtual.set_fill_mode(
            native.FILL_EXPOSED if space is None else native.FILL_SHADOW
        )

    def use_none(self) -> None:
        self._virtual.space = None
        self._virtual.set_fill_mode(native.FILL_FLAT)

    def set_role(self, frame: int, role: bool) -> None:
        self._virtual.set_role(frame << 12, int(role))

    def flush_page(self, address: int) -> None:
        self._virtual.flush_page(address)

    def flush(self) -> None:
        self._engine.flush_tlb()

    def store_through(self, address: int) -> None:
        note_store(self._virtual, self._monitor)
        self._virtual.store_trapped()
        self._virtual.store_through(address)


def note_store(virtual: Virtual, monitor: Monitor) -> None:
    """In a fill: the store that wants it is let through to a page of tables."""
    if monitor.profile is not None:
        pc = virtual.fill_pc
        if pc not in virtual.annotated:  # these are a page's first touch, no trapped store
            monitor.note_store(pc)


def guest_of(monitor: Monitor, memory: PhysicalMemory | None = None) -> Guest:
    """The guest of a monitor that has just taken its machine over."""
    virtual = virtual_of(monitor)
    memory = memory or PhysicalMemory(monitor.machine.bus)
    return Guest(
        EngineMmu(virtual, monitor), lambda: EngineSpace(virtual.engine), memory,
        tables_of(monitor, memory), monitor.machine.processor.registers, monitor.refuse,
        lambda text: monitor.machine.stop(Outcome.crash(text)),
    )


def virtual_of(monitor: Monitor) -> Virtual:
    """What runs the guest on the engine."""
    virtual = monitor.engine.virtual
    if virtual is None:
        raise PolicyError("the machine has not been taken over")
    return virtual


def tables_of(monitor: Monitor, memory: Memory) -> Tables:
    """The format of the guest's page tables; PolicyError if it is one that shadows cannot have."""
    processor = monitor.machine.processor
    # Only one architecture's modules are needed, and every start of the command comes by here.
    if processor.architecture == "sparc":
        from vmm.monitor.memory.sparc import SparcTables

        return SparcTables(memory)
    if processor.architecture == "arm":
        from vmm.cpu.arm.models import MODELS as ARM_MODELS
        from vmm.monitor.memory.arm import ArmTables

        return ArmTables(memory, ARM_MODELS[processor.model])
    from vmm.cpu.x86.registers import A20_MASK
    from vmm.cpu.x86.state import EFER, EFER_NXE
    from vmm.monitor.memory.x86 import X86Tables

    a20 = C.c_int32.from_address(monitor.engine.env + A20_MASK)
    efer = C.c_uint64.from_address(monitor.engine.env + EFER)
    return X86Tables(memory, lambda: a20.value, lambda: bool(efer.value & EFER_NXE))


def take_over(monitor: Monitor, policy: MemoryPolicy) -> None:
    """Have the policy answer the guest's fills, and hear of what is written for the guest."""
    virtual = virtual_of(monitor)
    virtual.handlers.fill = policy.fill
    virtual.handlers.stored = policy.stored
    monitor.engine.handlers.derived = policy.forget
    bus = monitor.machine.bus
    told = bus.on_host_write

    def wrote(address: int, size: int) -> None:
        told(address, size)
        policy.wrote(address, size)

    bus.on_host_write = wrote


def store_entries(guest: Guest, entries: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Store table entries for the guest, up to the first that is no place for one."""
    size = guest.tables.entry_size
    place, most = guest.memory.place, 1 << 8 * size
    for index, (address, value) in enumerate(entries):
        if address % size or value >= most or not place(address, size, value):
            return entries[:index]
    return entries
