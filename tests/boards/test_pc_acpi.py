# SPDX-License-Identifier: GPL-2.0-or-later
"""The ACPI tables of the pc board: they point at one another, sum to zero, name what is there."""

import struct

from vmm.boards import pc_acpi

ADDRESS, MEMORY, POWER = 0xF4000, (0xE0000000, 0x10000000), 0xB000
FADT_FIELDS = {
    "SCI_INT": (46, "<H"), "SMI_CMD": (48, "<I"), "ACPI_ENABLE": (52, "<B"),
    "PM1a_EVT_BLK": (56, "<I"), "PM1a_CNT_BLK": (64, "<I"), "PM_TMR_BLK": (76, "<I"),
    "GPE0_BLK": (80, "<I"), "PM1_EVT_LEN": (88, "<B"), "PM1_CNT_LEN": (89, "<B"),
    "PM_TM_LEN": (91, "<B"), "CENTURY": (108, "<B"), "Flags": (112, "<I"),
}


def parts(has_apic: bool) -> dict[bytes, bytes]:
    """The tables by signature, found as an operating system finds them."""
    blob = pc_acpi.tables(ADDRESS, (10, 10, 11, 11), MEMORY, POWER, has_apic)
    assert (blob[:8], sum(blob[:20]) & 0xFF) == (b"RSD PTR ", 0)

    def table(address: int) -> bytes:
        at = address - ADDRESS
        return blob[at : at + struct.unpack_from("<I", blob, at + 4)[0]]

    root = table(struct.unpack_from("<I", blob, 16)[0])
    found = {root[:4]: root}
    for address in struct.unpack(f"<{(len(root) - 36) // 4}I", root[36:]):
        found[table(address)[:4]] = table(address)
    facs, dsdt = struct.unpack_from("<II", found[b"FACP"], 36)
    assert facs % 64 == 0
    found |= {b"FACS": table(facs), b"DSDT": table(dsdt)}
    for signature, data in found.items():
        assert signature == b"FACS" or sum(data) & 0xFF == 0, signature
    return found


def test_the_tables_of_a_processor_with_and_without_apic() -> None:
    assert sorted(parts(True)) == [b"APIC", b"DSDT", b"FACP", b"FACS", b"RSDT"]
    assert sorted(parts(False)) == [b"DSDT", b"FACP", b"FACS", b"RSDT"]


def test_the_fixed_description_table_names_the_power_registers() -> None:
    table = parts(True)[b"FACP"]
    assert len(table) == 116
    fields = {name: struct.unpack_from(layout, table, at)[0]
              for name, (at, layout) in FADT_FIELDS.items()}
    assert fields == {
        "SCI_INT": 9, "SMI_CMD": 0xB2, "ACPI_ENABLE": 0xF1, "PM1a_EVT_BLK": 0xB000,
        "PM1a_CNT_BLK": 0xB004, "PM_TMR_BLK": 0xB008, "GPE0_BLK": 0xB00C, "PM1_EVT_LEN": 4,
        "PM1_CNT_LEN": 2, "PM_TM_LEN": 4, "CENTURY": 0x32, "Flags": 0x25,
    }


def test_the_interrupt_controllers() -> None:
    table = parts(True)[b"APIC"]
    assert struct.unpack_from("<II", table, 36) == (0xFEE00000, 1)
    rows, at = [], 44
    while at < len(table):
        rows.append(table[at : at + table[at + 1]])
        at += table[at + 1]
    assert [row[0] for row in rows] == [0, 1, 2, 2, 2, 2, 4]
    overrides = [struct.unpack_from("<BIH", row, 3) for row in rows if row[0] == 2]
    assert overrides == [(0, 2, 0), (9, 9, 0xD), (10, 10, 0xD), (11, 11, 0xD)]


def test_sleep_state_5_and_the_routes() -> None:
    code = parts(True)[b"DSDT"]
    assert b"\x08\\_S5_\x12\x06\x04\x00\x00\x00\x00" in code
    # Device 3's INTB#, which goes the way of device 1's INTD#.
    assert b"\x0c\xff\xff\x03\x00\x01\\\x2e_SB_LNKD\x00" in code
