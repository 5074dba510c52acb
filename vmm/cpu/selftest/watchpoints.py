# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-test of watchpoints: does the engine mark pages, and do accesses to them come to us?"""

from __future__ import annotations

from vmm.cpu.selftest.scratch import (
    ARM_INC,
    CODE,
    DATA,
    G1,
    NOP,
    Scratch,
    arm,
    expect,
    load_store,
    sparc,
    x86,
)
from vmm.cpu.watch import Access


def met(scratch: Scratch, address: int) -> tuple[int, Access | None]:
    """Run to the first access to a watched byte, at most 10 instructions: (count, access)."""
    engine = scratch.engine
    found: list[Access] = []

    def event() -> bool:
        engine.native.event_at = scratch.stop_at
        access = engine.take_access()
        if access is not None:
            found.append(access)
        return bool(found) or engine.count >= scratch.stop_at

    engine.handlers.event = event
    engine.watchpoints.set([(address, 1, "access")])
    scratch.run(10)
    return engine.count, found[0] if found else None


def watchpoints_are_exact() -> str:
    """The run stops after the one instruction that touches the byte, in the middle of a block."""
    plans = (
        (sparc(), "g1", [NOP, load_store(0x04, 2, G1), *[NOP] * 8], 4),
        (arm(), "r1", [ARM_INC, 0xE5812000, *[ARM_INC] * 8], 4),  # str r2, [r1]
        (x86(), "ecx", b"\x90\x89\x01" + b"\x90" * 8, 1),  # mov [ecx], eax
    )
    for scratch, base, code, size in plans:
        scratch.put(CODE, code)
        scratch.processor.registers[base] = DATA
        count, access = met(scratch, DATA + 3)
        expect("instructions until the access", count, 2)
        expect("the access", access and (access.address, access.kind, access.pc),
               (DATA, "write", CODE + size))
        scratch.processor.set_pc(CODE)
        expect("a run that does not touch the byte", met(scratch, DATA + 4)[1], None)
    return "on three engines"
