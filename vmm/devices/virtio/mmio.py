# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio-mmio transport, version 2 (virtio 1.2, 4.2).

Registers are 32 bits wide and little-endian; on a board with a big-endian
bus the driver swaps what it loads and stores, as Linux's `readl` does.
Nothing of the legacy interface (version 1) exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vmm.devices.device import Register
from vmm.devices.virtio.device import VENDOR, VirtioDevice
from vmm.devices.virtio.virtqueue import Virtqueue
from vmm.machine.line import Line

MAGIC_VALUE, VERSION = 0x74726976, 2
CONFIG = 0x100
SIZE = 0x200
REGISTERS = (
    Register(0x000, "MagicValue", "ro", MAGIC_VALUE),
    Register(0x004, "Version", "ro", VERSION),
    Register(0x008, "DeviceID", "ro"),
    Register(0x00C, "VendorID", "ro", VENDOR),
    Register(0x010, "DeviceFeatures", "ro"),
    Register(0x014, "DeviceFeaturesSel", "wo"),
    Register(0x020, "DriverFeatures", "wo"),
    Register(0x024, "DriverFeaturesSel", "wo"),
    Register(0x030, "QueueSel", "wo"),
    Register(0x034, "QueueNumMax", "ro"),
    Register(0x038, "QueueNum", "wo"),
    Register(0x044, "QueueReady"),
    Register(0x050, "QueueNotify", "wo"),
    Register(0x060, "InterruptStatus", "ro"),
    Register(0x064, "InterruptACK", "wo"),
    Register(0x070, "Status"),
    Register(0x080, "QueueDescLow", "wo"),
    Register(0x084, "QueueDescHigh", "wo"),
    Register(0x090, "QueueDriverLow", "wo"),
    Register(0x094, "QueueDriverHigh", "wo"),
    Register(0x0A0, "QueueDeviceLow", "wo"),
    Register(0x0A4, "QueueDeviceHigh", "wo"),
    Register(0x0AC, "SHMSel", "wo"),
    Register(0x0B0, "SHMLenLow", "ro", 0xFFFFFFFF),
    Register(0x0B4, "SHMLenHigh", "ro", 0xFFFFFFFF),
    Register(0x0B8, "SHMBaseLow", "ro", 0xFFFFFFFF),
    Register(0x0BC, "SHMBaseHigh", "ro", 0xFFFFFFFF),
    Register(0x0C0, "QueueReset"),
    Register(0x0FC, "ConfigGeneration", "ro"),
)
NAMES = {register.offset: register.name for register in REGISTERS}
CONSTANT = {register.offset: register.reset for register in REGISTERS if register.reset}
USED_BUFFER, CONFIG_CHANGE = 1, 2  # InterruptStatus
AREAS = {0x080: "desc", 0x090: "driver", 0x0A0: "device"}
LOW, HIGH = 0x00000000_FFFFFFFF, 0xFFFFFFFF_00000000


@dataclass(slots=True)
class MmioState:
    """The transport's own registers."""

    device_features_sel: int = 0
    driver_features_sel: int = 0
    queue_sel: int = 0
    interrupt_status: int = 0


class VirtioMmio:
    """One device in a slot of 512 bytes; ``line`` is high while InterruptStatus is not 0."""

    size = SIZE
    registers = REGISTERS

    def __init__(
        self, device: VirtioDevice, line: Line, byteorder: Literal["little", "big"] = "little"
    ) -> None:
        """``byteorder`` is that of the bus."""
        self.device = device
        self.name = device.name
        self.unknown = device.unknown
        self.line = line
        self.state = MmioState()
        self._swap = byteorder == "big"
        device.on_used = self._used
        device.on_config = self._config_changed

    def reset(self) -> None:
        """Power-on state."""
        self.device.reset()
        self.state = MmioState()
        self._drive()

    def resume(self) -> None:
        """After the state was replaced: drive the line."""
        self._drive()

    # -- interrupts -------------------------------------------------------------

    def _used(self, queue: Virtqueue) -> None:
        self.state.interrupt_status |= USED_BUFFER
        self._drive()

    def _config_changed(self) -> None:
        self.state.interrupt_status |= CONFIG_CHANGE
        self._drive()

    def _drive(self) -> None:
        self.line.set(bool(self.state.interrupt_status))

    # -- registers --------------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        if offset >= CONFIG:
            value = self.device.read_config(offset - CONFIG, size)
        elif size != 4 or offset not in NAMES:
            return self.unknown.read(offset, size)
        else:
            value = self._read(offset)
        return self._swapped(value, size) if self._swap else value

    def write(self, offset: int, size: int, value: int) -> None:
        if self._swap:
            value = self._swapped(value, size)
        if offset >= CONFIG:
            self.device.write_config(offset - CONFIG, size, value)
        elif size != 4 or offset not in NAMES:
            self.unknown.write(offset, size, value)
        else:
            self._write(offset, value)

    @staticmethod
    def _swapped(value: int, size: int) -> int:
        return int.from_bytes(value.to_bytes(size, "little"), "big")

    def _read(self, offset: int) -> int:
        device, state = self.device, self.state
        if offset == 0x060:
            return state.interrupt_status
        if offset == 0x070:
            return device.status
        if offset in CONSTANT:
            return CONSTANT[offset]
        if offset == 0x008:
            return device.function.device_id
        if offset == 0x010:
            return self._word(device.offered, state.device_features_sel)
        if offset == 0x0FC:
            return device.state.generation
        queue = device.queue(state.queue_sel)
        if offset == 0x034:
            return queue.max_size if queue is not None else 0
        if offset == 0x044:
            return int(queue is not None and queue.state.ready)
        return 0  # QueueReset: a reset is complete at once; what is only written reads as 0

    @staticmethod
    def _word(value: int, index: int) -> int:
        return value >> 32 * index & 0xFFFFFFFF if index < 2 else 0

    def _write(self, offset: int, value: int) -> None:
        device, state = self.device, self.state
        if offset == 0x050:
            device.notify(value)
        elif offset == 0x064:
            state.interrupt_status &= ~value
            self._drive()
        elif offset == 0x070:
            if value == 0:
                self.reset()
            else:
                device.set_status(value & 0xFF)
        elif offset == 0x014:
            state.device_features_sel = value
        elif offset == 0x024:
            state.driver_features_sel = value
        elif offset == 0x020:
            if state.driver_features_sel < 2:
                shift = 32 * state.driver_features_sel
                kept = device.state.features & ~(0xFFFFFFFF << shift)
                device.accept(kept | value << shift)
            elif value:
                self.unknown.note(f"features beyond bit 63: {value:#x}")
        elif offset == 0x030:
            state.queue_sel = value
        elif offset != 0x0AC:  # SHMSel selects nothing: there is no shared memory
            self._write_queue(offset, value)

    def _write_queue(self, offset: int, value: int) -> None:
        """Registers of the selected queue."""
        queue = self.device.queue(self.state.queue_sel)
        if queue is None:
            self.unknown.note(f"queue {self.state.queue_sel} does not exist")
        elif offset == 0x0C0:
            if value & 1:
                self.device.reset_queue(queue)
        elif offset == 0x044:
            if not value & 1:
                queue.state.ready = False
            elif not queue.state.ready:
                self.device.enable_queue(queue)
        elif queue.state.ready:
            self.unknown.note(f"{NAMES[offset]} written while queue {queue.index} is in use")
        elif offset == 0x038:
            queue.state.size = value
        elif offset & ~4 in AREAS:
            name = AREAS[offset & ~4]
            before: int = getattr(queue.state, name)
            after = before & LOW | value << 32 if offset & 4 else before & HIGH | value
            setattr(queue.state, name, after)
        else:
            self.unknown.note(f"{NAMES[offset]} is read-only")
