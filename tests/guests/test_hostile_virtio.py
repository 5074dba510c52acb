# SPDX-License-Identifier: GPL-2.0-or-later
"""A hostile guest drives every virtio device; the machine and the other devices go on."""

from __future__ import annotations

from pathlib import Path

from vmm import Machine

DEVICES = (
    "virtio-rng-device", "virtio-balloon-device", "virtio-net-device,netdev=n",
    "virtio-serial-device", "virtconsole,chardev=t", "virtserialport,chardev=s",
)
ANSWERS = {  # by device id: which queues give a buffer back at once
    2: 0b001,  # block: the request
    1: 0b010,  # net: what is sent
    3: 0b010,  # console: what is printed
    4: 0b001,  # entropy
    5: 0b011,  # balloon: inflate and deflate; the statistics stay
}


def run(guest, image: Path) -> tuple[list[str], int, dict[str, dict[str, int]]]:
    drives = [f"file={image},format=raw,snapshot=on"]
    with Machine(
        "virt", kernel=guest("arm/virtiofuzz"), drives=drives, devices=DEVICES
    ) as machine:
        assert machine.run(timeout=60).status == 0
        return machine.output.splitlines(), machine.count, machine.statistics()["devices"]


def test_every_device_needs_resets_and_works_after_them(guest, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(range(256)) * 256)
    lines, count, devices = run(guest, image)
    found = {}
    for line in lines:
        assert "needed resets" in line, line
        words = line.replace(":", "").split()
        found[int(words[1])] = int(words[-1])
    assert found.keys() == ANSWERS.keys()
    for device, answer in ANSWERS.items():
        assert found[device] & answer == answer, (device, found[device])
    assert all(counters["chains"] > 50 for counters in devices.values()), devices
    assert image.read_bytes() == bytes(range(256)) * 256
    assert run(guest, image) == (lines, count, devices)
