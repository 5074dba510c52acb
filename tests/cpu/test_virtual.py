# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual processors: exits, traps of the guest, translations, interrupts, sleep."""

from __future__ import annotations

import ctypes as C
from collections.abc import Callable

import pytest

from vmm.cpu.selftest import scratch
from vmm.cpu.selftest.scratch import CODE, DATA, G1, G2, G3, NOP, SPARC_INC, SPARC_TA3, Scratch
from vmm.cpu.selftest.virtual import user_mode
from vmm.cpu.virtual import FETCH, LOAD, STORE, Space, Virtual
from vmm.native import library as native

READ, WRITE, EXECUTE = native.ENTRY_READ, native.ENTRY_WRITE, native.ENTRY_EXECUTE
ALL = READ | WRITE | EXECUTE
RD_PSR = 2 << 30 | G1 << 25 | 0x29 << 19  # rd %psr, %g1: privileged
UNMAPPED = 0x20000
ARM_NOP, ARM_INC, ARM_MRS_SPSR = 0xE1A00000, 0xE2800001, 0xE14F0000


class Guest:
    """A scratch machine in real user mode, its memory mapped one to one."""

    def __init__(self, machine: Scratch) -> None:
        self.machine = machine
        self.engine = machine.engine
        self.registers = machine.processor.registers
        self.virtual = user_mode(machine)
        self.vcpu = self.virtual.vcpu
        self.vcpu.kernel = 1
        self.space = Space(self.engine)
        for page in range(0, scratch.RAM, 0x1000):
            self.space.set(page, page, ALL, READ | EXECUTE)
        self.virtual.space = self.space
        self.virtual.set_fill_mode(native.FILL_SHADOW)
        self.exits: list[tuple[int, int, int]] = []  # kind, pc, instructions begun
        self.virtual.handlers.exit = self.skip
        self.ledger: list[tuple[int, int, int, int, int]] = []
        self.engine.handlers.ledger = self.ledger.extend
        self.engine.native.ledger_on = 1

    def skip(self, kind: int) -> int:
        """Note an exit and go on behind its instruction."""
        self.note(kind)
        self.advance()
        return native.HANDLED

    def note(self, kind: int) -> None:
        self.exits.append((kind, self.machine.processor.pc, self.engine.count))

    def advance(self) -> None:
        r = self.registers
        if self.machine.processor.architecture == "sparc":
            r["pc"], r["npc"] = r["npc"], r["npc"] + 4
        elif self.machine.processor.architecture == "arm":
            r["pc"] += 4
        else:
            r["eip"] += 1

    def run(self, code: bytes | list[int], instructions: int) -> int:
        self.machine.put(CODE, code)
        self.machine.processor.set_pc(CODE)
        return self.machine.run(instructions)


def sparc() -> Guest:
    return Guest(scratch.sparc())


def arm() -> Guest:
    return Guest(scratch.arm())


def x86() -> Guest:
    return Guest(scratch.x86())


# A privileged instruction between two others: code, its kind, its place, how many begin.
PRIVILEGED = (
    (sparc, [SPARC_INC, RD_PSR, SPARC_INC], 3, CODE + 4),
    (arm, [ARM_INC, ARM_MRS_SPSR, ARM_INC], 1, CODE + 4),
    (x86, b"\x40\xfa\x40", 13, CODE + 1),  # inc, cli, inc
)
COUNTER = {"sparc": "g1", "arm": "r0", "x86": "eax"}


@pytest.mark.parametrize(("make", "code", "kind", "pc"), PRIVILEGED)
def test_a_privileged_instruction_exits_once_uncounted_and_exact(
    make: Callable[[], Guest], code: bytes | list[int], kind: int, pc: int
) -> None:
    guest = make()
    assert guest.run(code, 3) == native.REASON_STOPPED
    assert guest.exits == [(kind, pc, 2)]
    assert guest.registers[COUNTER[guest.machine.processor.architecture]] == 2
    assert guest.engine.count == 3
    assert guest.ledger == [] and guest.engine.native.traps[kind] == 0
    assert guest.engine.native.exits == 1


@pytest.mark.parametrize(("make", "code", "kind", "pc"), PRIVILEGED)
def test_a_reflected_trap_is_counted_recorded_and_offered(
    make: Callable[[], Guest], code: bytes | list[int], kind: int, pc: int
) -> None:
    guest = make()
    offered: list[int] = []

    def trap(number: int) -> int:
        offered.append(number)
        return native.HANDLED

    guest.engine.handlers.trap = trap
    guest.engine.intercept([kind])
    actions: list[int] = []

    def left(number: int) -> int:
        actions.append(guest.virtual.reflect(number, guest.machine.processor.pc, 0x55, 7))
        return guest.skip(number)

    guest.virtual.handlers.exit = left
    guest.run(code, 3)
    assert actions == [native.HANDLED] and offered == [kind]
    assert guest.ledger == [(2, kind, pc, 0x55, 7)]
    assert guest.engine.native.traps[kind] == 1
    assert guest.engine.recent_traps() == guest.ledger


def test_a_trap_in_a_delay_slot_has_its_own_place() -> None:
    guest = sparc()
    places: list[tuple[int, int]] = []

    def left(kind: int) -> int:
        places.append((guest.registers["pc"], guest.registers["npc"]))
        return guest.skip(kind)

    guest.virtual.handlers.exit = left
    guest.machine.put(CODE + 0x40, [NOP])
    guest.run([0x10800010, SPARC_TA3], 3)  # ba CODE + 0x40; ta 3 in the slot
    assert places == [(CODE + 4, CODE + 0x40)]
    assert guest.registers["pc"] == CODE + 0x44


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


def test_requests_wait_until_the_virtual_processor_is_open() -> None:
    for make in (sparc, arm, x86):
        guest = make()
        nops = {sparc: [NOP] * 40, arm: [ARM_NOP] * 40, x86: b"\x90" * 40}[make]
        taken: list[int] = []

        def left(kind: int, taken: list[int] = taken, guest: Guest = guest) -> int:
            assert kind == native.KIND_VIRTUAL_INTERRUPT
            taken.append(guest.engine.count)
            guest.vcpu.open = 0
            return native.HANDLED

        guest.virtual.handlers.exit = left
        guest.engine.set_interrupt(2, True)
        guest.run(nops, 10)
        assert taken == []
        guest.vcpu.open = 2
        guest.machine.run(10)
        if make is sparc:
            assert taken == []  # no level is asked for
            guest.machine.processor.request(3)
            guest.vcpu.level = 3
            guest.machine.run(5)
            assert taken == []
            guest.vcpu.level = 2
            guest.machine.run(5)
            assert taken == [25]
        else:
            assert taken == [10]


def test_halt_is_the_board_s_and_may_wake() -> None:
    guest = arm()
    slept: list[int] = []

    def halt() -> bool:
        slept.append(guest.engine.count)
        return len(slept) > 1

    guest.engine.handlers.halt = halt

    def left(kind: int) -> int:
        guest.virtual.halt()
        return guest.skip(kind)

    guest.virtual.handlers.exit = left
    assert guest.run([ARM_MRS_SPSR, ARM_NOP, ARM_MRS_SPSR, ARM_NOP], 9) == native.REASON_HALTED
    assert slept == [1, 3]
    assert guest.machine.processor.pc == CODE + 12


@pytest.mark.parametrize("which", ["exit", "fill"])
def test_what_a_handler_raises_comes_out_of_run(which: str) -> None:
    guest = sparc()

    def broken(*_: int) -> int:
        raise LookupError("on purpose")

    setattr(guest.virtual.handlers, which, broken)
    guest.registers["g2"] = UNMAPPED
    code = [NOP, RD_PSR if which == "exit" else scratch.load_store(0, G3, G2), NOP]
    with pytest.raises(LookupError, match="on purpose"):
        guest.run(code, 3)
    assert guest.registers["pc"] == CODE + 4


def test_a_fill_that_lies_is_an_engine_failure_not_a_guest_s_mistake() -> None:
    guest = arm()
    guest.virtual.handlers.fill = lambda address, access: 0
    guest.registers["r2"] = UNMAPPED
    assert guest.run([0xE5923000], 1) == native.REASON_ABORT
    assert b"no entry for 0x20000" in guest.engine.native.message


def test_a_structure_of_another_shape_is_refused() -> None:
    class Small(C.Structure):
        _fields_ = (*native.VCPU_HEADER, ("words", C.c_uint32 * 3))

    with pytest.raises(ValueError, match="Small is not the structure"):
        Virtual(scratch.sparc().engine, Small())


def test_a_detached_engine_is_a_bare_machine_again() -> None:
    guest = sparc()
    guest.run([RD_PSR], 1)
    guest.virtual.detach()
    guest.registers["psr"] = 0x20
    guest.registers["mmu.control"] = 0
    guest.run([RD_PSR], 1)
    assert len(guest.exits) == 1
    assert guest.registers["pc"] == scratch.HANDLER + 0x30


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


@pytest.mark.parametrize("make", [sparc, arm, x86])
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
