# SPDX-License-Identifier: GPL-2.0-or-later
"""The pc board from its reset vector, with firmware of a few instructions in 16-bit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keystone
import pytest

from vmm.boards import BoardError, Options, create
from vmm.machine.machine import Machine
from vmm.machine.outcome import Ending

ROM_SIZE = 0x10000
RESET = 0xFFF0
FAR_JUMP = bytes((0xEA, 0, 0, 0, 0xF0))  # to F000:0000
HLT = 0xF4
PAM0, PAM5, SMRAM = 0x59, 0x5E, 0x72
CONFDATA = 0xCFC

Build = Callable[..., Machine]


def assemble(text: str) -> bytes:
    encoded, _ = keystone.Ks(keystone.KS_ARCH_X86, keystone.KS_MODE_16).asm(text)
    return bytes(encoded)


def config(register: int, value: int) -> str:
    """Write a byte of the host bridge's configuration space."""
    return f"""
        mov eax, {0x80000000 | register & 0xFC:#x}; mov dx, 0xcf8; out dx, eax
        mov al, {value:#x}; mov dx, {CONFDATA + (register & 3):#x}; out dx, al;"""


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """A machine whose ROM has ``code`` at F000:0000 and ``patches``; the rest halts."""

    def make(
        code: str, patches: dict[int, bytes] | None = None, properties: dict[str, str] | None = None
    ) -> Machine:
        rom = bytearray([HLT]) * ROM_SIZE
        start = assemble("mov ax, 0xf000; mov ds, ax;" + code)
        rom[: len(start)] = start
        rom[RESET : RESET + len(FAR_JUMP)] = FAR_JUMP
        for offset, data in (patches or {}).items():
            rom[offset : offset + len(data)] = data
        path = tmp_path / "rom.bin"
        path.write_bytes(rom)
        machine = create(Options("pc", properties or {}, bios=path))
        machine.limit_time(1, 30)
        return machine

    return make


def run(machine: Machine) -> dict[str, int]:
    """Run to the halt; the low bytes of the general registers."""
    outcome = machine.run()
    assert "halted" in outcome.text, outcome
    return {name: machine.processor.registers[name] & 0xFF for name in ("eax", "ebx", "ecx", "edx")}


def test_rom_is_read_after_a_store_to_its_page(build: Build) -> None:
    found = run(build(
        "mov al, [0x1000]; mov byte ptr [0x1000], 0x55; mov bl, [0x1000]; inc byte ptr [0x1000];"
        "mov cl, [0x1000]; hlt",
        {0x1000: b"\xa7"},
    ))
    assert (found["eax"], found["ebx"], found["ecx"]) == (0xA7, 0xA7, 0xA7)


def test_stores_may_go_to_ram_while_loads_come_from_rom(build: Build) -> None:
    found = run(build(
        config(PAM0, 0x20)
        + "mov byte ptr [0x1000], 0x55; mov bl, [0x1000]; inc byte ptr [0x1000]; mov cl, [0x1000];"
        # On in low RAM, because the ROM under this code goes away.
        + "mov ax, 0x1000; mov es, ax; mov si, 0x2000; xor di, di; mov cx, 64; rep movsb;"
        + "mov cl, [0x1000];"
        + "mov ax, 0x1000; push ax; xor ax, ax; push ax; retf",
        {
            0x1000: b"\xa7",
            0x2000: assemble(config(PAM0, 0x10) + "mov dl, [0x1000]; hlt"),
        },
    ))
    assert (found["ebx"], found["ecx"]) == (0xA7, 0xA7)
    assert found["edx"] == 0xA8  # what the increment made of the ROM's byte


def test_code_that_switches_its_own_page_goes_on_in_the_other_memory(build: Build) -> None:
    code = config(PAM0, 0x30) + "mov bl, 1; hlt"
    machine = build(code)
    ram = assemble("mov ax, 0xf000; mov ds, ax;" + code)
    at = len(ram) - len(assemble("mov bl, 1; hlt"))
    shadow = next(s for s in machine.bus.shadows if s.base == 0xF0000)
    other = assemble("mov bl, 2; hlt")
    start = shadow.offset + at
    shadow.frames.view[start : start + len(other)] = other
    assert run(machine)["ebx"] == 2


def test_page_tables_may_lie_in_shadow_ram(build: Build) -> None:
    """A directory at 0xE0000 whose one entry maps 4 MiB; the ROM in front of it has none."""
    found = run(build(
        config(PAM5, 0x33)
        + "mov ax, 0xe000; mov es, ax; mov dword ptr es:[0], 0x83;"
        + "mov eax, 0xe0000; mov cr3, eax; mov eax, cr4; or eax, 0x10; mov cr4, eax;"
        + "mov eax, cr0; or eax, 0x80000001; mov cr0, eax; mov bl, [0x1000];"
        + "mov al, es:[0]; mov cl, al; hlt",
        {0x1000: b"\xa7"},
    ))
    assert found["ebx"] == 0xA7
    assert found["ecx"] == 0xA3  # the walk marked the entry as accessed in the same place


def test_devices_see_the_memory_that_is_switched_in(build: Build) -> None:
    machine = build("hlt", {0x1000: b"\xa7\xa7"})
    bus = machine.bus
    assert machine.dma_read(0xF0FFF, 3) == b"\xf4\xa7\xa7"
    with pytest.raises(ValueError, match="not all RAM"):
        machine.dma_write(0xF1000, b"x")
    areas = {shadow.base: shadow for shadow in bus.shadows}
    bus.switch(areas[0xEC000], True, True)
    bus.switch(areas[0xF0000], False, True)
    machine.dma_write(0xEFFFE, b"abcd")
    assert machine.dma_read(0xEFFFE, 2) == b"ab"
    assert machine.dma_read(0xF0000, 1) != b"c"
    bus.switch(areas[0xF0000], True, False)
    assert machine.dma_read(0xEFFFE, 4) == b"abcd"
    with pytest.raises(ValueError, match="not all RAM"):
        machine.dma_write(0xEFFFE, b"abcd")
    with pytest.raises(ValueError, match="not all memory"):
        machine.dma_read(0x9FFFF, 2)
    bus.switch(areas[0xA0000], True, True)
    assert machine.dma_read(0x9FFFF, 2) == bytes(2)


A20_OFF_92, A20_ON_92 = "mov al, 0; out 0x92, al;", "mov al, 2; out 0x92, al;"
A20_OFF_8042, A20_ON_8042 = "mov al, 0xdd; out 0x64, al;", "mov al, 0xdf; out 0x64, al;"


@pytest.mark.parametrize(
    ("gates", "wraps"),
    [
        ("", False),
        (A20_OFF_92, False),
        (A20_OFF_8042, True),
        (A20_OFF_8042 + A20_ON_92, False),
        (A20_OFF_8042 + A20_ON_92 + A20_OFF_92, True),
        (A20_OFF_8042 + A20_ON_92 + A20_ON_8042 + A20_OFF_92, False),
    ],
)
def test_a20_is_on_while_either_gate_is(build: Build, gates: str, wraps: bool) -> None:
    found = run(build(
        gates + "xor ax, ax; mov es, ax; mov byte ptr es:[0x600], 0x11; mov ax, 0xffff;"
        "mov es, ax; mov byte ptr es:[0x610], 0x22; xor ax, ax; mov es, ax;"
        "mov bl, es:[0x600]; hlt"
    ))
    assert found["ebx"] == (0x22 if wraps else 0x11)


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("mov al, 1; out 0x92, al; hlt", "port 0x92"),
        ("mov al, 0xfe; out 0x64, al; hlt", "keyboard controller"),
        ("mov al, 0xd1; out 0x64, al; mov al, 2; out 0x60, al; hlt", "keyboard controller"),
        ("mov dx, 0xcf9; mov al, 6; out dx, al; hlt", "port 0xcf9"),
    ],
)
def test_every_way_to_ask_for_a_reset_ends_the_run(build: Build, code: str, where: str) -> None:
    outcome = build(code).run()
    assert (outcome.ending, outcome.status) == (Ending.EXIT, 0)
    assert where in outcome.text


POWER = "mov dx, 0xcf8; mov eax, 0x80000b{0:02x}; out dx, eax; mov dx, 0xcfc; mov eax, {1:#x};" \
    "out dx, eax;"


def test_soft_off_ends_the_run(build: Build) -> None:
    outcome = build(
        POWER.format(0x40, 0xB000) + POWER.format(0x80, 1)
        + "mov dx, 0xb004; mov ax, 0x2000; out dx, ax; hlt"
    ).run()
    assert (outcome.ending, outcome.status) == (Ending.EXIT, 0)
    assert "ACPI" in outcome.text


def test_power_management_on_top_of_another_device_is_the_guests_mistake(build: Build) -> None:
    machine = build(
        POWER.format(0x80, 1) + POWER.format(0x40, 0x3C0)
        + "mov dx, 0x3fd; in al, dx; mov bl, al;"
        + POWER.format(0x40, 0xB000) + "mov dx, 0xb00b; in al, dx; mov cl, al; hlt"
    )
    found = run(machine)
    assert found["ebx"] == 0x60  # the serial port still answers
    assert found["ecx"] == 0x00  # and the timer does, at its new place


CPUID = "mov eax, 1; cpuid; hlt"
SWITCH_OFF = "mov ecx, 0x1b; rdmsr; mov esi, eax; and eax, 0xfffff7ff; wrmsr;"


@pytest.mark.parametrize(
    ("code", "properties", "apic"),
    [(CPUID, {}, True), (CPUID, {"apic": "off"}, False), (SWITCH_OFF + CPUID, {}, False)],
)
def test_the_processor_reports_an_apic_that_is_there(
    build: Build, code: str, properties: dict[str, str], apic: bool
) -> None:
    machine = build(code, properties=properties)
    run(machine)
    registers = machine.processor.registers
    assert registers["edx"] & 0x211 == (0x211 if apic else 0x011)  # FPU, TSC, APIC
    assert not registers["ecx"] & 1 << 21
    if code is not CPUID:
        assert registers["esi"] == 0xFEE00900


def test_the_8259_reaches_the_processor_through_an_apic_that_is_switched_off(
    build: Build
) -> None:
    machine = build(SWITCH_OFF + CPUID)
    run(machine)
    machine.bus.port_out(0x43, 1, 0x30)  # counter 0: low
    machine.bus.port_out(0x20, 1, 0x11)
    for value in (0x20, 4, 1, 0):
        machine.bus.port_out(0x21, 1, value)
    assert not machine.engine.native.intr
    for value in (1, 0):
        machine.bus.port_out(0x40, 1, value)
    machine.engine.native.idle += 10_000
    machine.clock.run_due()
    assert machine.engine.native.intr


@pytest.mark.parametrize(
    ("cpu", "properties", "complaint"),
    [
        ("486", {"apic": "on"}, "processor 486 has no local APIC"),
        (None, {"apic": "yes"}, "on or off"),
        (None, {"hpet": "on"}, "no property 'hpet'"),
    ],
)
def test_properties_that_do_not_fit(
    cpu: str | None, properties: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(BoardError, match=complaint):
        create(Options("pc", properties, cpu, bios=tmp_path / "x"))


def test_reserved_bits_of_the_apics_base_are_refused(build: Build) -> None:
    machine = build("mov ecx, 0x1b; mov eax, 0xfee00c00; xor edx, edx; wrmsr; hlt")
    faults: list[int] = []
    machine.traps.watch_kinds([13], faults.append)
    machine.run(until=20)
    assert faults[:1] == [13]


def test_firmware_options_are_for_boards_that_have_them(tmp_path: Path) -> None:
    for wrong in ({"boot_menu": True}, {"debugcon": True}):
        with pytest.raises(BoardError, match="virt"):
            create(Options("virt", bios=tmp_path / "x", **wrong))
