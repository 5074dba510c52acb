# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual processor's translations: asked for, refused, kept apart by view, executed from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from virtual_guests import (
    ALL,
    COUNTER,
    EXECUTE,
    READ,
    UNMAPPED,
    WRITE,
    Guest,
    arm,
    arm926,
    sparc,
    x86,
)

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, DATA, G1, G2, G3, NOP, SPARC_INC, SPARC_TA3
from vmm.cpu.virtual import FETCH, LOAD, STORE, Space
from vmm.native import library as native

ARM_NOP = 0xE1A00000

LOADS = (
    (sparc, [NOP, scratch.load_store(0, G3, G2), NOP], "g2", "g3", 9),
    (arm, [ARM_NOP, 0xE5923000, ARM_NOP], "r2", "r3", 4),
    (x86, b"\x90\x8b\x0a\x90", "edx", "ecx", 14),
)


@pytest.mark.parametrize(("make", "code", "pointer", "target", "number"), LOADS)
def test_a_missing_entry_is_asked_for_and_the_instruction_goes_on(
    make: Callable[[], Guest], code: bytes | list[int], pointer: str, target: str, number: int
) -> None:
    guest = make()
    asked: list[tuple[int, int, bool, int]] = []

    def fill(address: int, access: int) -> int:
        asked.append((address, access, guest.virtual.fill_privileged, guest.engine.count))
        guest.space.set(address, DATA, READ, 0)
        return 0

    guest.virtual.handlers.fill = fill
    guest.machine.put(DATA + 8, [0x12345678])
    guest.registers[pointer] = UNMAPPED + 8
    guest.run(code, 3)
    assert [(a, b, c) for a, b, c, _ in asked] == [(UNMAPPED + 8, LOAD, True)]
    assert guest.registers[target] == 0x12345678
    assert guest.engine.count == 3 and guest.exits == []


@pytest.mark.parametrize(("make", "code", "pointer", "target", "number"), LOADS)
def test_a_refused_access_is_an_exit_at_its_instruction(
    make: Callable[[], Guest], code: bytes | list[int], pointer: str, target: str, number: int
) -> None:
    guest = make()
    guest.virtual.handlers.fill = lambda address, access: number
    guest.registers[pointer] = UNMAPPED
    length = 2 if isinstance(code, bytes) else 4
    place = CODE + (1 if isinstance(code, bytes) else 4)

    def left(kind: int) -> int:
        guest.note(kind)
        if len(guest.exits) < 3:  # a monitor may have mended it: try again
            guest.virtual.restart()
        else:
            guest.registers[pointer] = DATA
            guest.virtual.restart()
        return native.HANDLED

    guest.virtual.handlers.exit = left
    guest.run(code, 3)
    # Three times the same fault, never a double fault, and the instruction counts once.
    assert guest.exits == [(number, place, 2)] * 3
    assert guest.engine.count == 3
    assert guest.machine.processor.pc == place + length + (1 if length == 2 else 4)


def test_rights_are_those_of_the_virtual_mode() -> None:
    for make in (sparc, arm, x86):
        guest = make()
        store = {"sparc": [scratch.load_store(4, G3, G2)], "arm": [0xE5823000],
                 "x86": b"\x89\x0a"}[guest.machine.processor.architecture]
        pointer = {"sparc": "g2", "arm": "r2", "x86": "edx"}[guest.machine.processor.architecture]
        guest.registers[pointer] = DATA
        guest.run(store, 1)
        refused: list[tuple[int, int, bool]] = []

        def fill(
            address: int, access: int, refused: list[tuple[int, int, bool]] = refused,
            guest: Guest = guest,
        ) -> int:
            refused.append((address, access, guest.virtual.fill_privileged))
            return 9

        guest.virtual.handlers.fill = fill
        guest.vcpu.kernel = 0
        guest.virtual.set_view(native.VIEW_USER)
        guest.run(store, 1)
        assert refused == [(DATA, STORE, False)]
        assert [kind for kind, _, _ in guest.exits] == [9]


def test_a_fetch_from_a_missing_page_is_filled_or_refused() -> None:
    guest = sparc()
    asked: list[tuple[int, int]] = []

    def fill(address: int, access: int) -> int:
        asked.append((address, access))
        if address < UNMAPPED + 0x1000:
            guest.space.set(address, DATA, EXECUTE, 0)
            return 0
        return 1

    guest.virtual.handlers.fill = fill
    guest.machine.put(DATA, [SPARC_INC] * 1024)
    guest.machine.processor.set_pc(UNMAPPED + 0xFF8)
    guest.virtual.handlers.exit = lambda kind: guest.note(kind) or native.STOP
    assert guest.machine.run(10) == native.REASON_STOPPED
    assert asked == [(UNMAPPED + 0xFF8, FETCH), (UNMAPPED + 0x1000, FETCH)]
    assert guest.exits == [(1, UNMAPPED + 0x1000, 2)]


def test_a_fill_that_lies_is_an_engine_failure_not_a_guest_s_mistake() -> None:
    guest = arm()
    guest.virtual.handlers.fill = lambda address, access: 0
    guest.registers["r2"] = UNMAPPED
    assert guest.run([0xE5923000], 1) == native.REASON_ABORT
    assert b"no entry for 0x20000" in guest.engine.native.message


def test_each_view_has_its_own_blocks_and_translations() -> None:
    """One address, other code and other data in each mode; changing it fills nothing anew."""
    add = {sparc: lambda n: [scratch.load_store(0, G3, G2), scratch.alu(0, G1, G1, n), SPARC_TA3],
           arm: lambda n: [0xE5923000, 0xE2800000 | n, 0xEF000000],
           x86: lambda n: b"\x8b\x0a\x83\xc0" + bytes([n]) + b"\xcd\x21"}
    for make, code in add.items():
        guest = make()
        arch = guest.machine.processor.architecture
        pointer, target = {"sparc": ("g2", "g3"), "arm": ("r2", "r3"), "x86": ("edx", "ecx")}[arch]
        spaces = {}
        for view, frame, step in ((native.VIEW_KERNEL, 0x2000, 1), (native.VIEW_USER, 0x3000, 100)):
            spaces[view] = space = Space(guest.engine)
            space.set(CODE, frame, ALL, ALL)
            space.set(UNMAPPED, frame + 0x4000, ALL, ALL)
            guest.machine.put(frame, code(step))
            guest.machine.put(frame + 0x4000, [step])
        seen: list[int] = []

        def use(view: int, guest: Guest = guest, spaces: dict[int, Space] = spaces) -> None:
            # Not through `space`, which empties the TLB: as if one space had both modes.
            guest.engine.native.space = spaces[view].address
            guest.virtual.set_view(view)

        def left(
            kind: int, guest: Guest = guest, seen: list[int] = seen, target: str = target
        ) -> int:
            seen.append(guest.registers[target])
            use(native.VIEW_USER if len(seen) % 2 else native.VIEW_KERNEL)
            guest.machine.processor.set_pc(CODE)
            return native.HANDLED

        guest.virtual.handlers.exit = left
        guest.registers[pointer] = UNMAPPED
        use(native.VIEW_KERNEL)
        guest.machine.processor.set_pc(CODE)
        guest.machine.run(3 * 20)
        fills = guest.engine.native.fills
        blocks = guest.engine.native.blocks_translated
        guest.machine.run(3 * 200)
        assert seen == [1, 100] * 110, arch
        assert guest.registers[COUNTER[arch]] == 110 * 101
        assert guest.engine.native.fills == fills
        assert guest.engine.native.blocks_translated - blocks <= 2

        # One page dropped, or all of them: in the view that is parked as well.
        for drop, now in (
            (lambda guest=guest: guest.virtual.flush_page(UNMAPPED), [100, 1]),
            (guest.engine.flush_tlb, [1, 100]),
        ):
            for space in spaces.values():
                space.set(UNMAPPED, space.get(UNMAPPED) & native.ENTRY_FRAME ^ 0x1000, ALL, ALL)
            drop()
            guest.machine.run(3 * 2)
            assert seen[-2:] == now


def test_every_part_of_a_page_is_translated_where_the_tlb_has_smaller_ones() -> None:
    guest = arm926()
    frame = {UNMAPPED: DATA}

    def fill(address: int, access: int) -> int:
        guest.space.set(address, frame[UNMAPPED], ALL, 0)
        return 0

    guest.virtual.handlers.fill = fill
    for offset in (0x800, 0, 0xC04, 0x400):
        guest.machine.put(DATA + offset, [offset])
        guest.machine.put(DATA + 0x1000 + offset, [offset + 1])
    for _ in range(2):
        for offset in (0x800, 0, 0xC04, 0x400):
            guest.registers["r2"] = UNMAPPED + offset
            guest.run([0xE5923000], 1)
            assert guest.registers["r3"] == offset + (frame[UNMAPPED] != DATA)
        frame[UNMAPPED] = DATA + 0x1000
        guest.space.put(UNMAPPED, 0)
        guest.virtual.flush_page(UNMAPPED)
    assert guest.engine.native.fill_exits == 2


@pytest.mark.parametrize("make", [sparc, arm, arm926, x86])
def test_code_stored_through_a_mapping_without_execution_is_obeyed(
    make: Callable[[], Guest]
) -> None:
    guest = make()
    arch = guest.machine.processor.architecture
    pointer, value = {"sparc": ("g2", "g3"), "arm": ("r2", "r3"), "x86": ("edx", "ecx")}[arch]
    guest.space.set(UNMAPPED, DATA, READ | WRITE, 0)
    guest.space.set(DATA, DATA, READ | EXECUTE, 0)
    store = {"sparc": [scratch.load_store(4, G3, G2)], "arm": [0xE5823000],
             "x86": b"\x89\x0a"}[arch]
    wanted = 0
    for step in range(1, 6):  # each time the page has just been run
        guest.registers[pointer] = UNMAPPED
        guest.registers[value] = {
            "sparc": scratch.alu(0, G1, G1, step), "arm": 0xE2800000 | step,
            "x86": int.from_bytes(b"\x83\xc0" + bytes([step]) + b"\x90", "little"),
        }[arch]
        guest.run(store, 1)
        guest.machine.processor.set_pc(DATA)
        guest.machine.run(1)
        wanted += step
        assert guest.registers[COUNTER[arch]] == wanted
