# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio devices of the pc board: PCI functions from device 2 on, in their order."""

from __future__ import annotations

from vmm.boards import virtio
from vmm.boards.options import BoardError, Options
from vmm.boards.pc_chipset import Chipset
from vmm.devices.virtio.pci import VirtioPci
from vmm.machine.bus import Movable
from vmm.machine.machine import Machine

FIRST_DEVICE, DEVICES = 2, 32


def place(machine: Machine, options: Options, chipset: Chipset, messages: bool) -> None:
    """Put the devices of ``options`` on the bus; ``messages``: interrupts can be such."""
    found = virtio.build(machine, options, virtio.PCI)
    if len(found) > DEVICES - FIRST_DEVICE:
        raise BoardError(f"board pc has room for {DEVICES - FIRST_DEVICE} virtio devices")
    space = machine.bus.devices
    for number, device in enumerate(found, FIRST_DEVICE):
        send = chipset.message if messages else None
        transport = VirtioPci(device, chipset.interrupt(number), send)
        window, table = Movable(space), Movable(space)
        window.device, table.device = transport, transport.table
        transport.connect(window.move, table.move)
        space.known += [transport, transport.table]  # wherever the guest puts them
        chipset.pci.place(number, 0, transport.config)
