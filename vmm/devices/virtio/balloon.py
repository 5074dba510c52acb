# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio balloon device (virtio 1.2, 5.5).

The frames of pages that the guest gives up go back to the host at once; a
page that the guest takes back is made of zeros.  What the host wants enters by
a channel, as keys do: a number of pages for the balloon to have, or ``stats``
to ask for the guest's statistics.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from vmm.devices.virtio.device import VirtioDevice
from vmm.devices.virtio.virtqueue import QueueError, Virtqueue
from vmm.machine.channel import Channel
from vmm.machine.dma import Dma

DEVICE_ID = 5
F_STATS_VQ, F_DEFLATE_ON_OOM = 1 << 1, 1 << 2
INFLATE, DEFLATE, STATS = 0, 1, 2
QUEUE_SIZE = 128
PAGE_SHIFT = 12
CONFIG = struct.Struct("<II")  # num_pages, actual
ACTUAL = 4
STAT = struct.Struct("<HQ")
STATS_KNOWN = (
    "swap_in", "swap_out", "major_faults", "minor_faults", "free_memory", "total_memory",
    "available_memory", "disk_caches", "hugetlb_allocations", "hugetlb_failures",
)
PAGES_MAX = 1 << 16  # page numbers in one request; Linux has 256


@dataclass(slots=True)
class BalloonState:
    """What is wanted, what there is, and what the guest has said of its memory."""

    target: int = 0  # pages
    actual: int = 0
    stats: dict[str, int] = field(default_factory=dict)


class Balloon:
    """One balloon; ``dma`` reaches the memory that it gives back."""

    device_id = DEVICE_ID
    features = F_STATS_VQ | F_DEFLATE_ON_OOM
    queue_sizes: tuple[int, ...] = (QUEUE_SIZE,) * 3

    def __init__(self, dma: Dma, name: str = "virtio-balloon") -> None:
        self.name = name
        self.dma = dma
        self.channel = Channel(name, self._enter)
        self.state = BalloonState()
        self.released = self.taken_back = 0  # pages, in all
        self._device: VirtioDevice | None = None

    def config(self) -> bytes:
        return CONFIG.pack(self.state.target, self.state.actual)

    def configure(self, offset: int, data: bytes) -> None:
        """The driver says how many pages the balloon has."""
        if offset == ACTUAL and len(data) == 4:
            self.state.actual = int.from_bytes(data, "little")

    def counters(self) -> dict[str, int]:
        state = self.state
        return {
            "target_pages": state.target, "actual_pages": state.actual,
            "released_pages": self.released, "returned_pages": self.taken_back, **state.stats,
        }

    def start(self, device: VirtioDevice) -> None:
        self._device = device

    def reset(self) -> None:
        """The guest has its pages again; what the host wants stays wanted."""
        self.state = BalloonState(self.state.target)
        self._device = None

    # -- the host's wishes ------------------------------------------------------

    def want(self, pages: int) -> None:
        """Have the guest give up so many pages in all."""
        self.channel.arrive(str(pages).encode())

    def ask(self) -> None:
        """Have the guest say how its memory is used; `counters` has it once it has answered."""
        self.channel.arrive(b"stats")

    def _enter(self, wish: bytes) -> None:
        if wish != b"stats":
            self.state.target = int(wish)
            if self._device is not None:
                self._device.config_changed()
        elif self._device is not None and self._device.has(F_STATS_VQ):
            queue = self._device.queues[STATS]
            self._device.work(queue, lambda: self._return_stats(queue))

    @staticmethod
    def _return_stats(queue: Virtqueue) -> None:
        """The buffer goes back, and comes again with the statistics of then (5.5.6.3)."""
        chain = queue.pop()
        if chain is not None:
            queue.push(chain, 0)

    # -- queues -----------------------------------------------------------------

    def serve(self, device: VirtioDevice, queue: Virtqueue) -> None:
        if queue.index == STATS:
            self._look_at_stats(queue)
            return
        while (chain := queue.pop()) is not None:
            if chain.read_size > 4 * PAGES_MAX:
                raise QueueError(f"{chain.read_size // 4} pages at once")
            data = b"".join(chain.readable)
            pages = [number for (number,) in struct.iter_unpack("<I", data[: len(data) & ~3])]
            if queue.index == INFLATE:
                self._inflate(device, pages)
            else:
                self.taken_back += len(pages)
            queue.push(chain, 0)

    def _inflate(self, device: VirtioDevice, pages: list[int]) -> None:
        for first, count in _runs(pages):
            if self.dma.release(first << PAGE_SHIFT, count << PAGE_SHIFT):
                self.released += count
            else:
                device.unknown.note(f"pages {first:#x} to {first + count:#x} are not all RAM")

    def _look_at_stats(self, queue: Virtqueue) -> None:
        """Read the statistics; the buffer stays until the next are wanted."""
        if queue.waiting() > 1:
            self._return_stats(queue)
        chain = queue.pop()
        if chain is None:
            return
        data = b"".join(chain.readable)[: STAT.size * 64]
        queue.unpop(1)
        for tag, value in STAT.iter_unpack(data[: len(data) // STAT.size * STAT.size]):
            if tag < len(STATS_KNOWN):
                self.state.stats[STATS_KNOWN[tag]] = value


def _runs(pages: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring pages together: first, count."""
    pages = sorted(set(pages))
    start = 0
    for i in range(1, len(pages) + 1):
        if i == len(pages) or pages[i] != pages[i - 1] + 1:
            yield pages[start], i - start
            start = i
