# SPDX-License-Identifier: GPL-2.0-or-later
"""A processor for memory policies to serve: it has a TLB, and nothing else.

It accesses memory as a processor with shadow translation does: by what it
remembers, else by its space, else by asking the policy.  Forgetting to flush
it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vmm.cpu.arm.models import MODELS
from vmm.cpu.walk import Walk
from vmm.cpu.x86.state import EFER_NXE
from vmm.machine.bus import Bus
from vmm.monitor.memory import lazy
from vmm.monitor.memory.arm import ArmTables
from vmm.monitor.memory.base import STORE, Fault, MemoryCounters, MemoryPolicy
from vmm.monitor.memory.guest import Guest
from vmm.monitor.memory.native_guard import NativeGuard
from vmm.monitor.memory.physical import PhysicalMemory
from vmm.monitor.memory.sparc import SparcTables
from vmm.monitor.memory.table_guard import Guard, TableGuard
from vmm.monitor.memory.tables import USER, WRITES, Tables
from vmm.monitor.memory.x86 import X86Tables

# By name, what makes a guard of exposed tables.
GUARDS: dict[str, Callable[[Guest, MemoryCounters, range], Guard]] = {
    "readable": lambda guest, counters, owned: TableGuard(
        guest.mmu, guest.memory, guest.tables, counters, owned),
    "native": lambda guest, counters, owned: NativeGuard(
        guest.mmu, guest.memory, guest.tables, counters, owned),
}
PAGE = 0x1000
EXCEPTION = 7
SIZE = 0x10000


class DictSpace:
    """A space."""

    def __init__(self) -> None:
        self.entries: dict[int, int] = {}

    def get(self, address: int) -> int:
        return self.entries.get(address >> 12, 0)

    def put(self, address: int, entry: int) -> None:
        self.entries[address >> 12] = entry
        if not entry:
            del self.entries[address >> 12]

    def clear(self) -> None:
        self.entries.clear()


@dataclass
class Processor:
    """Its TLB and its memory of ``size`` bytes at ``base``."""

    order: str
    base: int
    size: int
    policy: MemoryPolicy
    make_tables: Callable[[PhysicalMemory], Tables]
    registers: dict[str, int]
    tlb: dict[int, int] = field(default_factory=dict)
    through: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    fill_privileged: bool = True
    roles: set[int] = field(default_factory=set)
    fill_physical: int = 0
    stops: list[str] = field(default_factory=list)
    flat: bool = False
    floating: int = 0  # the byte that is read where nobody answers

    def __post_init__(self) -> None:
        self.bus = Bus(self.order, self.floating)
        self.ram = self.bus.add_memory(self.base, self.size, "ram")
        self.memory = PhysicalMemory(self.bus)
        self.tables = self.make_tables(self.memory)
        self.space: DictSpace | None = DictSpace()
        self.policy.serve(Guest(  # type: ignore[attr-defined]
            self, DictSpace, self.memory, self.tables, self.registers, self.refuse,
            self.stops.append,
        ))

    # -- what a policy asks of it ---------------------------------------------------

    def use(self, space: DictSpace | None) -> None:
        self.space, self.flat = space, False
        self.tlb.clear()

    def use_none(self) -> None:
        self.space, self.flat = None, True
        self.tlb.clear()

    def set_role(self, frame: int, role: bool) -> None:
        (self.roles.add if role else self.roles.discard)(frame)
        self.tlb.clear()

    def flush_page(self, address: int) -> None:
        self.tlb.pop(address >> 12, None)

    def flush(self) -> None:
        self.tlb.clear()

    def store_through(self, address: int) -> None:
        self.through.add(address >> 12)

    def refuse(self, fault: Fault) -> int:
        self.faults.append(fault)
        return EXCEPTION

    # -- what its guest does -----------------------------------------------------------

    def access(self, address: int, access: int, user: bool) -> int | Fault:
        """The physical address that an access reaches, or its fault."""
        if self.flat:
            return address
        page = address >> 12
        wanted = 1 << access << (USER if user else 0)
        if not self.tlb.get(page, 0) & wanted:
            self.fill_privileged = not user
            fill = self._walk if self.space is None else self._ask
            entry = fill(address, access, user, wanted)
            if isinstance(entry, Fault):
                return entry
            if page in self.through:
                return (entry & 0xFFFFFFFFF000) | address & 0xFFF
            self.tlb[page] = entry
        return (self.tlb[page] & 0xFFFFFFFFF000) | address & 0xFFF

    def _ask(self, address: int, access: int, user: bool, wanted: int) -> int | Fault:
        assert self.space is not None
        entry = self.space.get(address)
        if not entry & wanted:
            if self.policy.fill(address, access):
                return self.faults[-1]
            entry = self.space.get(address)
            assert entry & wanted or (access == STORE and address >> 12 in self.through)
        return entry

    def _walk(self, address: int, access: int, user: bool, wanted: int) -> int | Fault:
        """The processor's own walk: exposed tables."""
        found = self.tables.find(address, access, user)
        if found.fault is not None:
            return found.fault
        rights = found.rights
        if found.frame >> 12 in self.roles and rights & WRITES:
            rights &= ~WRITES
            if access == STORE:
                self.fill_physical = found.frame
                assert self.policy.fill(address, access) == 0
                if found.frame >> 12 not in self.roles:
                    rights = found.rights
                else:
                    assert address >> 12 in self.through
        return found.frame | rights

    def poke(self, address: int, value: int, size: int = 4) -> None:
        """Memory changes by a way that no translation sees."""
        self.memory.store(address, size, value)

    def store(self, address: int, user: bool, value: int, size: int = 4) -> bool:
        """A store through the current translation; whether it was allowed."""
        physical = self.access(address, STORE, user)
        if isinstance(physical, Fault):
            return False
        if physical + size <= self.base + self.size:
            self.poke(physical, value, size)
        if self.through:
            self.through.clear()
            self.policy.stored()
        return True

    def set_registers(self, values: dict[str, int]) -> None:
        """Write registers of the virtual processor."""
        for name, value in values.items():
            named = f"mmu.{name}"
            self.registers[named if named in self.registers else name] = value

    def peek(self, address: int, size: int = 4) -> int:
        value = self.memory.load(address, size)
        assert value is not None
        return value

    def walk(self, address: int, access: int, user: bool) -> Walk:
        """What the tables say now."""
        return self.tables.walk(address, access, user)

    def content(self) -> bytes:
        return bytes(self.ram.frames.view)


# -- one of each architecture, with 64 KiB of memory ------------------------------------


def x86(policy: MemoryPolicy | None = None, **registers: int) -> Processor:
    """Registers not given are 0."""
    state = {"cr0": 0, "cr3": 0, "cr4": 0, "efer": 0, **registers}
    return Processor(
        "little", 0, SIZE, policy or lazy.Policy(),
        lambda memory: X86Tables(memory, no_execute=lambda: bool(state["efer"] & EFER_NXE)),
        state, floating=0xFF)


def sparc(policy: MemoryPolicy | None = None, **registers: int) -> Processor:
    """``control``, ``ctxtbl`` and ``context`` of the MMU."""
    state = {"control": 0, "ctxtbl": 0, "context": 0, **registers}
    named = {f"mmu.{name}": value for name, value in state.items()}
    return Processor("big", 0, SIZE, policy or lazy.Policy(), SparcTables, named)


def arm(policy: MemoryPolicy | None = None, **registers: int) -> Processor:
    """A Cortex-A15."""
    names = ("sctlr", "ttbr0", "ttbr1", "ttbcr", "dacr", "ttbr0_64", "ttbr1_64")
    state = {**dict.fromkeys(names, 0), "cpsr": 0x13, **registers}
    return Processor("little", 0, SIZE, policy or lazy.Policy(),
                     lambda memory: ArmTables(memory, MODELS["cortex-a15"]), state)
