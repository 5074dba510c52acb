# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio devices of the pc board: PCI functions from device 2 on, in their order."""

from __future__ import annotations

from vmm.boards import virtio
from vmm.boards.options import BoardError, Options
from vmm.boards.pc_chipset import Chipset
from vmm.devices.virtio.pci import Send, VirtioPci
from vmm.machine.bus import Movable
from vmm.machine.machine import Machine

FIRST_DEVICE, DEVICES = 2, 32


def place(machine: Machine, options: Options, chipset: Chipset, send: Send | None) -> None:
    """Put the devices of ``options`` on the bus; ``send`` takes messages, if there is an APIC."""
    found = virtio.build(machine, options, virtio.PCI)
    if len(found) > DEVICES - FIRST_DEVICE:
        raise BoardError(f"board pc has room for {DEVICES - FIRST_DEVICE} virtio devices")
    bus = machine.bus
    for number, device in enumerate(found, FIRST_DEVICE):
        transport = VirtioPci(device, chipset.interrupt(number), send)
        window, table = (Movable(bus.devices, bus.open_window) for _ in range(2))
        window.device, table.device = transport, transport.table
        transport.move, transport.move_table = window.move, table.move
        chipset.pci.place(number, 0, transport.config)
