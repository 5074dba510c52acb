# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's own tables, walked by the engine with the virtual privilege and validated."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from virtual_guests import Guest, arm, sparc, x86

from vmm.cpu.selftest.scratch import CODE, DATA, G2, G3, NOP, NOWHERE, SPARC_INC, load_store
from vmm.cpu.virtual import STORE
from vmm.native import library as native

KERNEL_ONLY, FOR_ALL = 0x20000, 0x21000  # virtual; in the frames DATA and DATA + 0x1000


def mappings() -> list[tuple[int, int, bool]]:
    """(virtual, physical, for user mode too): memory as it is, and two pages more."""
    pages = [(page, page, True) for page in range(0, 0x10000, 0x1000)]
    return [*pages, (KERNEL_ONLY, DATA, False), (FOR_ALL, DATA + 0x1000, True)]


def sparc_tables(guest: Guest) -> None:
    """SRMMU tables in one frame (SPARC V8 manual, appendix H.3.2)."""
    table, r = 0x2000, guest.registers
    guest.machine.put(table, [(table + 0x400) >> 4 | 1])
    guest.machine.put(table + 0x400, [(table + 0x800) >> 4 | 1])
    guest.machine.put(table + 0x800, [(table + 0x900) >> 4 | 1])
    for virtual, physical, user in mappings():
        entry = physical >> 4 | (3 if user else 7) << 2 | 2
        guest.machine.put(table + 0x900 + (virtual >> 12) * 4, [entry])
    r["mmu.ctxtbl"], r["mmu.context"], r["mmu.control"] = table >> 4, 0, 1


def arm_tables(guest: Guest) -> None:
    """Short-descriptor tables (DDI 0406C, B3.5.1)."""
    table, r = 0x9000, guest.registers
    guest.machine.put(0x4000, [table | 1])
    for virtual, physical, user in mappings():
        guest.machine.put(table + (virtual >> 12) * 4, [physical | (0x30 if user else 0x10) | 2])
    r["ttbr0"], r["dacr"], r["sctlr"] = 0x4000, 1, r["sctlr"] | 1


def x86_tables(guest: Guest) -> None:
    """32-bit paging (Intel SDM volume 3A, 4.3)."""
    table, r = 0x3000, guest.registers
    guest.machine.put(0x2000, [table | 7])
    for virtual, physical, user in mappings():
        guest.machine.put(table + (virtual >> 12) * 4, [physical | 3 | 4 * user])
    r["cr3"], r["cr0"] = 0x2000, 0x80010011


# Maker, tables, load and store through the pointer into and from the value, the exception
# of a refused access, the register that has its address.
Plan = tuple[Callable[[], Guest], Callable[[Guest], None], str, str, int, str]
PLANS: tuple[Plan, ...] = (
    (sparc, sparc_tables, "g2", "g3", 9, "mmu.far"),
    (arm, arm_tables, "r2", "r3", 4, ""),
    (x86, x86_tables, "edx", "ecx", 14, "cr2"),
)
LOADS: dict[str, bytes | list[int]] = {
    "sparc": [load_store(0, G3, G2), SPARC_INC, NOP], "arm": [0xE5923000, 0xE2800001],
    "x86": b"\x8b\x0a\x40",
}
STORES: dict[str, bytes | list[int]] = {
    "sparc": [load_store(4, G3, G2), SPARC_INC, NOP], "arm": [0xE5823000, 0xE2800001],
    "x86": b"\x89\x0a\x40",
}


def prepare(make: Callable[[], Guest], tables: Callable[[Guest], None]) -> Guest:
    guest = make()
    tables(guest)
    guest.virtual.space = None
    guest.virtual.set_fill_mode(native.FILL_EXPOSED)
    guest.virtual.set_view(native.VIEW_KERNEL)
    return guest


def arch(guest: Guest) -> str:
    return guest.machine.processor.architecture


@pytest.mark.parametrize(("make", "tables", "pointer", "value", "kind", "far"), PLANS)
def test_exposed_tables_are_walked_with_the_virtual_privilege(
    make: Callable[[], Guest], tables: Callable[[Guest], None], pointer: str, value: str,
    kind: int, far: str,
) -> None:
    guest = prepare(make, tables)
    guest.machine.put(DATA, [0x12345678])
    guest.registers[pointer] = KERNEL_ONLY
    for mode in (1, 0, 1, 0):
        guest.vcpu.kernel = mode
        guest.virtual.set_view(native.VIEW_KERNEL if mode else native.VIEW_USER)
        guest.registers[value] = 0
        guest.virtual.handlers.exit = lambda number: guest.note(number) or native.STOP
        guest.run(LOADS[arch(guest)], 2)
        assert guest.registers[value] == (0x12345678 if mode else 0)
    assert [(number, pc) for number, pc, _ in guest.exits] == [(kind, CODE)] * 2
    if far:
        assert guest.registers[far] & ~0xFFF == KERNEL_ONLY
    assert guest.engine.native.fill_exits == 0


@pytest.mark.parametrize(("make", "tables", "pointer", "value", "kind", "far"), PLANS)
def test_a_store_to_a_frame_with_a_role_is_validated(
    make: Callable[[], Guest], tables: Callable[[Guest], None], pointer: str, value: str,
    kind: int, far: str,
) -> None:
    guest = prepare(make, tables)
    guest.registers[pointer], guest.registers[value] = FOR_ALL + 8, 0x55667788
    guest.run(STORES[arch(guest)], 2)  # no role yet: a translation that may write
    guest.virtual.set_role(DATA + 0x1000, 1)
    told: list[tuple[int, int, int]] = []

    def fill(address: int, access: int) -> int:
        told.append((address, access, guest.virtual.fill_physical & ~0xFFF))
        guest.virtual.store_through(address)
        return 0

    guest.virtual.handlers.fill = fill
    guest.virtual.handlers.stored = lambda: told.append(
        (guest.machine.word(DATA + 0x1008), -1, guest.engine.count)
    )
    guest.run(LOADS[arch(guest)], 2)
    assert guest.registers[value] == 0x55667788 and told == []
    guest.registers[value] = 0x99AABBCC
    count = guest.engine.count
    guest.run(STORES[arch(guest)], 2)
    assert told == [(FOR_ALL + 8, STORE, DATA + 0x1000), (0x99AABBCC, -1, count + 1)]

    # Refused, it traps and changes nothing.
    guest.virtual.handlers.fill = lambda address, access: kind
    guest.virtual.handlers.exit = lambda number: guest.note(number) or native.STOP
    guest.registers[value] = 1
    guest.run(STORES[arch(guest)], 2)
    assert guest.exits == [(kind, CODE, count + 3)]
    assert guest.machine.word(DATA + 0x1008) == 0x99AABBCC

    # Without the role it is a page like any other.
    guest.virtual.set_role(DATA + 0x1000, 0)
    guest.engine.flush_tlb()
    guest.run(STORES[arch(guest)], 2)
    assert guest.machine.word(DATA + 0x1008) == 1


@pytest.mark.parametrize("make", [sparc, arm, x86])
def test_without_translation_an_address_is_its_place_in_both_modes(
    make: Callable[[], Guest]
) -> None:
    guest = make()
    pointer = {"sparc": "g2", "arm": "r2", "x86": "edx"}[arch(guest)]
    value = {"sparc": "g3", "arm": "r3", "x86": "ecx"}[arch(guest)]
    guest.virtual.space = None
    guest.virtual.set_fill_mode(native.FILL_FLAT)
    guest.machine.put(DATA, [0x10203040])
    guest.registers[pointer] = DATA
    for mode, view in ((1, native.VIEW_KERNEL), (0, native.VIEW_USER)):
        guest.vcpu.kernel = mode
        guest.virtual.set_view(view)
        guest.registers[value] = 0
        guest.run(LOADS[arch(guest)], 2)
        assert guest.registers[value] == 0x10203040
    guest.virtual.handlers.exit = lambda number: guest.note(number) or native.STOP
    guest.registers[pointer] = NOWHERE
    guest.run(LOADS[arch(guest)], 2)
    bus_error = {"sparc": [(9, CODE, 5)], "arm": [(4, CODE, 5)], "x86": []}[arch(guest)]
    assert guest.exits == bus_error
    assert guest.engine.native.fill_exits == 0
