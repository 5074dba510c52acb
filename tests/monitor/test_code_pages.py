# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow code pages and the translation cache: what is executed, and that nobody can tell."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

import pytest
import runs

from vmm.boards import Options, create
from vmm.cpu.x86.registers import Segment
from vmm.machine import artifacts
from vmm.machine.machine import Machine
from vmm.monitor import MonitorError, code, virtualize

GUESTS = {
    "arm": ("virt", "guests/arm/nucleus-boot.elf"),
    "x86": ("pc", "guests/x86/nucleus-boot.elf"),
}


def guest(board: str, path: str) -> Machine:
    kernel = artifacts.find(path)
    assert kernel is not None
    return create(Options(board, kernel=Path(kernel)))


@pytest.mark.parametrize("architecture", GUESTS)
def test_sites_are_in_the_cache_or_calls_and_capstone_agrees(architecture: str) -> None:
    machine = guest(*GUESTS[architecture])
    virtualize(machine, "translate", cold_calls=0)
    machine.run()
    counts = code.counts(machine.engine)
    assert counts is not None
    kinds = Counter(site.kind for site in code.sites(machine))
    assert kinds["cache"] == counts.cached > 20 and kinds["call"] > 20
    assert kinds.total() == counts.sites
    assert counts.confirmed == counts.sites and not counts.disputed


@pytest.mark.parametrize("architecture", GUESTS)
def test_the_guest_reads_its_own_bytes(architecture: str) -> None:
    machine = guest(*GUESTS[architecture])
    virtualize(machine, "translate")
    machine.run()
    for site in code.sites(machine):
        assert machine.bus.read_memory(site.address, len(site.guest)) == site.guest
        assert site.shadow != site.guest


@pytest.mark.parametrize("policy", ["lazy", "nested"])
@pytest.mark.parametrize("architecture", GUESTS)
def test_templates_are_for_sites_that_are_called_often(architecture: str, policy: str) -> None:
    board, path = GUESTS[architecture]
    bare = runs.watch(guest(board, path))
    cached = []
    for calls in (0, 1, 4, 0xFFFF):
        machine = guest(board, path)
        virtualize(machine, "translate", policy, cold_calls=calls)
        assert runs.watch(machine) == bare
        sites = code.sites(machine)
        cached.append(sum(len(site.steps) > 1 for site in sites))
    assert cached[0] > cached[1] > cached[2] > cached[3] == 0


def test_a_block_that_goes_while_it_runs_sees_that_the_next_one_has_changed() -> None:
    at = 0x40001000
    program = struct.pack(
        "<7I",
        0xE10F1000,  # loop: mrs r1, cpsr, which in its third call has its block go
        0xE5832000,  # str r2, [r3]: into the next block
        0xE0222005,  # eor r2, r2, r5
        0xEAFFFFFF,  # b next
        0xE2844001,  # next: add r4, r4, #1 or, by turns, #2
        0xEAFFFFF9,  # b loop
        0)
    found = []
    for virtual in (False, True):
        machine = create(Options("virt", ram=16 << 20, bare=True))
        machine.load_bytes(at, program, "program")
        if virtual:
            virtualize(machine, "translate", cold_calls=3)
        registers = machine.processor.registers
        registers["r2"], registers["r3"], registers["r5"] = 0xE2844002, at + 16, 3
        machine.processor.set_pc(at)
        machine.run(until=60)
        found.append((registers["r4"], registers["pc"]))
    assert found[0] == found[1] == (15, at)
    assert [len(site.steps) for site in code.sites(machine)] == [6]


def test_a_block_that_goes_does_not_run_on_over_what_it_stores() -> None:
    at = 0x40001000
    program = struct.pack(
        "<6I",
        0xE10F1000,  # loop: mrs r1, cpsr, which in its third call has its block go
        0xE5832000,  # str r2, [r3]: the next instruction
        0xE2844001,  # add r4, r4, #1 or, by turns, #2
        0xE0222005,  # eor r2, r2, r5
        0xEAFFFFFA,  # b loop
        0)
    found = []
    for cold_calls in (None, 0, 1, 2, 3):
        machine = create(Options("virt", ram=16 << 20, bare=True))
        machine.load_bytes(at, program, "program")
        if cold_calls is not None:
            virtualize(machine, "translate", cold_calls=cold_calls)
        registers = machine.processor.registers
        registers["r2"], registers["r3"], registers["r5"] = 0xE2844002, at + 8, 3
        machine.processor.set_pc(at)
        machine.run(until=60)
        found.append((registers["r4"], registers["pc"]))
    assert found == [(18, at)] * 5


def test_how_often_is_a_number_of_sixteen_bits() -> None:
    machine = guest(*GUESTS["x86"])
    with pytest.raises(MonitorError, match="cold_calls is from 0 to 65535, not -1"):
        virtualize(machine, "translate", cold_calls=-1)
    with pytest.raises(MonitorError, match="not 65536"):
        virtualize(machine, "translate", cold_calls=1 << 16)


def test_a_leon3_kernel_has_sites_of_calls() -> None:
    machine = guest("leon3", "guests/sparc/nucleus-boot.elf")
    virtualize(machine, "translate")
    machine.run()
    counts = code.counts(machine.engine)
    assert counts is not None and counts.sites > 50
    for site in code.sites(machine):
        assert site.kind == "call"
        assert machine.bus.read_memory(site.address, 4) == site.guest


@pytest.mark.parametrize(("most", "emptied"), [(1, 10), (2, 2)])
@pytest.mark.parametrize("architecture", GUESTS)
def test_more_pages_than_are_kept(architecture: str, most: int, emptied: int) -> None:
    """All of them go, again and again, and are made anew as code is translated."""
    board, path = GUESTS[architecture]
    bare = runs.watch(guest(board, path))
    machine = guest(board, path)
    virtualize(machine, "translate")
    machine.engine.library.dll.vmm_limit_code_pages(machine.engine.pointer, most)
    assert runs.watch(machine) == bare
    counts = code.counts(machine.engine)
    assert counts is not None
    assert counts.emptied >= emptied and counts.pages <= most
    there = list(code.sites(machine))
    assert 0 < len(there) < counts.sites


def test_an_arm_instruction_with_a_condition_has_no_template() -> None:
    machine = create(Options("virt", ram=16 << 20, bare=True))
    at = 0x40001000  # mrsne r1, cpsr; mrs r1, cpsr; mrcne p15, 0, r0, c13, c0, 4; b .
    program = struct.pack("<4I", 0x110F1000, 0xE10F1000, 0x1E1D0F90, 0xEAFFFFFE)
    machine.load_bytes(at, program, "program")
    virtualize(machine, "translate", cold_calls=0)
    machine.processor.set_pc(at)
    machine.run(until=10)
    kinds = {site.address - at: site.kind for site in code.sites(machine)}
    assert kinds == {0: "call", 4: "cache", 8: "call"}
    counts = code.counts(machine.engine)
    assert counts is not None and counts.cached == 1


def test_an_x86_instruction_that_crosses_pages_becomes_known_once() -> None:
    """Translated again and again, as an instruction before it changes each time."""
    machine = create(Options("pc", ram=2 << 20, bare=True))
    at, loop = 0x7FFE, 0x7FF6  # l: inc byte [0x7ffc]; nop; mov bl, 0; nop; mov eax, cr0; jmp l
    program = b"\xfe\x06\xfc\x7f\x90\xb3\x00\x90" + b"\x0f\x20\xc0" + b"\xeb\xf3"
    machine.load_bytes(loop, program, "program")
    monitor = virtualize(machine, "translate")
    numbers = []
    add = monitor.virtual.add_instruction
    monitor.virtual.add_instruction = lambda *one: numbers.append(add(*one)) or numbers[-1]
    machine.processor.load_segment("cs", Segment(0, 0, 0xFFFF, 0x9B00))
    machine.processor.set_pc(loop)
    machine.run(until=600)
    assert machine.processor.registers["ebx"] == 100
    assert len(numbers) == 1 and monitor.counters.total == 0
    assert not [site for site in code.sites(machine) if site.address == at]
