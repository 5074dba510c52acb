# SPDX-License-Identifier: GPL-2.0-or-later
"""Field tables: no bit is named twice, and values say what the manuals say."""

from __future__ import annotations

import pytest

from vmm.debug.explain import fields_arm, fields_sparc, fields_x86
from vmm.debug.explain.fields import Layout, brief, fields, lines, register_lines

LAYOUTS = {
    **fields_sparc.TABLES, **fields_x86.TABLES, **fields_arm.TABLES, **fields_arm.ENTRIES,
    **{f"hsr.{ec:02x}": layout for ec, layout in fields_arm.SYNDROMES.items()},
    "dfsr": fields_arm.DFSR_SHORT, "dfsr.long": fields_arm.DFSR_LONG,
    "ifsr": fields_arm.IFSR_SHORT, "ifsr.long": fields_arm.IFSR_LONG,
    "ttbcr": fields_arm.TTBCR_SHORT, "ttbcr.long": fields_arm.TTBCR_LONG,
    "attributes": fields_x86.ATTRIBUTES, "system": fields_x86.SYSTEM_ATTRIBUTES,
}
OVERLAY = {"XN", "type"}  # a small page's XN is the low bit of its type


@pytest.mark.parametrize("name", LAYOUTS)
def test_fields_do_not_overlap_and_values_fit(name: str) -> None:
    layout: Layout = LAYOUTS[name]
    used = 0
    for bits in layout:
        assert bits.high >= bits.low >= 0, bits
        mask = (1 << bits.high - bits.low + 1) - 1 << bits.low
        if bits.name not in OVERLAY:
            assert not used & mask, bits
            used |= mask
        assert all(0 <= value <= mask >> bits.low for value in bits.values), bits


@pytest.mark.parametrize(
    ("architecture", "register", "value", "expected"),
    [
        ("sparc", "psr", 0xF30000C7, {"S": "supervisor mode", "ET": "traps disabled"}),
        ("sparc", "mmu.fsr", 0x326, {"FT": "fault type: invalid address error",
                                     "L": "entry that caused it: in a level-3 table"}),
        ("sparc", "tbr", 0x40000090, {"tt": "trap type: data_access_exception"}),
        ("arm", "cpsr", 0x1D3, {"M": "mode: Supervisor", "T": "ARM state"}),
        ("arm", "spsr_abt", 0x30, {"M": "mode: User", "T": "Thumb state"}),
        ("arm", "dfsr", 0x206, {"STATUS": "Translation fault, level 2"}),
        ("arm", "hsr", 0x93830005, {"FSC": "Translation fault, level 1", "SAS": "size: word"}),
        ("x86", "cr0", 0x80000011, {"PG": "paging", "PE": "protected mode"}),
        ("x86", "error.page", 7, {"P": "protection violation", "W/R": "write",
                                  "U/S": "access by user code (CPL 3)"}),
        ("x86", "cs.flags", 0x00CF9B00, {"type": "code, execute/read, accessed"}),
        ("x86", "tr.flags", 0x8B00, {"type": "32-bit TSS, busy"}),
    ],
)
def test_meanings(
    architecture: str, register: str, value: int, expected: dict[str, str]
) -> None:
    found = {one.name: one.meaning for one in fields(architecture, register, value)}
    assert {name: found[name] for name in expected} == expected


def test_a_plain_number_has_no_fields() -> None:
    assert fields("x86", "eax", 5) == []
    assert lines([]) == []
    assert register_lines("sparc", "y", 7) == ["y = 00000007"]


def test_addresses_are_shown_where_they_point() -> None:
    found = fields("sparc", "srmmu.ptd", 0x04000F81)
    assert brief(found) == "PTP=4000f800 ET=1"
