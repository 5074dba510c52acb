# SPDX-License-Identifier: GPL-2.0-or-later
"""Which ARM translation tables an access goes through, and walking them.

ARM DDI 0406C, B3.1 and B3.3: Hyp mode has its own translation; the other
modes have that of their security state, in the short or the long format, and
below it in Non-secure state stage 2, if HCR.VM is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.cpu.arm import walk_long, walk_short
from vmm.cpu.arm.registers import HYP, MON
from vmm.cpu.walk import Access, ReadEntry, Registers, Walk

if TYPE_CHECKING:
    from vmm.cpu.arm.processor import ArmProcessor

SCTLR_M, TTBCR_EAE, HCR_VM, SCR_NS = 1, 1 << 31, 1, 1
FLAT = 1 << 12


def is_secure(registers: Registers) -> bool:
    """Whether the state of these registers is Secure state (B1.5.1)."""
    scr = registers.get("scr")
    return scr is not None and (not scr & SCR_NS or registers["cpsr"] & 0x1F == MON)


def instance(registers: Registers, name: str) -> str:
    """The name of a banked system register's instance for the current state (B3.15.3)."""
    banked = f"{name}_s"
    return banked if banked in registers and is_secure(registers) else name


def walk(
    processor: ArmProcessor, read: ReadEntry, registers: Registers, address: int, access: Access
) -> Walk:
    """Translate ``address`` for an access made in the state of ``registers``.

    With the MMU off it is its own physical address, after no step.
    """
    mode = registers["cpsr"] & 0x1F
    if mode == HYP:
        if not registers.get("hsctlr", 0) & SCTLR_M:
            return Walk(address, (), address, FLAT, "rwx/rwx")
        return walk_long.walk(read, walk_long.hyp(registers, address), address, access)
    suffix = "_s" if is_secure(registers) else ""
    under = registers if not suffix and registers.get("hcr", 0) & HCR_VM else None
    sctlr = registers[instance(registers, "sctlr")]
    ttbcr = registers.get(instance(registers, "ttbcr"), 0)
    if not sctlr & SCTLR_M:
        found = Walk(address, (), address, FLAT, "rwx/rwx")
    elif ttbcr & TTBCR_EAE:
        regime = walk_long.stage1(registers, suffix, address)
        found = walk_long.walk(read, regime, address, access, under)
    else:
        model = processor.description
        using = walk_short.tables(registers, suffix, model.page_size == 1024, model.generic_timer)
        found = walk_short.walk(
            read if under is None else _through(read, registers), using, address, access
        )
    if under is None or found.physical is None:
        return found
    return _below(read, registers, found, access)


def _through(read: ReadEntry, registers: Registers) -> ReadEntry:
    """Reads of a short-format walk whose tables are below stage 2."""
    def below(address: int, size: int) -> int | None:
        regime = walk_long.stage2(registers, address)
        found = walk_long.walk(read, regime, address, Access("load"))
        return None if found.physical is None else read(found.physical, size)

    return below


def _below(read: ReadEntry, registers: Registers, found: Walk, access: Access) -> Walk:
    """Stage 2 of an address that stage 1 translated."""
    assert found.physical is not None
    regime = walk_long.stage2(registers, found.physical)
    inner = walk_long.walk(read, regime, found.physical, access)
    return Walk(
        found.address, found.steps, inner.physical, min(found.span, inner.span),
        found.rights if inner.physical is not None else inner.rights, inner.fault, inner.status,
        inner.level, (*found.through, inner),
    )
