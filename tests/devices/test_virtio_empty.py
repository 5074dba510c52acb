# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from vmm.devices.virtio_empty import VirtioEmpty


def test_identifies_itself_as_an_empty_slot() -> None:
    slot = VirtioEmpty()
    assert slot.read(0, 4).to_bytes(4, "little") == b"virt"
    assert slot.read(4, 4) == 1
    assert slot.read(8, 4) == 0
    assert slot.read(1, 1) == ord("i")


def test_the_rest_reads_as_zero_and_is_counted() -> None:
    slot = VirtioEmpty()
    slot.write(0x70, 4, 1)
    assert slot.read(0x70, 4) == 0
    assert slot.unknown.counts["read", 0x70] == slot.unknown.counts["write", 0x70] == 1
