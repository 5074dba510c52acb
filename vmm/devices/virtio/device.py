# SPDX-License-Identifier: GPL-2.0-or-later
"""What all virtio devices share (virtio 1.2, chapter 2): status, features, queues, configuration.

A *function* is what a device is good for (a disk, a console); a *transport*
is how a driver reaches it (mmio, PCI).  Between them stands `VirtioDevice`,
which neither knows.  Only the 1.x interface exists: a driver that does not
accept VIRTIO_F_VERSION_1 is refused.

Work is done in the instruction that asks for it: a notification serves its
queue before the store that made it is complete.  So everything a device does
has an exact place in virtual time, and what a run does depends on its inputs
alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Protocol, TypeVar

from vmm.devices.device import Unknown
from vmm.devices.virtio.virtqueue import QueueError, Virtqueue
from vmm.machine.dma import Dma

ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK = 1, 2, 4, 8  # device status, 2.1
DEVICE_NEEDS_RESET, FAILED = 0x40, 0x80

F_INDIRECT_DESC, F_EVENT_IDX = 1 << 28, 1 << 29
F_VERSION_1, F_RING_RESET = 1 << 32, 1 << 40
QUEUE_FEATURES = F_INDIRECT_DESC | F_EVENT_IDX | F_VERSION_1 | F_RING_RESET
VENDOR = 0x554D4551  # QEMU's, which drivers show and do not check


T = TypeVar("T")


class Function(Protocol):
    """What a virtio device is good for."""

    name: str
    device_id: int  # virtio 1.2, chapter 5
    features: int  # of its own kind; those of queues come on top
    queue_sizes: tuple[int, ...]  # the most descriptors that each queue can have

    def config(self) -> bytes:
        """The device's configuration space as it is now."""

    def configure(self, offset: int, data: bytes) -> None:
        """The driver writes into the configuration space."""

    def start(self, device: VirtioDevice) -> None:
        """The driver is ready (DRIVER_OK)."""

    def serve(self, device: VirtioDevice, queue: Virtqueue) -> None:
        """The driver may have put something into a queue; QueueError if that is no good."""

    def reset(self) -> None:
        """The driver has reset the device, or the machine has been reset."""

    def counters(self) -> dict[str, int]:
        """What it has done since the machine was built, by name."""


@dataclass(slots=True)
class DeviceState:
    """What the driver has negotiated."""

    status: int = 0
    features: int = 0  # that the driver has accepted
    generation: int = 0  # of the configuration space


class VirtioDevice:
    """One device: a function behind a transport.

    The transport is told by ``on_used`` of a queue whose interrupt is wanted, and by
    ``on_config`` of a change of status or configuration.
    """

    def __init__(self, function: Function, dma: Dma) -> None:
        self.function = function
        self.name = function.name
        self.unknown = Unknown(function.name)
        self.offered = function.features | QUEUE_FEATURES
        self.state = DeviceState()
        self.queues = [Virtqueue(dma, i, size) for i, size in enumerate(function.queue_sizes)]
        self.config_interrupts = 0
        self.on_used: Callable[[Virtqueue], None] = lambda queue: None
        self.on_config: Callable[[], None] = lambda: None

    # -- status -----------------------------------------------------------------

    @property
    def status(self) -> int:
        """The device status field."""
        return self.state.status

    @property
    def live(self) -> bool:
        """Whether the device may use its queues."""
        return self.state.status & (DRIVER_OK | DEVICE_NEEDS_RESET) == DRIVER_OK

    def has(self, feature: int) -> bool:
        """Whether a feature has been negotiated."""
        return bool(self.state.features & feature)

    def set_status(self, value: int) -> None:
        """The driver writes the device status: 0 resets, other bits are only added."""
        state = self.state
        if value == 0:
            self.reset()
            return
        added = value & ~state.status & ~DEVICE_NEEDS_RESET
        if state.status & ~value & ~DEVICE_NEEDS_RESET:
            self.unknown.note(f"status {value:#x} clears bits of {state.status:#x} without a reset")
        if added & FEATURES_OK and not self._acceptable():
            self.unknown.note(f"features {state.features:#x} are not acceptable")
            added &= ~FEATURES_OK
        if added & DRIVER_OK and not (state.status | added) & FEATURES_OK:
            self.unknown.note("DRIVER_OK without FEATURES_OK")
            added &= ~DRIVER_OK
        state.status |= added
        if added & DRIVER_OK:
            self.function.start(self)
            for queue in self.queues:
                self.serve(queue)

    def _acceptable(self) -> bool:
        features = self.state.features
        return bool(features & F_VERSION_1) and not features & ~self.offered

    def reset(self) -> None:
        """Go back to the state after power-on; statistics stay."""
        self.state = DeviceState()
        for queue in self.queues:
            queue.reset()
        self.function.reset()

    def needs_reset(self, reason: str) -> None:
        """Stop: the driver has done what it must not, and has to reset the device (2.1.2)."""
        self.unknown.note(f"{reason}: the device needs a reset")
        self.state.status |= DEVICE_NEEDS_RESET
        if self.state.status & DRIVER_OK:
            self._config_interrupt()

    # -- features ---------------------------------------------------------------

    def accept(self, features: int) -> None:
        """The driver writes the features it accepts; ignored once they are settled."""
        if self.state.status & FEATURES_OK:
            self.unknown.note("features written after FEATURES_OK")
        else:
            self.state.features = features

    # -- queues -----------------------------------------------------------------

    def queue(self, index: int) -> Virtqueue | None:
        """A queue by number, or None."""
        return self.queues[index] if index < len(self.queues) else None

    def enable_queue(self, queue: Virtqueue) -> None:
        """The driver has set a queue up."""
        if not self.state.status & FEATURES_OK:
            self.unknown.note(f"queue {queue.index} enabled before FEATURES_OK")
            return
        try:
            queue.enable(self.has(F_EVENT_IDX), self.has(F_INDIRECT_DESC))
        except QueueError as error:
            self.needs_reset(str(error))

    def reset_queue(self, queue: Virtqueue) -> None:
        """The driver resets one queue (2.6.1); only with VIRTIO_F_RING_RESET."""
        if not self.has(F_RING_RESET):
            self.unknown.note(f"queue {queue.index} reset without VIRTIO_F_RING_RESET")
            return
        queue.reset()

    def notify(self, index: int) -> None:
        """The driver notifies the device of available buffers in a queue."""
        queue = self.queue(index)
        if queue is None or not self.live or not queue.state.ready:
            self.unknown.note(f"notification of queue {index}, which is not in use")
            return
        queue.statistics.kicks += 1
        self.serve(queue)

    def serve(self, queue: Virtqueue) -> None:
        """Have the function look at a queue, now."""
        self.work(queue, partial(self.function.serve, self, queue))

    def work(self, queue: Virtqueue, action: Callable[[], T]) -> T | None:
        """Do something with a queue and tell the driver; None if the queue cannot be used."""
        if not self.live or not queue.state.ready:
            return None
        try:
            done = action()
            if queue.publish():
                self.on_used(queue)
        except QueueError as error:
            self.needs_reset(str(error))
            return None
        return done

    def counters(self) -> dict[str, int]:
        """What the device has done since the machine was built, all queues together."""
        totals = [asdict(queue.statistics) for queue in self.queues]
        queues = {name: sum(one[name] for one in totals) for name in totals[0]}
        return {
            **queues, "config_interrupts": self.config_interrupts, **self.function.counters(),
        }

    # -- configuration space ----------------------------------------------------

    def read_config(self, offset: int, size: int) -> int:
        """A read of the device's configuration; zeros beyond its end."""
        data = self.function.config()[offset : offset + size]
        if len(data) < size:
            self.unknown.read(offset, size)
        return int.from_bytes(data, "little")

    def write_config(self, offset: int, size: int, value: int) -> None:
        """A write to the device's configuration."""
        if offset + size > len(self.function.config()):
            self.unknown.write(offset, size, value)
        else:
            self.function.configure(offset, value.to_bytes(size, "little"))

    def config_changed(self) -> None:
        """The function's configuration is another: tell the driver."""
        self.state.generation = self.state.generation + 1 & 0xFF
        if self.state.status & DRIVER_OK:
            self._config_interrupt()

    def _config_interrupt(self) -> None:
        self.config_interrupts += 1
        self.on_config()
