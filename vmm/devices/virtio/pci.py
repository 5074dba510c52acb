# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio PCI transport (virtio 1.2, 4.1), modern only.

Interrupts are INTx, with the ISR status that a read clears, or MSI-X on a
board that has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vmm.devices.device import Register
from vmm.devices.msix import MsixTable
from vmm.devices.pci import ConfigSpace
from vmm.devices.pci_bars import Bars, Move
from vmm.devices.virtio import pci_config as config
from vmm.devices.virtio.device import VirtioDevice
from vmm.devices.virtio.virtqueue import Virtqueue
from vmm.machine.line import Line

NO_VECTOR = 0xFFFF
QUEUE_INTERRUPT, CONFIG_INTERRUPT = 1, 2  # ISR status
Send = Callable[[int, int], None]  # a message: address, data

COMMON = {  # offset: name, bytes; 4.1.4.3
    0x00: ("device_feature_select", 4), 0x04: ("device_feature", 4),
    0x08: ("driver_feature_select", 4), 0x0C: ("driver_feature", 4),
    0x10: ("config_msix_vector", 2), 0x12: ("num_queues", 2), 0x14: ("device_status", 1),
    0x15: ("config_generation", 1), 0x16: ("queue_select", 2), 0x18: ("queue_size", 2),
    0x1A: ("queue_msix_vector", 2), 0x1C: ("queue_enable", 2), 0x1E: ("queue_notify_off", 2),
    0x20: ("queue_desc", 4), 0x24: ("queue_desc_high", 4),
    0x28: ("queue_driver", 4), 0x2C: ("queue_driver_high", 4),
    0x30: ("queue_device", 4), 0x34: ("queue_device_high", 4),
    0x38: ("queue_notify_data", 2), 0x3A: ("queue_reset", 2),
}
AREAS = {"queue_desc": "desc", "queue_driver": "driver", "queue_device": "device"}
LOW, HIGH = 0x00000000_FFFFFFFF, 0xFFFFFFFF_00000000


@dataclass(slots=True)
class PciState:
    """The transport's own registers."""

    device_feature_select: int = 0
    driver_feature_select: int = 0
    queue_select: int = 0
    isr: int = 0
    config_vector: int = NO_VECTOR
    vectors: dict[int, int] = field(default_factory=dict)  # of queues


class VirtioPci:
    """One device as a PCI function: ``config`` is its configuration space.

    ``line`` is its INTA#, high when asserted; ``send`` takes messages (None: the board has no
    MSI).
    """

    size = config.VIRTIO_BAR_SIZE
    registers = tuple(Register(offset, name) for offset, (name, _) in COMMON.items())

    def __init__(self, device: VirtioDevice, line: Line, send: Send | None = None) -> None:
        self.device = device
        self.name = device.name
        self.unknown = device.unknown
        self.line = line
        self.state = PciState()
        vectors = len(device.queues) + 1 if send is not None else 0
        self._bars = Bars({})
        self.table = MsixTable(f"{device.name}-msix", vectors, send or _nowhere)
        self.config = ConfigSpace(
            f"{device.name}-config", config.registers(device.function.device_id, vectors),
            self._config_changed, {"PCI_CFG_DATA": (self._window_read, self._window_write)},
        )
        device.on_used = self._used
        device.on_config = self._configured

    def connect(self, move: Move, move_table: Move) -> None:
        """Say who places the two windows."""
        self._bars = Bars({"BAR4": move} | ({"BAR1": move_table} if self.table.vectors else {}))

    def reset(self) -> None:
        """Power-on state."""
        self._reset_virtio()
        self.table.reset()
        self.config.reset()

    def _reset_virtio(self) -> None:
        self.device.reset()
        self.state = PciState()
        self._drive()

    def resume(self) -> None:
        """After the state was replaced: places and line again."""
        self.config.resume()
        self._drive()

    # -- configuration space ----------------------------------------------------

    def _config_changed(self, register: str, before: int) -> None:
        space = self.config
        if register == "MSIX_CONTROL":
            value = space["MSIX_CONTROL"]
            enabled, masked = value & config.MSIX_ENABLE, value & config.MSIX_MASK_ALL
            self.table.control(bool(enabled), bool(masked))
            self._drive()
        else:
            self._bars.changed(space, register)
            self._drive()

    def _window(self) -> tuple[int, int] | None:
        """Where in the virtio BAR the configuration window is, and its bytes (4.1.4.9)."""
        space = self.config
        offset, size = space["PCI_CFG_OFFSET"], space["PCI_CFG_LENGTH"]
        if (space["PCI_CFG_BAR"] != config.VIRTIO_BAR or size not in (1, 2, 4)
                or offset % size or offset + size > self.size):
            self.unknown.note(f"configuration window of {size} bytes at {offset:#x}")
            return None
        return offset, size

    def _window_read(self) -> int:
        window = self._window()
        return 0 if window is None else self.read(*window)

    def _window_write(self, value: int) -> None:
        window = self._window()
        if window is not None:
            self.write(*window, value & ((1 << 8 * window[1]) - 1))

    # -- interrupts -------------------------------------------------------------

    def _used(self, queue: Virtqueue) -> None:
        self._interrupt(QUEUE_INTERRUPT, self.state.vectors.get(queue.index, NO_VECTOR))

    def _configured(self) -> None:
        self._interrupt(CONFIG_INTERRUPT, self.state.config_vector)

    def _interrupt(self, cause: int, vector: int) -> None:
        if self.table.enabled:
            self.table.raise_vector(vector)
        else:
            self.state.isr |= cause
            self._drive()

    def _drive(self) -> None:
        masked = self.table.enabled or self.config["PCICMD"] & config.INTX_DISABLE
        self.line.set(bool(self.state.isr) and not masked)

    # -- the virtio BAR ---------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        if offset >= config.NOTIFY:
            return self.unknown.read(offset, size)
        if offset >= config.DEVICE:
            return self.device.read_config(offset - config.DEVICE, size)
        if offset == config.ISR:
            isr, self.state.isr = self.state.isr, 0
            self._drive()
            return isr
        return self._split(offset, size, self._read_common)

    def _split(self, offset: int, size: int, read: Callable[[str], int]) -> int:
        """A read of one register, or of the two halves of a 64-bit one."""
        if size == 8:
            low, high = self._split(offset, 4, read), self._split(offset + 4, 4, read)
            return low | high << 32
        name, width = COMMON.get(offset, ("", 0))
        return read(name) if width == size else self.unknown.read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset >= config.NOTIFY:
            self.device.notify((offset - config.NOTIFY) // config.NOTIFY_MULTIPLIER)
        elif offset >= config.DEVICE:
            self.device.write_config(offset - config.DEVICE, size, value)
        elif size == 8:
            self.write(offset, 4, value & 0xFFFFFFFF)
            self.write(offset + 4, 4, value >> 32)
        elif COMMON.get(offset, ("", 0))[1] == size:
            self._write_common(COMMON[offset][0], value)
        else:
            self.unknown.write(offset, size, value)

    def _read_common(self, name: str) -> int:
        device, state = self.device, self.state
        queue = device.queue(state.queue_select)
        if name == "device_status":
            return device.status
        if name == "device_feature":
            return _word(device.offered, state.device_feature_select)
        if name == "driver_feature":
            return _word(device.state.features, state.driver_feature_select)
        if name == "config_msix_vector":
            return state.config_vector
        if name == "num_queues":
            return len(device.queues)
        if name == "config_generation":
            return device.state.generation
        if name in ("device_feature_select", "driver_feature_select", "queue_select"):
            selected: int = getattr(state, name)
            return selected
        if queue is None or name == "queue_reset":
            return 0
        if name == "queue_size":
            return queue.state.size
        if name == "queue_msix_vector":
            return state.vectors.get(queue.index, NO_VECTOR)
        if name == "queue_enable":
            return int(queue.state.ready)
        if name in ("queue_notify_off", "queue_notify_data"):
            return queue.index
        address: int = getattr(queue.state, AREAS[name.removesuffix("_high")])
        return address >> 32 if name.endswith("_high") else address & LOW

    def _write_common(self, name: str, value: int) -> None:
        device, state = self.device, self.state
        if name in ("device_feature_select", "driver_feature_select", "queue_select"):
            setattr(state, name, value)
        elif name == "device_status":
            if value == 0:
                self._reset_virtio()
            else:
                device.set_status(value)
        elif name == "driver_feature":
            if state.driver_feature_select < 2:
                shift = 32 * state.driver_feature_select
                kept = device.state.features & ~(0xFFFFFFFF << shift)
                device.accept(kept | value << shift)
            elif value:
                self.unknown.note(f"features beyond bit 63: {value:#x}")
        elif name == "config_msix_vector":
            state.config_vector = self._vector(value)
        else:
            self._write_queue(name, value)

    def _vector(self, value: int) -> int:
        """A vector that exists, or none."""
        return value if value < self.table.vectors else NO_VECTOR

    def _write_queue(self, name: str, value: int) -> None:
        """Registers of the selected queue."""
        queue = self.device.queue(self.state.queue_select)
        if queue is None:
            self.unknown.note(f"queue {self.state.queue_select} does not exist")
        elif name == "queue_msix_vector":
            self.state.vectors[queue.index] = self._vector(value)
        elif name == "queue_reset":
            if value & 1:
                self.device.reset_queue(queue)
        elif name == "queue_enable":
            if value & 1 and not queue.state.ready:
                self.device.enable_queue(queue)
        elif queue.state.ready:
            self.unknown.note(f"{name} written while queue {queue.index} is in use")
        elif name == "queue_size":
            queue.state.size = value
        elif name.removesuffix("_high") in AREAS:
            area = AREAS[name.removesuffix("_high")]
            before: int = getattr(queue.state, area)
            high = name.endswith("_high")
            after = before & LOW | value << 32 if high else before & HIGH | value
            setattr(queue.state, area, after)
        else:
            self.unknown.note(f"{name} is read-only")


def _word(value: int, index: int) -> int:
    return value >> 32 * index & 0xFFFFFFFF if index < 2 else 0


def _nowhere(address: int, data: int) -> None:
    """A board without MSI."""
