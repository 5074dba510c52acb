# SPDX-License-Identifier: GPL-2.0-or-later
"""A hostile driver for each virtio device, over both transports.

It knows how to be a driver and does it mostly right, so that its mistakes get
far: descriptor loops, buffers outside of memory or over each other, huge
lengths, descriptors and rings changed after the notification, features nobody
offered, storms of notifications, resets in the middle, and whatever comes to
the registers at random.  Meanwhile the outside has its own things to say.  No
host exception may come of it, no byte outside of RAM may change, an image is
changed by its own device only and keeps its length, and after a reset the
device works.

    python tests/fuzz/virtio_fuzz.py -n 1000 [KIND ...]
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "devices" / "virtio"))

from virtio_driver import NEXT, RAM, RAM_SIZE, ROM, ROM_SIZE, WRITE, Board, Driver, Queue

from vmm.devices.disk.overlay import Overlay
from vmm.devices.disk.raw import RawDisk
from vmm.devices.virtio.balloon import Balloon
from vmm.devices.virtio.block import Block
from vmm.devices.virtio.console import SerialPort, VirtioConsole
from vmm.devices.virtio.device import DEVICE_NEEDS_RESET, F_INDIRECT_DESC, Function
from vmm.devices.virtio.net import Net
from vmm.devices.virtio.pci import VirtioPci
from vmm.devices.virtio.rng import Rng
from vmm.machine.bus import Bus
from vmm.machine.console import Console
from vmm.machine.dma import Dma
from vmm.machine.line import Line
from vmm.machine.network import Port

SECRET, SECRET_SIZE = 0x0E000000, 0x10000  # secure RAM: no device's
DISK = 1 << 20
STEPS = 120
LONGEST = 5.0  # seconds that one step may take

Outside = Callable[[random.Random], None]


class Echo:
    """A network that answers everything."""

    def sent(self, port: Port, frame: bytes) -> None:
        port.channel.arrive(frame[::-1])


def block(folder: Path, read_only: bool = False) -> tuple[Function, Outside]:
    path = folder / "disk.img"
    if not path.exists():
        path.write_bytes(bytes(range(256)) * (DISK // 256))
    return Block(RawDisk(path, read_only)), lambda r: None


def overlaid(folder: Path) -> tuple[Function, Outside]:
    block(folder)
    return Block(Overlay(RawDisk(folder / "disk.img", read_only=True))), lambda r: None


def rng(folder: Path) -> tuple[Function, Outside]:
    return Rng(), lambda r: None


def entropy(folder: Path) -> tuple[Function, Outside]:
    device = Rng()
    device.host = lambda size: None
    return device, lambda r: device.channel.arrive(r.randbytes(r.randrange(64)))


def net(folder: Path) -> tuple[Function, Outside]:
    port = Port("net0")
    port.plug(Echo())
    return Net(port, bytes(6)), lambda r: port.channel.arrive(r.randbytes(r.randrange(2000)))


def console(folder: Path) -> tuple[Function, Outside]:
    consoles = [Console(name) for name in ("tty", "a", "b")]
    device = VirtioConsole([
        SerialPort(i, one, f"port{i}", is_console=i == 0) for i, one in enumerate(consoles)
    ])
    return device, lambda r: r.choice(consoles).type(r.randbytes(r.randrange(100)))


def balloon(folder: Path) -> tuple[Function, Outside]:
    device = Balloon(Dma(Bus("little")))
    return device, lambda r: device.channel.arrive(
        b"stats" if r.random() < 0.5 else str(r.randrange(1 << 20)).encode()
    )


KINDS: dict[str, Callable[[Path], tuple[Function, Outside]]] = {
    "block": block, "overlay": overlaid, "readonly": lambda folder: block(folder, True),
    "rng": rng, "entropy": entropy, "net": net, "console": console, "balloon": balloon,
}


class Hostile:
    """One driver and its device."""

    def __init__(self, kind: str, folder: Path, seed: int) -> None:
        self.random = random.Random(f"{kind} {seed}")
        self.kind = kind
        function, self.outside = KINDS[kind](folder)
        self.board = Board(function)
        self.board.bus.add_memory(SECRET, SECRET_SIZE, "secret", secure=True)
        if isinstance(function, Balloon):
            function.dma = Dma(self.board.bus)
        self.guarded = {
            ROM: self.random.randbytes(ROM_SIZE), SECRET: self.random.randbytes(SECRET_SIZE)
        }
        for address, data in self.guarded.items():
            self.board.put(address, data)
        self.pci = VirtioPci(self.board.device, Line(), lambda address, data: None)
        self.board.device.on_used = self.board.mmio._used
        self.board.device.on_config = self.board.mmio._config_changed
        self.driver = Driver(self.board)
        self.queues: list[Queue] = []
        self.needed_reset = 0
        self.steps: list[Callable[[], None]] = [
            *[self.start] * 4, *[self.chain] * 24, *[self.speak] * 5, self.kick, self.storm,
            self.garble, self.change, self.poke, self.poke_pci, self.set_up_anyhow,
        ]

    # -- what it does -------------------------------------------------------------

    def start(self) -> None:
        """Be a driver, now and then with features that nobody offered."""
        r = self.random
        status = self.driver.status
        if status and not status & DEVICE_NEEDS_RESET and r.random() < 0.7:
            return
        offered = self.driver.offered()
        wanted = offered & r.getrandbits(64) if r.random() < 0.8 else r.getrandbits(64)
        self.board.free = RAM
        self.queues = self.driver.start(wanted, queues=len(self.board.device.queues))

    def address(self, size: int) -> int:
        r = self.random
        near = [RAM, RAM + RAM_SIZE, ROM, ROM + ROM_SIZE, SECRET, SECRET + SECRET_SIZE, 1 << 32,
                1 << 64, 0]
        if r.random() < 0.97:
            return RAM + r.randrange(RAM_SIZE - min(size, RAM_SIZE - 1))
        return (r.choice(near) + r.randrange(-64, 64)) & (1 << 64) - 1

    def size(self) -> int:
        r = self.random
        if r.random() < 0.9:
            return r.choice([1, 8, 64, 512, 512, 1024, 4096])
        return r.choice([0, 1, 7, 8, 12, 16, 64, 512, 513, 4096, 65536, 1 << 22, 0xFFFFFFFF,
                         r.randrange(1 << 12), r.getrandbits(32)])

    def head(self) -> bytes:
        """A request as one of the devices might have it."""
        r = self.random
        kind = r.choice([0, 0, 1, 1, 4, 8, 11, 13, r.getrandbits(32)])
        sector = r.choice([0, 1, DISK // 512 - 1, DISK // 512, r.getrandbits(64)])
        if r.random() < 0.3:
            return struct.pack("<8I", *((RAM >> 12) + r.randrange(0x100, 0x440) for _ in range(8)))
        return r.choice([
            struct.pack("<IIQ", kind, 0, sector), struct.pack("<IIQ", kind, 0, sector),
            struct.pack("<IHH", r.randrange(5), r.randrange(9), 1),
            bytes(12) + r.randbytes(60), r.randbytes(r.randrange(64)),
        ]) or b"\0"

    def chain(self) -> None:
        if not self.queues:
            return
        r = self.random
        queue = r.choice(self.queues)
        head = self.head()
        at = RAM + RAM_SIZE - 0x1000 + 64 * r.randrange(32)
        self.board.put(at, head)
        buffers = [(at, len(head), 0)]
        writes = 0.1 if head[:1] == b"\1" else 0.6
        for _ in range(r.randrange(5)):
            size = self.size()
            buffers.append((self.address(size), size, WRITE if r.random() < writes else 0))
        if r.random() < 0.95:
            buffers.sort(key=lambda one: one[2])
            buffers.append((at + 60, 1, WRITE))
        if self.board.free > RAM + RAM_SIZE // 2:
            self.board.free = RAM + 0x10000
        may = self.board.device.has(F_INDIRECT_DESC) or r.random() < 0.02
        queue.add(buffers[: queue.size], indirect=may and r.random() < 0.4)
        if r.random() < 0.5:
            queue.kick()

    def kick(self) -> None:
        self.driver.write(0x50, self.random.choice([0, 1, 2, 3, 4, 5, 99, 0xFFFFFFFF]))

    def storm(self) -> None:
        for _ in range(100):
            self.kick()

    def garble(self) -> None:
        """Change a queue's rings at random, then notify."""
        r = self.random
        if not self.queues:
            return
        queue = r.choice(self.queues)
        base, size = r.choice([(queue.desc, 16 * queue.size), (queue.avail, 6 + 2 * queue.size),
                               (queue.used, 6 + 8 * queue.size)])
        self.board.put(base + r.randrange(size - 2), r.randbytes(2))
        queue.kick()

    def change(self) -> None:
        """A loop, after the notification of what is a chain no more."""
        if self.queues:
            queue = self.random.choice(self.queues)
            queue.kick()
            slot = self.random.randrange(queue.size)
            queue.describe(slot, self.address(8), 8, NEXT, slot)
            queue.offer(slot)
            queue.kick()

    def poke(self) -> None:
        r = self.random
        offset = r.choice([r.randrange(0x200), 4 * r.randrange(0x40), 0x70, 0x44, 0xC0])
        size = r.choice([1, 2, 4, 4, 4])
        if r.random() < 0.5:
            self.board.mmio.read(offset, size)
        else:
            value = r.choice([0, 1, 2, 0xF, r.getrandbits(8 * size)]) & (1 << 8 * size) - 1
            self.board.mmio.write(offset, size, value)

    def poke_pci(self) -> None:
        r = self.random
        offset, size = r.randrange(0x4000 if r.random() < 0.3 else 0x40), 1 << r.randrange(3)
        value = r.getrandbits(8 * size)
        r.choice([
            lambda: self.pci.read(offset, size), lambda: self.pci.write(offset, size, value),
            lambda: self.pci.config.read(offset & 0xFC, size),
            lambda: self.pci.config.write(offset & 0xFC, size, value),
            lambda: self.pci.table.write(offset & 0xFF8, 4, value),
            lambda: self.pci.table.read(offset & 0xFFF, size),
        ])()

    def speak(self) -> None:
        self.outside(self.random)

    def set_up_anyhow(self) -> None:
        """A queue at any place, of any size."""
        r = self.random
        for offset, value in ((0x30, r.randrange(4)), (0x38, 1 << r.randrange(10)),
                              (0x80, self.address(16)), (0x90, self.address(16)),
                              (0xA0, self.address(16)), (0x44, 1)):
            self.driver.write(offset, value & 0xFFFFFFFF)

    # -- what has to hold -----------------------------------------------------------

    def run(self, steps: int = STEPS) -> None:
        """Do so many things, look at what must not have changed, and use the device."""
        for _ in range(steps):
            started = time.process_time()
            self.random.choice(self.steps)()
            assert time.process_time() - started < LONGEST, "one step took too long"
            self.needed_reset += bool(self.driver.status & DEVICE_NEEDS_RESET)
        for address, data in self.guarded.items():
            assert self.board.get(address, len(data)) == data, f"{address:#x} has changed"
        self.works()

    def works(self) -> None:
        """After a reset a well-behaved driver gets what it asks for."""
        self.board.mmio.reset()
        self.board.free = RAM
        queues = self.driver.start(0, queues=len(self.board.device.queues), size=8)
        at, answer = RAM + 0x100000, RAM + 0x200000
        if self.kind in ("block", "overlay", "readonly"):
            self.board.put(at, struct.pack("<IIQ", 0, 0, 0))
            queues[0].add([(at, 16, 0), (answer, 512, WRITE), (answer + 512, 1, WRITE)])
        elif self.kind == "net":
            queues[1].add([(at, 12 + 60, 0)])
            queues[1].kick()
            assert len(queues[1].take()) == 1
            return
        elif self.kind == "balloon":
            queues[0].add([(at, 4, 0)])
        else:
            queues[0].add([(answer, 64, WRITE)])
        queues[0].kick()
        if self.kind == "entropy":
            self.board.device.function.channel.arrive(b"bytes")  # type: ignore[attr-defined]
        if self.kind == "console":
            self.board.device.function.ports[0].console.type(b"key")  # type: ignore[attr-defined]
        assert len(queues[0].take()) == 1, self.board.notes[-1:]
        if self.kind in ("block", "overlay", "readonly"):
            assert self.board.get(answer + 512, 1) == b"\0"


def attack(kind: str, seed: int, steps: int = STEPS) -> int:
    """One hostile driver from its beginning; how often the device needed a reset."""
    with tempfile.TemporaryDirectory() as folder:
        hostile = Hostile(kind, Path(folder), seed)
        hostile.run(steps)
        image = Path(folder) / "disk.img"
        if image.exists():
            assert image.stat().st_size == DISK
            if kind != "block":
                assert image.read_bytes() == bytes(range(256)) * (DISK // 256)
        return hostile.needed_reset


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=100, help="drivers of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    options = parser.parse_args()
    for kind in options.kinds or KINDS:
        resets = 0
        for seed in range(options.first, options.first + options.n):
            try:
                resets += attack(kind, seed) > 0
            except BaseException:
                print(f"{kind}, seed {seed}:", file=sys.stderr)
                raise
        print(f"{kind}: {options.n} drivers, {resets} had to reset their device")
    return 0


if __name__ == "__main__":
    sys.exit(main())
