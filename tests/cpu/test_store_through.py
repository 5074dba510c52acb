# SPDX-License-Identifier: GPL-2.0-or-later
"""Stores that a monitor lets through a protection: made by one instruction, and told behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from virtual_guests import COUNTER, READ, UNMAPPED, Guest, arm, sparc, x86

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import DATA, G2, G3, SPARC_INC
from vmm.cpu.virtual import STORE
from vmm.native import library as native

# Two stores and a marker: the second store needs the monitor again.
STORES = (
    (sparc, [scratch.load_store(4, G3, G2), scratch.load_store(4, G3, G2, 4), SPARC_INC], "g2"),
    (arm, [0xE5823000, 0xE5823004, 0xE2800001], "r2"),
    (x86, b"\x89\x0a\x89\x4a\x04\x40", "edx"),
)


@pytest.mark.parametrize(("make", "code", "pointer"), STORES)
def test_a_store_through_protection_is_one_instruction_s(
    make: Callable[[], Guest], code: bytes | list[int], pointer: str
) -> None:
    guest = make()
    guest.registers[pointer] = DATA
    guest.registers[{"g2": "g3", "r2": "r3", "edx": "ecx"}[pointer]] = 0x11223344
    guest.space.set(DATA, DATA, READ, 0)
    seen: list[tuple[str, int, int]] = []

    def fill(address: int, access: int) -> int:
        assert access == STORE
        seen.append(("fill", address, guest.machine.word(address)))
        guest.virtual.store_through(address)
        return 0

    def stored() -> None:
        place = DATA + 4 * (len(seen) // 2)
        seen.append(("stored", guest.engine.count, guest.machine.word(place)))

    guest.virtual.handlers.fill, guest.virtual.handlers.stored = fill, stored
    guest.run(code, 3)
    assert seen == [
        ("fill", DATA, 0), ("stored", 1, 0x11223344), ("fill", DATA + 4, 0),
        ("stored", 2, 0x11223344),
    ]
    assert guest.registers[COUNTER[guest.machine.processor.architecture]] == 1
    assert guest.engine.count == 3 and guest.exits == []


def test_a_store_over_two_protected_pages_is_told_once() -> None:
    guest = x86()
    for page in (DATA, DATA + 0x1000):
        guest.space.set(page, page, READ, 0)
    told: list[bytes] = []

    def fill(address: int, access: int) -> int:
        guest.virtual.store_through(address)
        return 0

    guest.virtual.handlers.fill = fill
    guest.virtual.handlers.stored = lambda: told.append(
        guest.machine.memory[DATA + 0xFFE : DATA + 0x1002]
    )
    guest.registers["edx"], guest.registers["ecx"] = DATA + 0xFFE, 0x04030201
    guest.run(b"\x89\x0a\x90", 2)
    assert told == [b"\1\2\3\4"]
    assert guest.engine.count == 2


def test_a_trap_in_the_middle_of_a_store_through_is_told_after_it() -> None:
    guest = arm()
    told: list[str] = []

    def fill(address: int, access: int) -> int:
        if address >= UNMAPPED:
            return 4
        guest.virtual.store_through(address)
        return 0

    guest.virtual.handlers.fill = fill
    guest.virtual.handlers.stored = lambda: told.append("stored")
    guest.virtual.handlers.exit = lambda kind: told.append("trap") or native.STOP
    guest.space.set(UNMAPPED - 0x1000, DATA, READ, 0)
    guest.registers["r2"] = UNMAPPED - 4
    guest.run([0xE8820003], 1)  # stm r2, {r0, r1}
    assert told == ["stored", "trap"]


def test_a_protected_page_that_is_stored_to_by_a_string_is_told_each_time() -> None:
    guest = x86()
    guest.space.set(DATA, DATA, READ, 0)
    told: list[bytes] = []

    def fill(address: int, access: int) -> int:
        guest.virtual.store_through(address)
        return 0

    guest.virtual.handlers.fill = fill
    guest.virtual.handlers.stored = lambda: told.append(guest.machine.memory[DATA : DATA + 3])
    guest.registers["edi"], guest.registers["ecx"], guest.registers["eax"] = DATA, 3, 0x41
    guest.run(b"\xf3\xaa\x90", 20)  # rep stosb
    assert [one for one in told if one] == [b"A\0\0", b"AA\0", b"AAA"]
