# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio entropy device (virtio 1.2, 5.4).

By default its bytes are as deterministic as everything else: SHAKE-256 (FIPS
202) of a seed and of how many requests went before, so a run repeats, and
two machines with one seed get the same bytes.  That is no secret.  A guest
that needs one gets the host's entropy by an explicit option; it enters by a
channel, as keys do, so that a recording has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from vmm.devices.virtio.device import VirtioDevice
from vmm.devices.virtio.virtqueue import Chain, Virtqueue, scatter
from vmm.machine.channel import Channel

DEVICE_ID = 4
QUEUE_SIZE = 8
PIECE = 1 << 12  # bytes at most that one request gets


@dataclass(slots=True)
class RngState:
    """What has been given out."""

    requests: int = 0
    given: int = 0  # bytes
    asked: bool = False  # the host, for entropy
    pool: bytes = b""  # of the host's, not given out yet


class Rng:
    """``seed`` decides the bytes; ``host`` is asked for them instead if it is given.

    It gets the number of bytes that are wanted; its answer is what arrives at `channel`.
    """

    device_id = DEVICE_ID
    features = 0
    queue_sizes: tuple[int, ...] = (QUEUE_SIZE,)

    def __init__(
        self, seed: int = 0, name: str = "virtio-rng",
        host: Callable[[int], None] | None = None,
    ) -> None:
        self.name = name
        self.seed = seed
        self.host = host
        self.channel = Channel(name, self._enter)
        self.state = RngState()
        self._device: VirtioDevice | None = None
        self._serving = False

    def config(self) -> bytes:
        return b""

    def configure(self, offset: int, data: bytes) -> None:
        """There is no configuration."""

    def counters(self) -> dict[str, int]:
        return {"requests": self.state.requests, "bytes": self.state.given}

    def start(self, device: VirtioDevice) -> None:
        self._device = device

    def reset(self) -> None:
        """What the host was asked for may still come."""

    def serve(self, device: VirtioDevice, queue: Virtqueue) -> None:
        self._serving = True
        try:
            while queue.waiting() and self._has_bytes():
                chain = queue.pop()
                if chain is not None:
                    queue.push(chain, self._give(chain))
        finally:
            self._serving = False

    def _has_bytes(self) -> bool:
        """Whether there is something to give; the host is asked if it has to be."""
        state = self.state
        if self.host is not None and not state.pool and not state.asked:
            state.asked = True
            self.host(PIECE)  # the answer may come at once, or later
        return self.host is None or bool(state.pool)

    def _give(self, chain: Chain) -> int:
        state = self.state
        if self.host is not None:
            data, state.pool = state.pool, b""
        else:
            data = self._bytes(chain.write_size)
        written = scatter(chain.writable, data[: chain.write_size])
        state.requests += 1
        state.given += written
        return written

    def _bytes(self, room: int) -> bytes:
        seed = f"virtio-rng {self.seed} {self.state.requests}".encode()
        return hashlib.shake_256(seed).digest(min(room, PIECE))

    def _enter(self, data: bytes) -> None:
        """The host's entropy, for the request that waits."""
        self.state.asked = False
        self.state.pool = data
        if self._device is not None and not self._serving:
            self._device.serve(self._device.queues[0])
