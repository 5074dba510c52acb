# SPDX-License-Identifier: GPL-2.0-or-later
"""MSI-X: a table of interrupt messages that a driver fills in (PCI 3.0, 6.8.2 and 6.8.3)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from vmm.devices.device import Register, Unknown

ENTRY = struct.Struct("<IIII")  # address, upper address, data, vector control
MASKED = 1  # of vector control
PENDING = 0x800  # where the pending bits are


@dataclass(slots=True)
class MsixState:
    """The table, and a bit for each vector that waits to be unmasked."""

    table: bytearray = field(default_factory=bytearray)
    pending: int = 0


class MsixTable:
    """A table of ``vectors`` entries; ``send(address, data)`` writes a message.

    `enabled` and `masked` are the bits of the capability's control register.
    """

    size = 0x1000
    registers = (Register(0, "Table"), Register(PENDING, "PBA", "ro"))

    def __init__(self, name: str, vectors: int, send: Callable[[int, int], None]) -> None:
        self.name = name
        self.vectors = vectors
        self.send = send
        self.unknown = Unknown(name)
        self.enabled = self.masked = False
        self.state = MsixState()
        self.reset()

    def reset(self) -> None:
        """All vectors masked."""
        self.state = MsixState(bytearray(ENTRY.pack(0, 0, 0, MASKED) * self.vectors))

    def control(self, enabled: bool, masked: bool) -> None:
        """The control register has changed."""
        self.enabled, self.masked = enabled, masked
        for vector in range(self.vectors):
            self._send_pending(vector)

    def raise_vector(self, vector: int) -> None:
        """Send a vector's message, or note that it waits."""
        if not self.enabled or vector >= self.vectors:
            return
        self.state.pending |= 1 << vector
        self._send_pending(vector)

    def _send_pending(self, vector: int) -> None:
        state = self.state
        if not state.pending >> vector & 1 or self.masked or not self.enabled:
            return
        address, _, data, control = ENTRY.unpack_from(state.table, ENTRY.size * vector)
        if not control & MASKED:
            state.pending &= ~(1 << vector)
            self.send(address, data)

    def read(self, offset: int, size: int) -> int:
        table = self.state.table
        if offset + size <= len(table):
            return int.from_bytes(table[offset : offset + size], "little")
        if offset >= PENDING and offset + size <= PENDING + 8:
            return self.state.pending >> 8 * (offset - PENDING) & ((1 << 8 * size) - 1)
        return self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        table = self.state.table
        if size in (4, 8) and offset % size == 0 and offset + size <= len(table):
            table[offset : offset + size] = value.to_bytes(size, "little")
            self._send_pending(offset // ENTRY.size)
        else:
            self.unknown.write(offset, size, value)
