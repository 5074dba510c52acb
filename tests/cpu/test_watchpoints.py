# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accesses a watchpoint meets, instruction by instruction, and what is reported."""

from __future__ import annotations

import ctypes
import mmap

import pytest

from vmm.cpu.selftest import scratch as s
from vmm.cpu.selftest.scratch import CODE, DATA, DEVICE, G1, G2, Scratch, load_store
from vmm.cpu.watch import PORT, Access, Watchpoint
from vmm.native import library as native

STORED = 0xA1B2C3D4


class Watched:
    """A scratch machine that stops at watched accesses."""

    def __init__(self, scratch: Scratch, code: bytes | list[int]) -> None:
        self.scratch = scratch
        self.engine = scratch.engine
        self.registers = scratch.processor.registers
        scratch.put(CODE, code)
        self.access: Access | None = None
        handlers = self.engine.handlers
        handlers.event = self._event
        handlers.peek = self._peek

    def _peek(self, address: int, size: int) -> int | None:
        if address + size > s.RAM:
            return None
        return int.from_bytes(self.scratch.memory[address : address + size], self.scratch.order)

    def _event(self) -> bool:
        engine = self.engine
        engine.native.event_at = self.scratch.stop_at
        self.access = engine.take_access()
        return self.access is not None or engine.count >= self.scratch.stop_at

    def stops(self, instructions: int, *watchpoints: Watchpoint) -> list[tuple[int, Access]]:
        """(count, access) of every stop in the next ``instructions``."""
        self.engine.watchpoints.set(watchpoints)
        self.scratch.stop_at = end = self.engine.count + instructions
        found = []
        while self.engine.count < end:
            self.engine.set_event(end)
            self.access = None
            assert self.scratch.processor.run() == native.REASON_STOPPED
            if self.access is not None:
                found.append((self.engine.count, self.access))
        assert self.engine.count == end
        return found


def x86(code: bytes, **registers: int) -> Watched:
    watched = Watched(s.x86(), code + b"\x90" * 16)
    for name, value in registers.items():
        watched.registers[name] = value
    return watched


def arm(*code: int, **registers: int) -> Watched:
    watched = Watched(s.arm(), [*code, *[0xE1A00000] * 8])
    for name, value in registers.items():
        watched.registers[name] = value
    return watched


def sparc(*code: int, **registers: int) -> Watched:
    watched = Watched(s.sparc(), [*code, *[s.NOP] * 8])
    for name, value in registers.items():
        watched.registers[name] = value
    return watched


def store_x86(address: int) -> bytes:
    """mov [address], eax"""
    return b"\xa3" + address.to_bytes(4, "little")


def load_x86(address: int) -> bytes:
    """mov eax, [address]"""
    return b"\xa1" + address.to_bytes(4, "little")


def test_what_is_reported_of_a_store_in_the_middle_of_a_block() -> None:
    watched = x86(b"\x90" + store_x86(DATA) + b"\x90\x90", eax=STORED)
    watched.scratch.put(DATA, [0x11223344])
    assert watched.stops(4, (DATA, 4, "write")) == [
        (2, Access(DATA, 4, "write", 0x11223344, STORED, CODE + 1))
    ]
    assert watched.registers["eip"] == CODE + 8  # ran on to the end


def test_the_machine_stands_after_the_instruction() -> None:
    watched = x86(store_x86(DATA) + b"\x90")
    watched.engine.watchpoints.set([(DATA, 1, "write")])
    watched.scratch.stop_at = 10
    watched.scratch.processor.run()
    assert watched.registers["eip"] == CODE + 5


@pytest.mark.parametrize(("kind", "counts"), [("read", [1]), ("write", [2]), ("access", [1, 2])])
def test_kinds(kind, counts) -> None:
    watched = x86(load_x86(DATA) + store_x86(DATA))
    assert [count for count, _ in watched.stops(4, (DATA, 4, kind))] == counts


# An unaligned access of four bytes at DATA + 5 touches DATA + 5 to DATA + 8.
@pytest.mark.parametrize("code", [load_x86, store_x86])
@pytest.mark.parametrize(("byte", "met"), [(4, False), (5, True), (8, True), (9, False)])
def test_unaligned_accesses_touch_their_own_bytes_only(code, byte, met) -> None:
    watched = x86(code(DATA + 5))
    found = watched.stops(2, (DATA + byte, 1, "access"))
    assert [(count, a.address, a.size) for count, a in found] == [(1, DATA + 5, 4)] * met


@pytest.mark.parametrize(("byte", "met"), [(0xFFD, False), (0xFFE, True), (0x1001, True),
                                           (0x1002, False)])
def test_accesses_over_a_page_boundary(byte, met) -> None:
    watched = x86(store_x86(DATA + 0xFFE) + load_x86(DATA + 0xFFE))
    counts = [count for count, _ in watched.stops(3, (DATA + byte, 1, "access"))]
    assert counts == [1, 2] * met


def test_overlapping_watchpoints_and_a_range_of_pages() -> None:
    watched = x86(store_x86(DATA) + store_x86(DATA + 0x2000))
    several: tuple[Watchpoint, ...] = (
        (DATA, 8, "write"), (DATA + 2, 4, "access"), (DATA + 3, 0x1FFE, "read"),
    )
    assert [count for count, _ in watched.stops(3, *several)] == [1]
    far = x86(store_x86(DATA) + store_x86(DATA + 0x2000))
    assert [count for count, _ in far.stops(3, (DATA + 4, 0x1FFD, "write"))] == [2]


def test_each_turn_of_a_repeated_string_instruction() -> None:
    watched = x86(b"\xf3\xa4", ecx=8, esi=DATA, edi=DATA + 0x100)  # rep movsb
    watched.scratch.put(DATA, bytes(range(1, 9)))
    watched.engine.watchpoints.set([(DATA + 0x103, 1, "write")])
    watched.scratch.stop_at = 100
    watched.engine.set_event(100)
    watched.scratch.processor.run()
    assert watched.access == Access(DATA + 0x103, 1, "write", 0, 4, CODE)
    assert (watched.registers["ecx"], watched.registers["edi"]) == (4, DATA + 0x104)


def test_of_several_accesses_the_one_that_changes_memory_is_reported() -> None:
    code = b"\xff\x05" + DATA.to_bytes(4, "little")  # inc dword [DATA]
    changed = Access(DATA, 4, "write", 0, 1, CODE)
    assert x86(code).stops(2, (DATA, 4, "access")) == [(1, changed)]
    assert x86(code).stops(2, (DATA, 4, "write")) == [(1, changed)]
    assert x86(code).stops(2, (DATA, 4, "read")) == [(1, Access(DATA, 4, "read", 0, 0, CODE))]
    # strd r2, [r1]: the first word stays as it is
    watched = arm(0xE1C120F0, r1=DATA, r2=0, r3=5)
    assert watched.stops(2, (DATA, 8, "write")) == [(1, Access(DATA + 4, 4, "write", 0, 5, CODE))]


def test_stores_by_the_engines_own_helpers() -> None:
    watched = x86(b"\xd9\xee\xdb\x3d" + DATA.to_bytes(4, "little"))  # fldz; fstp tbyte [DATA]
    found = watched.stops(3, (DATA + 9, 1, "write"))
    assert [(count, a.address + a.size) for count, a in found] == [(2, DATA + 10)]


def test_the_frame_that_a_trap_pushes() -> None:
    watched = x86(b"\x0f\x0b")  # ud2: pushes EFLAGS, CS, EIP
    found = watched.stops(3, (0xF000 - 12, 4, "write"))
    assert [(a.address, a.kind, a.after) for _, a in found] == [(0xF000 - 12, "write", CODE)]


def test_ports() -> None:
    watched = x86(b"\xb0\x55\xe6\xe9\xe5\xe8")  # mov al, 0x55; out 0xe9, al; in eax, 0xe8
    watched.engine.handlers.port_in = lambda port, size: 0x1234
    assert watched.stops(4, (PORT | 0xE9, 1, "access")) == [
        (2, Access(0xE9, 1, "write", None, 0x55, CODE + 2, True)),
        (3, Access(0xE8, 4, "read", 0x1234, 0x1234, CODE + 4, True)),
    ]


def test_a_port_is_no_memory() -> None:
    assert x86(b"\xe6\x80" + store_x86(0x80)).stops(3, (PORT | 0x80, 1, "write"))[0][0] == 1
    assert x86(b"\xe6\x80").stops(2, (0x80, 1, "write")) == []


def test_the_guests_own_debug_registers_trap_beside_watchpoints() -> None:
    def machine() -> Watched:
        watched = x86(store_x86(DATA) + store_x86(DATA + 8) + b"\x90")
        watched.registers["dr0"] = DATA
        watched.registers["dr7"] = 0x000D0001  # write, four bytes
        return watched

    plain = machine()
    assert plain.stops(4) == []
    both = machine()
    found = both.stops(4, (DATA, 4, "write"), (DATA + 8, 4, "write"))
    assert [a.address for _, a in found] == [DATA]  # the guest's handler spins
    for watched in (plain, both):
        assert watched.registers["dr6"] & 1
        assert watched.engine.native.traps[1] == 1
        assert watched.registers["eip"] == s.HANDLER


def test_page_walks_are_no_accesses_but_the_guest_that_edits_a_table_is() -> None:
    tables, page_table = 0x2000, 0x3000
    code = b"\x0f\x22\xd8\x0f\x22\xc3"  # mov cr3, eax; mov cr0, ebx
    code += load_x86(DATA) + store_x86(page_table + 4 * 0xF)
    watched = x86(code, eax=tables, ebx=0x80000011)
    watched.scratch.put(tables, [page_table | 3])
    watched.scratch.put(page_table, [page << 12 | 3 for page in range(16)])
    found = watched.stops(6, (tables, 4, "access"), (page_table, 64, "access"))
    assert [(a.address, a.kind) for _, a in found] == [(page_table + 60, "write")]


@pytest.mark.parametrize("word", range(4))
def test_arm_multiple_transfers_finish(word) -> None:
    # stmia r1!, {r2-r5}; ldmdb r1!, {r6-r9}
    watched = arm(0xE8A1003C, 0xE93103C0, r1=DATA, r2=0x10, r3=0x11, r4=0x12, r5=0x13)
    found = watched.stops(4, (DATA + 4 * word, 4, "access"))
    assert found == [
        (1, Access(DATA + 4 * word, 4, "write", 0, 0x10 + word, CODE)),
        (2, Access(DATA + 4 * word, 4, "read", 0x10 + word, 0x10 + word, CODE + 4)),
    ]
    assert [watched.registers[f"r{i}"] for i in range(6, 10)] == [0x10, 0x11, 0x12, 0x13]
    assert watched.registers["r1"] == DATA


@pytest.mark.parametrize(("byte", "met"), [(0, False), (1, True), (4, True), (5, False)])
def test_arm_unaligned_words(byte, met) -> None:
    watched = arm(0xE5810001, 0xE5912001, r1=DATA)  # str r0, [r1, #1]; ldr r2, [r1, #1]
    assert [count for count, _ in watched.stops(3, (DATA + byte, 1, "access"))] == [1, 2] * met


def test_arm_exclusives_and_doubles() -> None:
    # ldrex r0, [r1]; strex r2, r3, [r1]; strd r4, [r1]
    watched = arm(0xE1910F9F, 0xE1812F93, 0xE1C140F0, r1=DATA, r3=7, r4=1, r5=2)
    found = watched.stops(4, (DATA, 8, "write"))
    assert [count for count, _ in found] == [2, 3]
    assert [count for count, _ in arm(0xE1910F9F, r1=DATA).stops(2, (DATA, 4, "read"))] == [1]


@pytest.mark.parametrize("offset", [0, 4])
def test_sparc_doubles(offset) -> None:
    std, ldd = load_store(0x07, G2, G1), load_store(0x03, 4, G1)
    watched = sparc(std, ldd, g1=DATA, g2=5, g3=6)
    found = watched.stops(4, (DATA + offset, 4, "access"))
    assert [(count, a.kind) for count, a in found] == [(1, "write"), (2, "read")]
    assert (watched.registers["g4"], watched.registers["g5"]) == (5, 6)


def test_sparc_in_a_delay_slot() -> None:
    store = load_store(0x04, G2, G1)
    branch = 0x10800003  # ba to three instructions on
    watched = sparc(s.NOP, branch, store, s.NOP, s.NOP, g1=DATA, g2=STORED)
    watched.engine.watchpoints.set([(DATA, 4, "write")])
    watched.scratch.stop_at = 20
    watched.engine.set_event(20)
    watched.scratch.processor.run()
    assert watched.access == Access(DATA, 4, "write", 0, STORED, CODE + 8)
    assert watched.registers["pc"] == CODE + 16
    assert watched.engine.count == 3


@pytest.mark.parametrize("op3", [0x0D, 0x0F])  # ldstub, swap
def test_sparc_atomics(op3) -> None:
    code = load_store(op3, G2, G1)
    assert [c for c, _ in sparc(code, g1=DATA).stops(2, (DATA, 1, "write"))] == [1]
    assert [c for c, _ in sparc(code, g1=DATA).stops(2, (DATA, 1, "read"))] == [1]


def test_device_registers_are_reached_once_and_never_peeked_at() -> None:
    watched = arm(0xE5912000, 0xE5810004, r1=DEVICE, r0=9)  # ldr r2, [r1]; str r0, [r1, #4]
    seen = []

    def read(address: int, size: int) -> int:
        seen.append(("read", address))
        return 0x77

    handlers = watched.engine.handlers
    handlers.read, handlers.write = read, lambda *access: seen.append(("write", access[0]))
    found = watched.stops(3, (DEVICE, 8, "access"))
    assert found == [
        (1, Access(DEVICE, 4, "read", 0x77, 0x77, CODE)),
        (2, Access(DEVICE + 4, 4, "write", None, 9, CODE + 4)),
    ]
    assert seen == [("read", DEVICE), ("write", DEVICE + 4)]


def test_a_store_into_rom_changes_nothing() -> None:
    watched = x86(store_x86(0x20000), eax=STORED)
    rom = mmap.mmap(-1, 0x1000)
    rom[:4] = b"\x01\x02\x03\x04"
    cell = ctypes.c_char.from_buffer(rom)
    watched.engine.map_memory(0x20000, 0x1000, ctypes.addressof(cell), rom=True)
    peek = watched.engine.handlers.peek
    watched.engine.handlers.peek = lambda address, size: (
        int.from_bytes(rom[:size], "little") if address == 0x20000 else peek(address, size))
    assert watched.stops(2, (0x20000, 4, "write")) == [
        (1, Access(0x20000, 4, "write", 0x04030201, 0x04030201, CODE))
    ]


def test_an_access_that_faults_is_none() -> None:
    # str r0, [r1] to an address that nobody answers: an external abort
    watched = arm(0xE5810000, r1=s.NOWHERE)
    assert watched.stops(3, (s.NOWHERE, 4, "access")) == []
    assert watched.engine.native.traps[4] == 1


def test_code_on_a_watched_page_runs_and_may_change_itself() -> None:
    # str r2, [r1] replaces the instruction after it: mov r3, #1 by mov r3, #2
    watched = arm(0xE5812000, 0xE3A03001, r1=CODE + 4, r2=0xE3A03002)
    found = watched.stops(3, (CODE, 0x100, "write"))
    assert [count for count, _ in found] == [1]
    assert watched.registers["r3"] == 2


def test_bad_ranges_are_refused_and_empty_sets_watch_nothing() -> None:
    watched = x86(store_x86(DATA))
    for bad in ((DATA, 0), (0xFFFFFFFF, 2), (-1, 4), (PORT | 0xFFFF, 2)):
        with pytest.raises(ValueError, match="cannot watch"):
            watched.engine.watchpoints.set([(*bad, "write")])
    watched.engine.watchpoints.set([(DATA, 4, "write")])
    assert watched.stops(2) == []


@pytest.mark.parametrize("watched", [
    x86(b"\x90" + store_x86(DATA) + store_x86(DATA)),
    arm(0xE1A00000, 0xE5812000, 0xE5812000, r1=DATA),
    sparc(s.NOP, load_store(0x04, G2, G1), load_store(0x04, G2, G1), g1=DATA),
])
def test_stops_before_the_access_if_that_is_wanted(watched) -> None:
    engine = watched.engine
    engine.watchpoints.before = True
    watched.scratch.put(DATA, [0x11223344])
    engine.watchpoints.set([(DATA, 4, "write")])
    watched.scratch.stop_at = 5
    counts, places = [], []
    for passing in (False, True, False, True):
        watched.access = None
        engine.pass_access(passing)
        engine.set_event(5)
        watched.scratch.processor.run()
        if watched.access is not None:
            counts.append(engine.count)
            places.append(watched.access.pc == watched.scratch.processor.pc)
            assert watched.scratch.word(DATA) == (0x11223344 if len(counts) == 1 else 0)
    # Before the first store; passed, before the second; not passed, there again.
    assert counts == [1, 2, 2]
    assert all(places)
    assert engine.count == 5
