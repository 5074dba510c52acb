# SPDX-License-Identifier: GPL-2.0-or-later
"""The `virt` board's 32 virtio-mmio slots.

Filled from the last one down, as QEMU does: a guest that looks at the highest
address first finds the devices in the order of the command line.
"""

from __future__ import annotations

from vmm.boards import virtio
from vmm.boards.options import BoardError, Options
from vmm.boards.virt_tree import Address
from vmm.devices.gicv2 import GicV2
from vmm.devices.virtio.mmio import SIZE, VirtioMmio
from vmm.devices.virtio_empty import VirtioEmpty
from vmm.machine.machine import Machine

SLOTS, FIRST_SPI = 32, 16


def place(machine: Machine, options: Options, gic: GicV2) -> None:
    """Put the devices of ``options`` into the slots, and empty ones into the others."""
    found = virtio.build(machine, options, virtio.MMIO)
    if len(found) > SLOTS:
        raise BoardError(f"board virt has {SLOTS} virtio slots, not {len(found)}")
    for slot in range(SLOTS):
        index = SLOTS - 1 - slot
        base = Address.VIRTIO + slot * SIZE
        if index < len(found):
            machine.bus.devices.place(base, VirtioMmio(found[index], gic.spi(FIRST_SPI + slot)))
        else:
            machine.bus.devices.place(base, VirtioEmpty(f"virtio-empty{slot}"))
