# SPDX-License-Identifier: GPL-2.0-or-later
"""fw_cfg: the firmware configuration device (QEMU's docs/specs/fw_cfg.rst), memory-mapped
and, as `FwCfgPorts`, at I/O ports.

Named and numbered items of bytes that firmware and kernels read, through a data
register or by DMA.  The selector and the DMA address are big-endian registers;
the data register gives the item's bytes in memory order.  Values are those of a
little-endian guest, so big-endian registers are swapped here.  Items are
read-only: a DMA write gets the error bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices.device import Register, Unknown

DATA, SELECTOR, DMA_HIGH, DMA_LOW = 0x00, 0x08, 0x10, 0x14

SIGNATURE, ID, RAM_SIZE, NOGRAPHIC, CPUS = 0x00, 0x01, 0x03, 0x04, 0x05
BOOT_MENU, MAX_CPUS, FILE_DIR, FILE_FIRST = 0x0E, 0x0F, 0x19, 0x20
KEY_MASK = 0x3FFF | 0x8000  # bit 14 asks for write access, which no item has
FEATURES = 0b11  # the traditional interface and DMA

CONTROL_ERROR, CONTROL_READ, CONTROL_SKIP, CONTROL_SELECT, CONTROL_WRITE = 1, 2, 4, 8, 16
DMA_SIGNATURE = b"QEMU CFG"
CHUNK = 1 << 16  # bytes of a DMA transfer that are copied at once

REGISTERS = (
    Register(DATA, "data"),
    Register(SELECTOR, "selector", "wo"),
    Register(DMA_HIGH, "dma address, high", "rw", int.from_bytes(DMA_SIGNATURE[:4], "little")),
    Register(DMA_LOW, "dma address, low", "rw", int.from_bytes(DMA_SIGNATURE[4:], "little")),
)


@dataclass
class State:
    key: int = 0
    position: int = 0
    dma_high: int = 0


class FwCfg:
    """``read_memory(address, count)`` and ``write_memory(address, data)`` are the DMA port.

    Both raise ``ValueError`` for an address that is not memory; the guest then
    sees the error bit.
    """

    size = 0x18
    registers = REGISTERS

    def __init__(
        self,
        read_memory: Callable[[int, int], bytes],
        write_memory: Callable[[int, bytes], None],
        name: str = "fw_cfg",
    ) -> None:
        self.name = name
        self.read_memory = read_memory
        self.write_memory = write_memory
        self.unknown = Unknown(name)
        self.items: dict[int, bytes] = {
            SIGNATURE: b"QEMU",
            ID: FEATURES.to_bytes(4, "little"),
        }
        self.files: dict[str, bytes] = {}
        self._place_files()
        self.state = State()

    def add_item(self, key: int, data: bytes) -> None:
        """Define a numbered item, such as the kernel's size (0x08)."""
        if not 0 < key < FILE_FIRST and not 0x8000 <= key <= 0xBFFF:
            raise ValueError(f"fw_cfg item number {key:#x} is not free for use")
        self.items[key] = bytes(data)

    def add_file(self, name: str, data: bytes) -> None:
        """Define a named item; names are at most 55 ASCII characters."""
        if not name.isascii() or not 0 < len(name) < 56:
            raise ValueError(f"fw_cfg file name {name!r} must have 1 to 55 ASCII characters")
        self.files[name] = bytes(data)
        self._place_files()

    def _place_files(self) -> None:
        """Number the files in the order of their names and write the directory."""
        directory = len(self.files).to_bytes(4, "big")
        for key, name in enumerate(sorted(self.files), FILE_FIRST):
            data = self.files[name]
            self.items[key] = data
            directory += len(data).to_bytes(4, "big") + key.to_bytes(2, "big") + bytes(2)
            directory += name.encode().ljust(56, b"\0")
        self.items[FILE_DIR] = directory

    def reset(self) -> None:
        self.state = State()

    def resume(self) -> None:
        """Nothing runs by itself."""

    def read(self, offset: int, size: int) -> int:
        if offset < SELECTOR:
            return int.from_bytes(self.take(size), "little")
        if offset >= DMA_HIGH and offset + size <= self.size:
            start = offset - DMA_HIGH
            return int.from_bytes(DMA_SIGNATURE[start : start + size], "little")
        return self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        swapped = int.from_bytes(value.to_bytes(size, "little"), "big")
        if offset == SELECTOR and size == 2:
            self.select(swapped)
        elif offset == DMA_HIGH and size == 8:
            self._transfer(swapped)
        elif offset == DMA_HIGH and size == 4:
            self.state.dma_high = swapped
        elif offset == DMA_LOW and size == 4:
            high, self.state.dma_high = self.state.dma_high, 0
            self._transfer(high << 32 | swapped)
        else:
            self.unknown.write(offset, size, value)

    def select(self, key: int) -> None:
        """Choose an item; its first byte is read next."""
        self.state.key = key & KEY_MASK
        self.state.position = 0

    def take(self, count: int) -> bytes:
        """The next bytes of the selected item; zeros behind its end."""
        data = self.items.get(self.state.key, b"")
        start = self.state.position
        self.state.position = min(start + count, max(start, len(data)))
        return data[start : start + count].ljust(count, b"\0")

    def _transfer(self, address: int) -> None:
        try:
            request = self.read_memory(address, 16)
        except ValueError:
            self.unknown.note(f"the DMA request at {address:#x} is not in memory")
            return
        control = int.from_bytes(request[0:4], "big")
        length = int.from_bytes(request[4:8], "big")
        target = int.from_bytes(request[8:16], "big")
        if control & CONTROL_SELECT:
            self.select(control >> 16)
        outcome = 0
        if control & CONTROL_READ:
            outcome = self._copy(target, length)
        elif control & CONTROL_WRITE:
            outcome = CONTROL_ERROR
        elif control & CONTROL_SKIP:
            self._skip(length)
        try:
            self.write_memory(address, outcome.to_bytes(4, "big"))
        except ValueError:
            self.unknown.note(f"the DMA request at {address:#x} is not in RAM")

    def _skip(self, length: int) -> None:
        size = len(self.items.get(self.state.key, b""))
        self.state.position = min(self.state.position + length, max(self.state.position, size))

    def _copy(self, target: int, length: int) -> int:
        # In pieces, so that a hostile length does not become a host allocation.
        while length:
            count = min(length, CHUNK)
            try:
                self.write_memory(target, self.take(count))
            except ValueError:
                self.unknown.note(f"a DMA transfer to {target:#x} is not to memory")
                return CONTROL_ERROR
            target += count
            length -= count
        return 0


PORT_SELECTOR, PORT_DATA, PORT_DMA = 0, 1, 4


class FwCfgPorts:
    """The registers of a PC, from port 0x510 on.

    A word written to the first port selects, in the processor's byte order; a byte read from the
    second is data; the DMA address is big-endian, as in memory.
    """

    name = "fw_cfg"
    size = 12
    registers = (
        Register(PORT_SELECTOR, "selector", "wo"),
        Register(PORT_DATA, "data", "ro"),
        Register(PORT_DMA, "dma address, high", "rw", REGISTERS[2].reset),
        Register(PORT_DMA + 4, "dma address, low", "rw", REGISTERS[3].reset),
    )

    def __init__(self, device: FwCfg) -> None:
        self.device = device
        self.unknown = device.unknown

    @property
    def state(self) -> State:
        return self.device.state

    def reset(self) -> None:
        self.device.reset()

    def resume(self) -> None:
        """Nothing runs by itself."""

    def read(self, offset: int, size: int) -> int:
        if offset == PORT_DATA and size == 1:
            return self.device.read(DATA, 1)
        if offset >= PORT_DMA:
            return self.device.read(offset - PORT_DMA + DMA_HIGH, size)
        return self.unknown.read(offset, size, (1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == PORT_SELECTOR and size == 2:
            self.device.select(value)
        elif offset >= PORT_DMA:
            self.device.write(offset - PORT_DMA + DMA_HIGH, size, value)
        else:
            self.unknown.write(offset, size, value)
