# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio network device (virtio 1.2, 5.1) in front of a `Port`.

Frames pass whole, without offloads.  A frame for which the driver has no
buffers waits in the port, and only then the driver is asked to notify of new
ones.
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from functools import partial

from vmm.devices.virtio.device import VirtioDevice
from vmm.devices.virtio.virtqueue import Chain, Virtqueue, scatter
from vmm.machine.network import Port

DEVICE_ID = 1
F_MAC, F_MRG_RXBUF, F_STATUS = 1 << 5, 1 << 15, 1 << 16
RECEIVE, TRANSMIT = 0, 1
QUEUE_SIZE = 256
HEADER = struct.Struct("<BBHHHHH")  # flags, gso: type, hdr_len, size, csum: start, offset, buffers
CONFIG = struct.Struct("<6sH")  # mac, status
LINK_UP = 1
FRAME_MAX = 65550  # bytes, 5.1.6.3.1
FIRST_MAC = 0x525400123456  # QEMU's, for the first device


@dataclass(slots=True)
class NetState:
    """Whether a frame waits for buffers."""

    starved: bool = False


@dataclass(slots=True)
class NetStatistics:
    """Frames and bytes since the machine was built."""

    received: int = 0
    received_bytes: int = 0
    sent: int = 0
    sent_bytes: int = 0
    dropped: int = 0  # received, but no driver or too small a buffer was there


class Net:
    """One network device; ``port`` is its socket, ``mac`` its address, six bytes."""

    device_id = DEVICE_ID
    features = F_MAC | F_MRG_RXBUF | F_STATUS
    queue_sizes: tuple[int, ...] = (QUEUE_SIZE, QUEUE_SIZE)

    def __init__(self, port: Port, mac: bytes, name: str = "virtio-net") -> None:
        self.name = name
        self.port = port
        self.mac = mac
        self.state = NetState()
        self.statistics = NetStatistics()
        self._device: VirtioDevice | None = None
        port.on_frame = self._receive
        port.on_link = self._link

    def config(self) -> bytes:
        return CONFIG.pack(self.mac, LINK_UP if self.port.link else 0)

    def configure(self, offset: int, data: bytes) -> None:
        """Nothing can be changed there."""

    def counters(self) -> dict[str, int]:
        return asdict(self.statistics)

    def start(self, device: VirtioDevice) -> None:
        self._device = device

    def reset(self) -> None:
        self.state = NetState()
        self._device = None
        self.port.retry()  # what waits is lost

    def _link(self, up: bool) -> None:
        if self._device is not None:
            self._device.config_changed()

    def serve(self, device: VirtioDevice, queue: Virtqueue) -> None:
        if queue.index == TRANSMIT:
            while (chain := queue.pop()) is not None:
                self._send(device, chain)
                queue.push(chain, 0)
        else:
            self.state.starved = False
            self.port.retry()
            queue.state.muted = not self.state.starved

    # -- from the guest ---------------------------------------------------------

    def _send(self, device: VirtioDevice, chain: Chain) -> None:
        data = b"".join(chain.readable)
        size = len(data) - HEADER.size
        if not 0 < size <= FRAME_MAX:
            device.unknown.note(f"a frame of {size} bytes is not sent")
            return
        flags, kind, *_ = HEADER.unpack_from(data)
        if flags or kind:
            device.unknown.note(f"a frame with flags {flags:#x} and type {kind:#x} is not sent")
            return
        self.statistics.sent += 1
        self.statistics.sent_bytes += size
        self.port.send(data[HEADER.size :])

    # -- to the guest -----------------------------------------------------------

    def _receive(self, frame: bytes) -> bool:
        """A frame comes from the network; False if it has to wait for buffers."""
        device = self._device
        if device is None or not device.live or len(frame) > FRAME_MAX:
            self.statistics.dropped += 1
            return True
        queue = device.queues[RECEIVE]
        return bool(device.work(queue, partial(self._fill, device, queue, frame)))

    def _fill(self, device: VirtioDevice, queue: Virtqueue, frame: bytes) -> bool:
        """Put a frame into buffers; False if the driver has not enough of them."""
        chains: list[Chain] = []
        room, wanted = 0, HEADER.size + len(frame)
        merge = device.has(F_MRG_RXBUF)
        while room < wanted:
            chain = queue.pop() if merge or not chains else None
            if chain is None:
                break
            chains.append(chain)
            room += chain.write_size
        if room < wanted and (merge or not chains):
            queue.unpop(len(chains))
            self.state.starved, queue.state.muted = True, False
            return False
        if room < wanted:  # a driver without merged buffers gave one that is too small
            device.unknown.note(f"no room for a frame of {len(frame)} bytes in {room}")
            self.statistics.dropped += 1
            queue.push(chains[0], 0)
            return True
        data = memoryview(HEADER.pack(0, 0, 0, 0, 0, 0, len(chains)) + frame)
        for chain in chains:
            done = scatter(chain.writable, data[: chain.write_size])
            queue.push(chain, done)
            data = data[done:]
        self.statistics.received += 1
        self.statistics.received_bytes += len(frame)
        return True
