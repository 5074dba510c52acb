# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's U-Boot reads and writes a disk over virtio-mmio, with drivers of its own."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest

from vmm import Machine
from vmm.state import snapshot

UBOOT = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")
BLOCKS = 0x800
READ = f"virtio read 41000000 0 {BLOCKS:x}"
WRITE = "mw.b 42000000 5a 400; virtio write 42000000 3 2"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(random.Random(6).randbytes(512 * BLOCKS))
    return path


def prompt(image: Path, options: str) -> Machine:
    machine = Machine(
        "virt", bios=UBOOT, drives=[f"file={image},format=raw{options}"],
        devices=["virtio-rng-device"],
    )
    machine.expect("Hit any key", timeout=60)
    machine.type("\n")
    say(machine, "virtio scan", "")
    return machine


def say(machine: Machine, command: str, answer: str) -> None:
    machine.expect("=> ", timeout=60)
    machine.type(f"{command}\n")
    if answer:
        machine.expect(answer, timeout=60)


def crc(data: bytes) -> str:
    return f"==> {zlib.crc32(data):08x}"


def test_uboot_reads_and_writes_the_image(image: Path) -> None:
    before = image.read_bytes()
    with prompt(image, "") as machine:
        say(machine, READ, f"{BLOCKS} blocks read: OK")
        say(machine, f"crc32 41000000 {512 * BLOCKS:x}", crc(before))
        say(machine, WRITE, "2 blocks written: OK")
        counts = machine.statistics()["devices"]["virtio-blk0"]
    assert image.read_bytes() == before[:1536] + b"\x5a" * 1024 + before[2560:]
    assert counts["read_bytes"] >= 512 * BLOCKS and counts["written_bytes"] == 1024


def test_a_snapshot_keeps_what_was_written_to_memory(image: Path, tmp_path: Path) -> None:
    before = image.read_bytes()
    after = before[:1536] + b"\x5a" * 1024 + before[2560:]
    with prompt(image, ",snapshot=on") as machine:
        say(machine, WRITE, "2 blocks written: OK")
        machine.expect("=> ", timeout=60)
        snapshot.save(machine.snapshot().state, tmp_path / "written.snap")
        here = machine.snapshot()
        machine.type("mw.b 42000000 00 400; virtio write 42000000 3 2\n")
        machine.expect("2 blocks written: OK", timeout=60)
        machine.restore(here)
        counts = [read_all(machine, after)]
    with Machine.reopen(tmp_path / "written.snap") as machine:
        counts.append(read_all(machine, after))
    assert image.read_bytes() == before and counts[0] == counts[1]
    image.write_bytes(bytes(len(before)))
    with pytest.raises(snapshot.SnapshotError, match="not the disk image"):
        Machine.reopen(tmp_path / "written.snap")


def read_all(machine: Machine, expected: bytes) -> int:
    machine.type(f"{READ}; crc32 41000000 {512 * BLOCKS:x}\n")
    machine.expect(crc(expected), timeout=60)
    return machine.machine.engine.count
