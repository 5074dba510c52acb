# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 guests in user mode: nothing that they can see differs from the bare machine."""

from __future__ import annotations

import ctypes as C
import random
from pathlib import Path

import pytest
from runs import GUESTS, bare, machine, virtual, watch

from vmm.boards import Options, create
from vmm.machine.outcome import Outcome
from vmm.monitor import MonitorError, virtualize
from vmm.monitor.assist import Controls
from vmm.monitor.x86.decode import ENDS, LONGEST, NUMBER, OPERATIONS, Mode, decode, decode_store
from vmm.native import library as native
from vmm.state.snapshot import restore, take

SEABIOS = Path("/usr/share/seabios/bios.bin")
PROTECTED_32, PROTECTED_16 = Mode(True, True), Mode(False, True)
REAL_16 = Mode(False, False)


@pytest.mark.parametrize("guest", ["hello", "chipset", "traps", "triple"])
def test_a_guest_is_the_same_in_console_instructions_and_every_trap(guest: str) -> None:
    seen, monitor = virtual("pc", f"x86/{guest}", "translate")
    assert seen == bare("pc", f"x86/{guest}")
    assert not monitor.counters.emulated  # all were replaced, none had to trap


@pytest.mark.parametrize(
    ("guest", "seconds"),
    [("triple_fault", None), ("device_stack", None), ("nowhere", 0.01), ("unmapped", None),
     ("spin", 0.01),
     ("flood", 0.0003)],
)
def test_a_guest_that_misbehaves_ends_as_on_the_bare_machine(
    guest: str, seconds: float | None
) -> None:
    seen, _ = virtual("pc", f"hostile/x86/{guest}", "translate", seconds=seconds)
    assert seen == bare("pc", f"hostile/x86/{guest}", seconds)


@pytest.mark.parametrize("policy", ["lazy", "strict", "exposed", "nested"])
def test_a_kernel_that_looks_for_the_monitor_finds_the_bare_machine(policy: str) -> None:
    seen, monitor = virtual("pc", "x86/escape", "translate", policy,
                            cold_calls={"strict": 1, "nested": 2}.get(policy, 0))
    assert seen == bare("pc", "x86/escape")
    assert seen.console.endswith(b"== done\n") and not monitor.counters.emulated


@pytest.mark.parametrize("cpu", ["486", "coreduo"])
def test_on_other_processors_too(cpu: str) -> None:
    consoles = []
    for technique in (None, "translate"):
        guest = create(Options("pc", cpu=cpu, kernel=GUESTS / "x86" / "escape.elf"))
        if technique is not None:
            virtualize(guest, technique)
        consoles.append(watch(guest))
    assert consoles[0] == consoles[1] and consoles[0].console.endswith(b"== done\n")


def test_with_every_control_on_an_assisted_kernel_finds_it_too() -> None:
    controls = Controls.everything("x86", machine("pc", "x86/escape").processor.trap_kinds())
    seen, monitor = virtual("pc", "x86/escape", "assist", controls=controls)
    assert seen == bare("pc", "x86/escape")
    assert monitor.counters.total > 500


def test_pushf_does_not_show_virtual_8086_mode() -> None:
    """Intel SDM volume 2B: VM and RF are cleared in the image."""
    lines = [line for line in bare("pc", "x86/escape").console.decode().splitlines()
             if line.startswith("v86-pushfd trap=00000030")]
    assert [line.split()[3] for line in lines[:2]] == ["eax=00003002", "eax=00003202"]


def test_a_guest_that_avoids_what_does_not_trap_needs_no_translation() -> None:
    with pytest.raises(MonitorError, match=r"do not trap.*pushf; .*sgdt"):
        virtualize(machine("pc", "x86/hello"), "trap_and_emulate")
    seen, monitor = virtual("pc", "x86/chipset", "trap_and_emulate", trusted=True)
    assert seen == bare("pc", "x86/chipset")
    assert monitor.counters.emulated["iret"] == seen.traps


def test_the_operations_are_those_of_the_native_layer() -> None:
    header = Path(__file__).parents[2] / "vmm" / "native" / "src" / "monitor_x86.h"
    text = header.read_text().partition("enum x86_operation {")[2].partition("}")[0]
    names = [word.strip() for word in text.split(",")]
    assert names[0] == "X86_EXIT" and names[-1] == "X86_OPERATIONS"
    assert len(names) - 1 == len(OPERATIONS)


@pytest.mark.parametrize(
    ("code", "mode", "name", "length"),
    [
        ("fa", PROTECTED_32, "cli", 1),
        ("66fa", PROTECTED_32, "cli", 2),
        ("f3fa", PROTECTED_32, "cli", 2),
        ("f0fa", PROTECTED_32, None, 0),  # LOCK: #UD
        ("cd80", PROTECTED_32, None, 0),  # traps by itself
        ("cd10", REAL_16, "int", 2),
        ("8ed8", PROTECTED_32, "mov sreg", 2),
        ("8ed8", REAL_16, None, 0),
        ("8ec8", PROTECTED_32, None, 0),  # MOV to CS: #UD
        ("8e1d00100000", PROTECTED_32, "mov sreg", 6),
        ("8e1e0010", PROTECTED_16, "mov sreg", 4),
        ("678e1d00100000", PROTECTED_16, "mov sreg", 7),
        ("0f0115aabbccdd", PROTECTED_32, "lgdt", 7),
        ("0f01542408", PROTECTED_32, "lgdt", 5),
        ("0f01d0", PROTECTED_32, None, 0),  # LGDT of a register: #UD
        ("0f01e0", PROTECTED_32, "smsw", 3),
        ("0f00d8", PROTECTED_32, "ltr", 3),
        ("0f00d8", REAL_16, None, 0),
        ("0f20c8", PROTECTED_32, "undefined", 3),  # CR1
        ("0f22d8", PROTECTED_32, "mov cr", 3),
        ("ff2d00100000", PROTECTED_32, "ljmp m", 6),
        ("ff15", PROTECTED_32, None, 0),  # a near call
        ("ea0010000008", PROTECTED_32, None, 0),  # the last byte is missing
        ("ea001000000800", PROTECTED_32, "ljmp", 7),
        ("ea00100800", PROTECTED_16, "ljmp", 5),
        ("90", PROTECTED_32, None, 0),
    ],
)
def test_sensitive_instructions_are_found_with_their_length(
    code: str, mode: Mode, name: str | None, length: int
) -> None:
    found = decode(bytes.fromhex(code), mode)
    assert (found.name if found else None) == name
    assert (found.length if found else 0) == length


def test_the_native_layer_finds_the_same_instructions() -> None:
    dll = native.library().dll
    chance = random.Random(5)
    opcodes = [bytes((i,)) for i in range(256)] + [bytes((0x0F, i)) for i in range(256)]
    prefixes = [b"", b"", b"\x66", b"\x67", b"\xf3", b"\xf0", b"\x2e\x66", b"\x66\x67"]
    sensitive = 0
    for _ in range(30000):
        code = chance.choice(prefixes) + chance.choice(opcodes) + chance.randbytes(10)
        code = code[: chance.randrange(1, LONGEST + 1)]
        mode = Mode(bool(chance.randrange(2)), bool(chance.randrange(2)))
        expected, found = decode(code, mode), native.X86Decoded()
        whole = dll.vmm_x86_decode(code, len(code), mode.wide, mode.flat, C.byref(found))
        if expected is None:
            assert not whole or not found.operation
            continue
        sensitive += 1
        assert whole
        assert (found.operation, found.length, found.argument) == (
            expected.operation, expected.length, expected.argument), code.hex()
        assert dll.vmm_x86_operation_ends(found.operation) == expected.ends_block
    assert sensitive > 1000


def test_a_block_ends_behind_what_changes_the_flags_or_where_to_go_on() -> None:
    goes_on = {"pushf", "sgdt", "sidt", "smsw", "str", "sldt", "mov r,cr", "mov r,dr", "rdmsr"}
    assert not ENDS & {NUMBER[name] for name in goes_on}
    assert {NUMBER["popf"], NUMBER["sti"], NUMBER["iret"], NUMBER["mov sreg"]} <= ENDS


@pytest.mark.parametrize("policy", ["lazy", "strict", "nested"])
def test_the_nucleus_is_the_same_under_every_memory_policy(policy: str) -> None:
    seen, _ = virtual("pc", "x86/nucleus-quick", "translate", policy)
    assert seen == bare("pc", "x86/nucleus-quick")


def test_stores_to_page_tables_that_trap_again_and_again_are_rewritten() -> None:
    seen, monitor = virtual("pc", "x86/nucleus-quick", "translate", "strict", readable=True)
    native_seen, natively = virtual("pc", "x86/nucleus-quick", "translate", "strict")
    assert seen == native_seen == bare("pc", "x86/nucleus-quick")
    counters = monitor.memory.counters
    assert natively.memory.counters == counters
    assert not natively.counters.exits  # the native layer makes them
    stores = monitor.counters.exits[native.KIND_SITE] - counters.switches - counters.flushes
    assert counters.updates * 0.75 < stores <= counters.updates


@pytest.mark.parametrize(
    ("code", "name", "length", "immediate"),
    [
        ("8907", "store r", 2, 0),
        ("890485 00106000", "store r", 7, 0),
        ("c70503000000 78563412", "store imm", 10, 0x12345678),
        ("668907", None, 0, 0),  # 16 bits
        ("89c7", None, 0, 0),  # to a register
        ("c70f00000000", None, 0, 0),  # /1: undefined
    ],
)
def test_plain_stores_are_found_for_rewriting(
    code: str, name: str | None, length: int, immediate: int
) -> None:
    found = decode_store(bytes.fromhex(code), PROTECTED_32)
    assert (found.name if found else None) == name
    assert found is None or (found.length, found.immediate) == (length, immediate)


@pytest.mark.parametrize("delivery", ["native", "python"])
@pytest.mark.parametrize("policy", ["lazy", "nested"])
def test_neither_slices_nor_the_readable_trap_entry_make_a_difference(
    policy: str, delivery: str
) -> None:
    whole, ledger = machine("pc", "x86/nucleus-quick"), []
    whole.ledger.record(ledger.extend)
    whole.run()
    guest, sliced = machine("pc", "x86/nucleus-quick"), []
    virtualize(guest, "translate", policy)
    guest.traps.set_delivery("python" if delivery == "python" else "native")
    guest.ledger.record(sliced.extend)
    choose = random.Random(7)
    while guest.run(until=guest.engine.count + choose.randrange(1, 20000)) and (
        guest.stopped_at_count
    ):
        pass
    whole.engine.drain_ledger()
    guest.engine.drain_ledger()
    assert sliced == ledger and guest.engine.count == whole.engine.count


@pytest.mark.parametrize("policy", ["lazy", "nested"])
def test_a_snapshot_in_the_middle_is_gone_on_from(policy: str) -> None:
    guest, ledger = machine("pc", "x86/nucleus-quick"), []
    virtualize(guest, "translate", policy)
    guest.ledger.record(ledger.extend)
    guest.run(until=400_000)
    guest.engine.drain_ledger()
    here = take(guest)
    ledger.clear()
    ends = []
    for _ in range(2):
        guest.run()
        guest.engine.drain_ledger()
        ends.append((guest.engine.count, tuple(ledger)))
        restore(guest, here)
        ledger.clear()
    assert ends[0] == ends[1] and ends[0][1]


def test_seabios_reaches_its_boot_menu_with_its_kernel_code_in_user_mode() -> None:
    def boot(technique: str | None) -> tuple[bytes, int, list[tuple[int, int, int, int, int]]]:
        guest = create(Options(board="pc", bios=SEABIOS, boot_menu=True))
        said, ledger = bytearray(), []

        def hear(data: bytes) -> None:
            said.extend(data)
            if said.endswith(b"Press ESC for boot menu."):
                guest.console.type(b"\x1b")
            if b"Select boot device:" in said:
                guest.stop(Outcome.stopped("the menu"))

        guest.console.sinks.append(hear)
        guest.ledger.record(ledger.extend)
        if technique is not None:
            monitor = virtualize(guest, technique)
        guest.limit_time(10, 60)
        assert guest.run().text == "the menu"
        guest.engine.drain_ledger()
        if technique is not None:
            assert not monitor.counters.exits
        return bytes(said), guest.engine.count, ledger

    assert boot("translate") == boot(None)
