# SPDX-License-Identifier: GPL-2.0-or-later
"""Listings of what is mapped, and x86 system tables, against the machine."""

from __future__ import annotations

import pytest
from stops import boot, traps

from vmm.debug.explain import tables_x86
from vmm.debug.explain.view import View
from vmm.debug.explain.walks import page_lines, pages
from vmm.machine.machine import Machine

FIRST_FAULT = {
    "sparc/traps": ("leon3", "data_access_exception"), "arm/traps": ("virt", "data_abort"),
    "x86/traps": ("pc", "#PF"),
}


def _at_fault(guest: str) -> Machine:
    board, name = FIRST_FAULT[guest]
    machine = boot(board, guest)
    next(trap for trap in traps(machine) if trap.name == name)
    return machine


@pytest.mark.parametrize("guest", FIRST_FAULT)
def test_pages_are_where_the_engine_finds_them(guest: str) -> None:
    machine = _at_fault(guest)
    found = pages(View(machine))
    assert len(found) > 8
    assert len(page_lines(found)) == len(found)
    ends = [0, *(one.end for one in found)]
    for before, one in zip(ends, found, strict=False):
        assert before <= one.start < one.end
        for address in (one.start, (one.start + one.end) // 2 & ~3, one.end - 4):
            physical = machine.processor.translate(address)
            if one.rights == "---/---" and physical is None:
                continue  # the engine's own look asks for rights
            assert physical == one.physical + address - one.start, hex(address)


def test_without_translation_all_is_one_piece() -> None:
    machine = boot("pc", "x86/hello")
    (one,) = pages(View(machine))
    assert (one.start, one.end, one.physical) == (0, 1 << 32, 0)


def test_idt_gdt_and_tss_are_those_in_memory() -> None:
    machine = _at_fault("x86/traps")
    registers = machine.processor.registers
    idt = tables_x86.idt(machine)
    fault = next(entry for entry in idt.data if entry.number == 14)
    assert fault.descriptor.offset == registers["eip"]  # the machine stands at its handler
    assert fault.address == registers["idtr.base"] + 8 * 14
    gdt = {entry.number: entry.descriptor for entry in tables_x86.segments(machine).data}
    assert gdt[registers["cs"] & 0xFFF8].limit == registers["cs.limit"]
    assert gdt[registers["tr"] & 0xFFF8].base == registers["tr.base"]
    tss = tables_x86.tss(machine).data
    assert tss["ss0"] & 3 == 0 and tss["esp0"]
    assert list(tss)[:3] == ["link", "esp0", "ss0"]
    assert "no LDT" in tables_x86.segments(machine, "ldt").lines[-1]


def test_real_mode_has_a_vector_table() -> None:
    machine = boot("pc", "x86/hello")
    lines = tables_x86.idt(machine).lines
    assert lines[0] == "IDTR: base 00000000, limit ffff"
