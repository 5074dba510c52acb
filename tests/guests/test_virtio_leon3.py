# SPDX-License-Identifier: GPL-2.0-or-later
"""A big-endian driver of our own uses the LEON3 board's virtio devices."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest

from vmm import Machine
from vmm.boards import BoardError

PATTERN = bytes(i * 7 + (i >> 8) & 0xFF for i in range(8 * 512))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(random.Random(6).randbytes(512 * 100))
    return path


def run(guest, drive: str, *devices: str) -> tuple[int, list[str], dict[str, int]]:
    with Machine("leon3", kernel=guest("sparc/virtio"), drives=[drive], devices=devices) as m:
        outcome = m.run(timeout=60)
        return outcome.status, m.output.splitlines(), m.statistics()["devices"]["virtio-blk0"]


def test_disk_and_entropy(guest, image: Path) -> None:
    before = image.read_bytes()
    status, lines, counts = run(guest, f"file={image},format=raw,serial=leon", "virtio-rng-device")
    assert status == 0 and lines[0] == "2 virtio devices" and lines[-1] == "virtio: all is well"
    assert "block: 100 sectors, serial leon" in lines
    assert f"  crc={zlib.crc32(before[: 64 * 512]):08x}" in lines
    assert image.read_bytes() == before[: 16 * 512] + PATTERN + before[24 * 512 :]
    assert counts["flushes"] == 1 and counts["kicks"] == 6


def test_the_gateway_of_a_user_network_answers(guest) -> None:
    with Machine("leon3", kernel=guest("sparc/virtio"), devices=["virtio-net-device,netdev=n"],
                 netdevs=["user,id=n"]) as m:
        assert m.run(timeout=60).status == 0
        assert "  the gateway answers: yes" in m.output.splitlines()
        counts = m.statistics()["devices"]["virtio-net0"]
    assert counts["sent"] == counts["received"] == 1


def test_read_only(guest, image: Path) -> None:
    before = image.read_bytes()
    status, lines, _ = run(guest, f"file={image},format=raw,readonly=on")
    assert status == 0 and "block: 100 sectors, read only" in lines
    assert "  writing is refused: yes" in lines and image.read_bytes() == before


def test_a_board_without_devices_lists_none(guest) -> None:
    with Machine("leon3", kernel=guest("sparc/virtio")) as m:
        assert m.run(timeout=60).status == 0
        assert m.output.splitlines() == ["0 virtio devices", "virtio: all is well"]


def test_slots_run_out(guest) -> None:
    with pytest.raises(BoardError, match="leon3 has 6 virtio slots, not 7"):
        Machine("leon3", kernel=guest("sparc/virtio"), devices=["virtio-rng-device"] * 7)


def test_a_console_and_a_balloon(guest) -> None:
    with Machine("leon3", kernel=guest("sparc/virtio"), devices=[
        "virtio-balloon-device", "virtio-serial-device", "virtconsole,chardev=c",
    ]) as m:
        assert m.run(timeout=60).status == 0
        assert bytes(m.machine.consoles["c"].tail) == b"a line through virtio\n"
        counts = m.statistics()["devices"]["virtio-balloon0"]
    assert counts["released_pages"] == counts["returned_pages"] == 4
