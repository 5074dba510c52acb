# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration space of a virtio PCI device (virtio 1.2, 4.1.2 and 4.1.4; PCI 3.0, 6.8).

A memory BAR has the four structures of the transport, another the MSI-X table.
Vendor capabilities say where each is; the last is a window through which
firmware without a mapping reaches the first BAR.
"""

from __future__ import annotations

import struct

from vmm.devices.pci import ConfigRegister, identity
from vmm.devices.pci_bars import memory_bar

VENDOR = 0x1AF4
DEVICE_BASE = 0x1040  # and the virtio device id
REVISION = 1
CLASSES = {1: 0x020000, 2: 0x010000, 3: 0x078000, 4: 0x00FF00, 5: 0x00FF00}  # by device id
OTHER_CLASS = 0x00FF00

TABLE_BAR, VIRTIO_BAR = 1, 4
TABLE_BAR_SIZE, VIRTIO_BAR_SIZE = 0x1000, 0x4000
COMMON, ISR, DEVICE, NOTIFY = 0x0000, 0x1000, 0x2000, 0x3000  # in the virtio BAR
COMMON_SIZE, ISR_SIZE, DEVICE_SIZE, NOTIFY_SIZE = 0x3C, 1, 0x1000, 0x1000
NOTIFY_MULTIPLIER = 4  # bytes from one queue's address to the next
PBA = 0x800  # the pending bits, in the table's BAR

CAP_COMMON, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_WINDOW = 1, 2, 3, 4, 5  # cfg_type
CAP_VENDOR, CAP_MSIX = 0x09, 0x11
STATUS_CAPABILITIES = 0x10
INTX_DISABLE = 0x400  # of the command register
COMMAND_BITS = 0x0002 | 0x0004 | INTX_DISABLE  # memory, bus master
MSIX_ENABLE, MSIX_MASK_ALL = 0x8000, 0x4000


def _capability(kind: int, following: int, offset: int, length: int, extra: bytes = b"") -> bytes:
    """One virtio_pci_cap."""
    return struct.pack("<BBBBBBHII", CAP_VENDOR, following, 16 + len(extra), kind, VIRTIO_BAR, 0, 0,
                       offset, length) + extra


def registers(device_id: int, vectors: int) -> tuple[ConfigRegister, ...]:
    """The registers of a device with so many MSI-X vectors; 0: the board has no MSI."""
    multiplier = struct.pack("<I", NOTIFY_MULTIPLIER)
    window_at, msix_at = 0x84, 0x98

    def fixed(offset: int, name: str, data: bytes) -> ConfigRegister:
        return ConfigRegister(offset, name, len(data), int.from_bytes(data, "little"))

    found = (
        *identity(VENDOR, DEVICE_BASE + device_id, REVISION, CLASSES.get(device_id, OTHER_CLASS)),
        ConfigRegister(0x04, "PCICMD", 2, 0, writable=COMMAND_BITS),
        ConfigRegister(0x06, "PCISTS", 2, STATUS_CAPABILITIES),
        memory_bar(VIRTIO_BAR, VIRTIO_BAR_SIZE),
        ConfigRegister(0x34, "CAPPTR", 1, 0x40),
        ConfigRegister(0x3C, "INTLN", 1, 0, writable=0xFF),
        ConfigRegister(0x3D, "INTPN", 1, 1),
        fixed(0x40, "COMMON_CFG", _capability(CAP_COMMON, 0x50, COMMON, COMMON_SIZE)),
        fixed(0x50, "NOTIFY_CFG", _capability(CAP_NOTIFY, 0x64, NOTIFY, NOTIFY_SIZE, multiplier)),
        fixed(0x64, "ISR_CFG", _capability(CAP_ISR, 0x74, ISR, ISR_SIZE)),
        fixed(0x74, "DEVICE_CFG", _capability(CAP_DEVICE, window_at, DEVICE, DEVICE_SIZE)),
        fixed(window_at, "PCI_CFG", bytes((CAP_VENDOR, msix_at if vectors else 0, 20, CAP_WINDOW))),
        ConfigRegister(window_at + 4, "PCI_CFG_BAR", 1, 0, writable=0xFF),
        ConfigRegister(window_at + 8, "PCI_CFG_OFFSET", 4, 0, writable=0xFFFFFFFF),
        ConfigRegister(window_at + 12, "PCI_CFG_LENGTH", 4, 0, writable=0xFFFFFFFF),
        ConfigRegister(window_at + 16, "PCI_CFG_DATA", 4),
    )
    if vectors:
        found += (
            memory_bar(TABLE_BAR, TABLE_BAR_SIZE),
            ConfigRegister(msix_at, "MSIX_ID", 2, CAP_MSIX),
            ConfigRegister(msix_at + 2, "MSIX_CONTROL", 2, vectors - 1,
                           writable=MSIX_ENABLE | MSIX_MASK_ALL),
            ConfigRegister(msix_at + 4, "MSIX_TABLE", 4, TABLE_BAR),
            ConfigRegister(msix_at + 8, "MSIX_PBA", 4, PBA | TABLE_BAR),
        )
    return found
