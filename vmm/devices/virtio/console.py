# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtio console device (virtio 1.2, 5.3) with many ports.

A port is a `Console`: what the guest writes goes to its sinks, and what is
typed there enters by its channel.  Port 0 is for a console, as in QEMU; a
driver without VIRTIO_CONSOLE_F_MULTIPORT sees that one alone.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from vmm.devices.virtio.device import VirtioDevice
from vmm.devices.virtio.virtqueue import Virtqueue, scatter
from vmm.machine.console import Console

DEVICE_ID = 3
F_MULTIPORT, F_EMERG_WRITE = 1 << 1, 1 << 2
CONFIG = struct.Struct("<HHII")  # cols, rows, max_nr_ports, emerg_wr
EMERG_WR = 8
CONTROL = struct.Struct("<IHH")  # port, event, value
DEVICE_READY, DEVICE_ADD, PORT_READY, CONSOLE_PORT, PORT_OPEN, PORT_NAME = 0, 1, 3, 4, 6, 7
QUEUE_SIZE = 64
CONTROL_IN, CONTROL_OUT = 2, 3
PORTS_MAX = 31
PIECE = 4096  # bytes that are offered to a receive buffer at once
WRITE_MAX = 1 << 20  # bytes of one transmit buffer; a driver's are a page


@dataclass(slots=True)
class PortState:
    """One port, as the driver has it."""

    open: bool = False  # a program in the guest has it open


@dataclass(slots=True)
class ConsoleState:
    """What the device has still to say, and the ports."""

    control: deque[bytes] = field(default_factory=deque)
    ports: dict[int, PortState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One port of the device."""

    number: int
    console: Console
    name: str = ""  # what the guest knows it by
    is_console: bool = False  # a terminal of the guest's


class _Receiver:
    """The input side of a port, which its console hands what is typed."""

    def __init__(self, owner: VirtioConsole, number: int) -> None:
        self.owner, self.number = owner, number

    def room(self) -> int:
        return self.owner.room(self.number)

    def receive(self, data: bytes) -> int:
        return self.owner.receive(self.number, data)

    def receive_break(self) -> None:
        """A port has no line that could break."""


class VirtioConsole:
    """One device with its ports."""

    device_id = DEVICE_ID
    features = F_MULTIPORT | F_EMERG_WRITE

    def __init__(self, ports: Sequence[SerialPort], name: str = "virtio-serial") -> None:
        self.name = name
        self.ports = {port.number: port for port in ports}
        self.queue_sizes = (QUEUE_SIZE,) * (2 + 2 * (max(self.ports, default=0) + 1))
        self.received = self.sent = 0  # bytes, the guest's view
        self._device: VirtioDevice | None = None
        self.state = ConsoleState()
        self.reset()
        for port in ports:
            port.console.receiver = _Receiver(self, port.number)

    def config(self) -> bytes:
        return CONFIG.pack(0, 0, max(self.ports, default=0) + 1, 0)

    def configure(self, offset: int, data: bytes) -> None:
        """Emergency write: a byte for port 0, before there are queues."""
        if offset == EMERG_WR and 0 in self.ports:
            self.ports[0].console.put(data[:1])

    def counters(self) -> dict[str, int]:
        return {"received_bytes": self.received, "sent_bytes": self.sent}

    def start(self, device: VirtioDevice) -> None:
        self._device = device
        if not device.has(F_MULTIPORT) and 0 in self.ports:
            self.state.ports[0].open = True

    def reset(self) -> None:
        self._device = None
        self.state = ConsoleState(ports={number: PortState() for number in self.ports})

    # -- queues -----------------------------------------------------------------

    def serve(self, device: VirtioDevice, queue: Virtqueue) -> None:
        if queue.index == CONTROL_IN:
            self._tell(queue)
        elif queue.index == CONTROL_OUT:
            while (chain := queue.pop()) is not None:
                self._control(device, b"".join(chain.readable)[: CONTROL.size])
                queue.push(chain, 0)
            self._flush_control()
        else:
            number, transmit = _port_of(queue.index)
            if transmit:
                self._transmit(device, queue, number)
            elif number in self.ports:
                self.ports[number].console.feed()

    def _transmit(self, device: VirtioDevice, queue: Virtqueue, number: int) -> None:
        port = self.ports.get(number)
        while (chain := queue.pop()) is not None:
            if chain.read_size > WRITE_MAX:
                device.unknown.note(f"{chain.read_size} bytes at once for port {number} are lost")
            elif port is not None:
                data = b"".join(chain.readable)
                self.sent += len(data)
                port.console.put(data)
            queue.push(chain, 0)

    # -- to the guest -----------------------------------------------------------

    def _queue(self, number: int) -> Virtqueue | None:
        """The receive queue of a port that can take something."""
        device = self._device
        if device is None or not device.live or not self.state.ports[number].open:
            return None
        queue = device.queues[_receive_index(number)]
        return queue if queue.state.ready else None

    def room(self, number: int) -> int:
        """Bytes that a port may be offered."""
        queue, device = self._queue(number), self._device
        if queue is None or device is None:
            return 0
        return PIECE if device.work(queue, queue.waiting) else 0

    def receive(self, number: int, data: bytes) -> int:
        """Hand a port bytes; returns how many it has taken."""
        queue, device = self._queue(number), self._device
        if queue is None or device is None:
            return 0
        return device.work(queue, partial(self._fill, queue, data)) or 0

    def _fill(self, queue: Virtqueue, data: bytes) -> int:
        chain = queue.pop()
        if chain is None:
            return 0
        taken = scatter(chain.writable, data[: chain.write_size])
        queue.push(chain, taken)
        self.received += taken
        return taken

    # -- control messages (5.3.6.2) ---------------------------------------------

    def _control(self, device: VirtioDevice, message: bytes) -> None:
        """The driver says something."""
        if len(message) < CONTROL.size:
            device.unknown.note(f"a control message of {len(message)} bytes")
            return
        number, event, value = CONTROL.unpack(message)
        if event == DEVICE_READY:
            for port in self.ports if value else ():
                self._say(port, DEVICE_ADD, 1)
        elif number not in self.ports:
            device.unknown.note(f"control message {event} for port {number}")
        elif event == PORT_READY and value:
            port_ = self.ports[number]
            if port_.is_console:
                self._say(number, CONSOLE_PORT, 1)
            if port_.name:
                self._say(number, PORT_NAME, 1, port_.name.encode())
            self._say(number, PORT_OPEN, 1)
        elif event == PORT_OPEN:
            self.state.ports[number].open = bool(value)
            self.ports[number].console.feed()

    def _say(self, number: int, event: int, value: int, text: bytes = b"") -> None:
        self.state.control.append(CONTROL.pack(number, event, value) + text)

    def _flush_control(self) -> None:
        if self._device is not None:
            self._device.serve(self._device.queues[CONTROL_IN])

    def _tell(self, queue: Virtqueue) -> None:
        """Say what waits, as far as there are buffers."""
        control = self.state.control
        while control:
            chain = queue.pop()
            if chain is None:
                break
            queue.push(chain, scatter(chain.writable, control.popleft()[: chain.write_size]))


def _receive_index(number: int) -> int:
    return 0 if number == 0 else 2 * number + 2


def _port_of(index: int) -> tuple[int, bool]:
    """The port of a queue, and whether it transmits."""
    return (index // 2 - 1 if index > CONTROL_OUT else 0), bool(index & 1)
