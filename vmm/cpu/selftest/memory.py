# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests of memory and devices: each access once, filled once, and code that is stored to."""

from __future__ import annotations

from vmm.cpu.engine import Engine
from vmm.cpu.selftest.scratch import (
    ARM_INC,
    CODE,
    DATA,
    DEVICE,
    G1,
    G2,
    G3,
    NOP,
    SPARC_INC,
    Mismatch,
    Scratch,
    alu,
    arm,
    expect,
    load_store,
    sparc,
    x86,
)


def devices_are_exact() -> str:
    """Loads and stores reach the device once each, with the count of that very instruction."""
    plans: tuple[tuple[Scratch, bytes | list[int], str], ...] = (
        (sparc(), [SPARC_INC, load_store(4, G1, G2), load_store(0, G3, G2), SPARC_INC, NOP], "g"),
        (arm(), [ARM_INC, 0xE5820000, 0xE5923000, ARM_INC, 0xE1A00000], "r"),
        (x86(), b"\x40\x89\x02\x8b\x0a\x40\x90", "e"),
    )
    for scratch, code, bank in plans:
        seen: list[tuple[str, int, int, int]] = []
        engine, registers = scratch.engine, scratch.processor.registers

        def read(
            address: int, size: int, seen: list[tuple[str, int, int, int]] = seen,
            engine: Engine = engine,
        ) -> int:
            seen.append(("read", address, size, engine.count))
            return 0x11223344

        def write(
            address: int, size: int, value: int, seen: list[tuple[str, int, int, int]] = seen,
            engine: Engine = engine,
        ) -> None:
            seen.append((f"write {value:x}", address, size, engine.count))

        engine.handlers.read, engine.handlers.write = read, write
        pointer = "edx" if bank == "e" else f"{bank}2"
        target = "ecx" if bank == "e" else f"{bank}3"
        registers[pointer] = DEVICE + 0x10
        scratch.put(CODE, code)
        scratch.run(5)
        expect("device accesses", seen,
               [("write 1", DEVICE + 0x10, 4, 2), ("read", DEVICE + 0x10, 4, 3)])
        expect("value read", registers[target], 0x11223344)
        expect("instructions counted", engine.count, 5)
    return "values, sizes and counts"


def stores_are_fast_and_seen() -> str:
    """Data pages are filled once; a store into code that ran is obeyed."""
    # The store lies in another block than its target: a block that patches itself needs a
    # barrier on SPARC and ARM.
    plans: tuple[tuple[Scratch, bytes | list[int], str, str, int, int], ...] = (
        (sparc(), [SPARC_INC, 0x10800003, NOP, NOP, load_store(4, G3, G2), 0x10BFFFFB, NOP],
         "g2", "g3", alu(0, G1, G1, 0x100), 6),
        (arm(), [ARM_INC, 0xEAFFFFFF, 0xE5823000, 0xEAFFFFFB], "r2", "r3", 0xE2800C01, 4),
        (x86(), b"\x40\x89\x0a\xeb\xfb", "edx", "ecx",
         int.from_bytes(b"\x48\x89\x0a\xeb", "little"), 3),  # inc becomes dec
    )
    for scratch, code, pointer, source, patched, length in plans:
        registers = scratch.processor.registers
        scratch.put(CODE, code)
        registers[pointer], registers[source] = DATA, patched
        scratch.run(length * 1000)
        if scratch.engine.native.fills > 16:
            raise Mismatch(f"{scratch.engine.native.fills} fills for 1000 stores to one page")
        before = _counter(scratch)
        registers[pointer] = CODE
        scratch.run(length * 2)
        wanted = {"sparc": 0x101, "arm": 0x101, "x86": 0}[scratch.processor.architecture]
        expect(f"{scratch.processor.architecture} counter after patching",
               _counter(scratch) - before, wanted)
    return "few fills, self-modifying code obeyed"


def _counter(scratch: Scratch) -> int:
    name = {"sparc": "g1", "arm": "r0", "x86": "eax"}[scratch.processor.architecture]
    return scratch.processor.registers[name]
