# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests of what virtual processors stand on: exits, spaces, views."""

from __future__ import annotations

import ctypes as C

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.selftest.scratch import (
    CODE,
    DATA,
    G1,
    G2,
    G3,
    NOWHERE,
    SPARC_TA3,
    Scratch,
    alu,
    arm,
    expect,
    load_store,
    sparc,
    x86,
)
from vmm.cpu.sparc.processor import SparcProcessor
from vmm.cpu.virtual import Space, Virtual
from vmm.cpu.x86.registers import Segment
from vmm.native import library as native

ALL = native.ENTRY_READ | native.ENTRY_WRITE | native.ENTRY_EXECUTE


class Vcpu(C.Structure):
    """A virtual processor without registers of its own."""

    _fields_ = (*native.VCPU_HEADER, ("words", C.c_uint32 * native.VCPU_WORDS))


def user_mode(scratch: Scratch) -> Virtual:
    """Put a scratch machine's engine into user mode, with a virtual processor."""
    processor = scratch.processor
    if isinstance(processor, SparcProcessor):
        processor.registers["psr"] = 0x20
    elif isinstance(processor, ArmProcessor):
        processor.registers["cpsr"] = 0x10
    else:
        processor.load_segment("cs", Segment(0x1B, 0, 0xFFFFFFFF, 0xCFFB00))
        for name in ("ds", "es", "ss"):
            processor.load_segment(name, Segment(0x23, 0, 0xFFFFFFFF, 0xCFF300))
        processor.set_cpl(3)
    return Virtual(scratch.engine, Vcpu())


def views_are_apart() -> str:
    """Each view runs its own blocks and loads through its own translations, without flushes."""
    plans: tuple[tuple[Scratch, str, str, str, dict[int, bytes | list[int]]], ...] = (
        (sparc(), "g1", "g2", "g3",
         {n: [load_store(0, G3, G2), alu(0, G1, G1, n), SPARC_TA3] for n in (1, 100)}),
        (arm(), "r0", "r2", "r3", {n: [0xE5923000, 0xE2800000 | n, 0xEF000000] for n in (1, 100)}),
        (x86(), "eax", "edx", "ecx",
         {n: b"\x8b\x0a\x83\xc0" + bytes([n]) + b"\xcd\x21" for n in (1, 100)}),
    )
    for scratch, counter, pointer, target, codes in plans:
        virtual = user_mode(scratch)
        engine, registers = scratch.engine, scratch.processor.registers
        spaces: dict[int, Space] = {}
        for view, frame, step in (
            (native.VIEW_KERNEL, 0x2000, 1), (native.VIEW_USER, 0x3000, 100)
        ):
            spaces[view] = Space(engine)
            spaces[view].set(CODE, frame, ALL, ALL)
            spaces[view].set(NOWHERE, DATA + frame, ALL, ALL)
            scratch.put(frame, codes[step])
            scratch.put(DATA + frame, [step])
        virtual.set_fill_mode(native.FILL_SHADOW)
        seen: list[int] = []

        def use(view: int, spaces: dict[int, Space] = spaces, virtual: Virtual = virtual) -> None:
            virtual.engine.native.space = spaces[view].address
            virtual.set_view(view)

        def left(
            kind: int, scratch: Scratch = scratch, seen: list[int] = seen, target: str = target
        ) -> int:
            seen.append(scratch.processor.registers[target])
            use(native.VIEW_USER if len(seen) % 2 else native.VIEW_KERNEL)
            scratch.processor.set_pc(CODE)
            return native.HANDLED

        virtual.handlers.exit = left
        registers[pointer] = NOWHERE
        use(native.VIEW_KERNEL)
        scratch.run(3 * 8)
        fills = engine.native.fills
        scratch.run(3 * 20)
        expect("loads", seen, [1, 100] * 14)
        expect("additions", registers[counter], 14 * 101)
        expect("fills by changing the view", engine.native.fills - fills, 0)
        expect("instructions counted", engine.count, 3 * 28)
    return "blocks and translations, three engines"


# The words of an ARM virtual CPU that the test needs (vmm/native/src/monitor_arm.h).
ARM_MODE, ARM_TRANSLATE, SUPERVISOR = 0, 60, 0x13
ARM_REPLACED = (
    0xE10F0000,  # mrs r0, cpsr: what the virtual mode is
    0xEE101F10,  # mrc p15, 0, r1, c0, c0, 0: MIDR, constant
    0xEE112F10,  # mrc p15, 0, r2, c1, c0, 0: SCTLR
    0xEE113F30,  # mrc p15, 0, r3, c1, c0, 1: ACTLR
    0xF10800C0,  # cpsie if
    0xE10F4000,  # mrs r4, cpsr
    0xEE0D1F90,  # mcr p15, 0, r1, c13, c0, 4: TPIDRPRW
    0xEE1D5F90,  # mrc p15, 0, r5, c13, c0, 4
    0xE3A0660F,  # mov r6, #0x00f00000
    0xEE016F50,  # mcr p15, 0, r6, c1, c0, 2: CPACR
    0xEEF07A10,  # vmrs r7, fpsid
    0xEEF68A10,  # vmrs r8, mvfr1
)


def arm_instructions_are_replaced() -> str:
    """Sensitive ARM instructions do in user mode what they do in supervisor mode."""
    results: list[list[int]] = []
    for is_virtual in (False, True):
        scratch = arm()
        processor, engine = scratch.processor, scratch.engine
        registers = processor.registers
        scratch.put(CODE, list(ARM_REPLACED))
        if is_virtual:
            virtual = user_mode(scratch)
            virtual.vcpu.words[ARM_MODE] = SUPERVISOR
            virtual.vcpu.words[ARM_TRANSLATE] = virtual.vcpu.kernel = 1
            virtual.set_view(native.VIEW_KERNEL)
            engine.library.dll.vmm_arm_set_cpsr(engine.pointer, 0x1D3)
        else:
            registers["cpsr"] = 0x1D3
        processor.set_pc(CODE)
        scratch.run(len(ARM_REPLACED))
        expect("instructions counted", engine.count, len(ARM_REPLACED))
        results.append([registers[f"r{number}"] for number in range(9)])
    expect("registers", results[1], results[0])
    expect("mode and masks", results[1][0] & 0x1FF, 0x1D3)
    expect("masks opened", results[1][4] & 0x1FF, 0x113)
    expect("VFP identity", results[1][7] >> 24, 0x41)
    return f"{len(ARM_REPLACED)} instructions"
