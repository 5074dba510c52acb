# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS, with its own driver, boots from a disk over virtio-pci."""

from __future__ import annotations

import struct
from pathlib import Path

from vmm import Machine
from vmm.state import snapshot

SEABIOS = Path("/usr/share/seabios/bios-256k.bin")
# Reads sector 1 to 0x7e00 (INT 13h, AH=42h), prints two bytes of it at port 0xE9, ends.
BOOT = bytes.fromhex(
    "31c0 8ed8 8ec0 be607c b442 cd13 7212 bae900 a0007e ee a0017e ee 30c0 baf400 ee b003 baf400 ee"
)


def boot_image(tmp_path: Path) -> Path:
    packet = struct.pack("<BBHHHQ", 16, 0, 1, 0x7E00, 0, 1)
    path = tmp_path / "disk.img"
    sector = BOOT.ljust(0x60, b"\0") + packet
    path.write_bytes(sector.ljust(510, b"\0") + b"\x55\xaa" + b"OK".ljust(1 << 20, b"\0"))
    return path


def test_seabios_boots_from_a_virtio_disk(tmp_path: Path) -> None:
    drive = f"file={boot_image(tmp_path)},format=raw,readonly=on"
    with Machine("pc", bios=SEABIOS, drives=[drive], devices=["virtio-rng-pci"]) as machine:
        machine.run(until="Booting from Hard Disk..", timeout=30)
        here = snapshot.take(machine.machine)
        snapshot.save(here, tmp_path / "booting.snap")
        outcome = machine.run(timeout=10)
        assert machine.output.endswith("OK") and outcome.status == 1  # 2 * 0 + 1
        count = machine.count
    # The place that SeaBIOS gave the device is in the snapshot.
    again = snapshot.build(snapshot.load(tmp_path / "booting.snap"))
    assert again.run().status == 1 and again.engine.count == count
