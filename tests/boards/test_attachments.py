# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives and devices as a user writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmm import boards
from vmm.boards import attachments
from vmm.boards.attachments import AttachmentError
from vmm.boards.options import BoardError, Options
from vmm.devices.virtio.mmio import VirtioMmio

BEACON = Path(__file__).parents[2] / "docs/examples/beacon/board.toml"


def create(board: str, *devices: str, drives: tuple[str, ...] = (), objects: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    given = attachments.options(drives, devices, objects)
    return boards.create(Options(board, bare=True, **given))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a,b.img"
    path.write_bytes(bytes(512))
    return path


def test_a_drive_in_full() -> None:
    drive = attachments.drive(
        "file=a,,b.img,if=none,format=raw,readonly=off,snapshot=on,id=disk,serial=S1", 0
    )
    assert drive.file == Path("a,b.img") and drive.id == "disk" and drive.interface == "none"
    assert drive.snapshot and drive.raw and not drive.read_only and drive.serial == "S1"
    assert attachments.drive("file=x", 3).id == "virtio3"
    assert attachments.drive("file=x", 0, snapshot=True).snapshot


def test_the_first_device_is_in_the_last_slot_and_drives_come_last(image: Path) -> None:
    quoted = str(image).replace(",", ",,")
    machine = create("virt", "virtio-rng-device", "virtio-rng,seed=4", drives=(f"file={quoted}",))
    found = {
        (placed.base - 0x0A000000) // 0x200: placed.device.name
        for placed in machine.bus.devices if isinstance(placed.device, VirtioMmio)
    }
    assert found == {31: "virtio-rng0", 30: "virtio-rng1", 29: "virtio-blk0"}


@pytest.mark.parametrize("text, why", [
    ("if=virtio", "which file"), ("file=x,if=ide", "virtio or none"),
    ("file=x,format=qcow2", "convert"), ("file=x,readonly=yes", "on or off"),
    ("file=x,cache=none", "no 'cache'; known: file"), ("file=x,file=y", "given twice"),
    ("x", "key"),
])
def test_drives_that_cannot_be(text: str, why: str) -> None:
    with pytest.raises(AttachmentError, match=why):
        attachments.drive(text, 0)


@pytest.mark.parametrize("devices, why", [
    (("virtio-toaster-device",), "takes virtio-blk-device"), (("virtio-blk-pci",), "takes"),
    (("virtio-blk-device",), "no -drive has that id"), (("virtio-rng-device,seed=-1",), "number"),
    (("virtio-rng-device,sead=1",), "no 'sead'"), (("virtio-rng-device,rng=r0",), "no -object"),
    (("virtio-rng-device",) * 33, "32 virtio slots"),
])
def test_devices_that_cannot_be(devices: tuple[str, ...], why: str) -> None:
    with pytest.raises((AttachmentError, BoardError), match=why) as error:
        create("virt", *devices)
    assert "\n" not in str(error.value)


def test_a_drive_that_no_device_has_and_one_that_two_have(image: Path) -> None:
    quoted = str(image).replace(",", ",,")
    with pytest.raises(AttachmentError, match="no -device has it"):
        create("virt", drives=(f"file={quoted},if=none,id=d",))
    with pytest.raises(AttachmentError, match="two devices use it"):
        create("virt", *["virtio-blk-device,drive=d"] * 2, drives=(f"file={quoted},if=none,id=d",))
    with pytest.raises(AttachmentError, match="two drives"):
        create("virt", drives=(f"file={quoted},id=d",) * 2)


def test_entropy_of_the_host_is_a_channel() -> None:
    machine = create(
        "virt", "virtio-rng-device,rng=r", objects=("rng-random,id=r,filename=/dev/zero",)
    )
    assert "virtio-rng0" in [channel.name for channel in machine.channels]


def test_boards_without_a_place_for_them() -> None:
    with pytest.raises(BoardError, match="no place for virtio"):
        create(str(BEACON), "virtio-rng")
