# SPDX-License-Identifier: GPL-2.0-or-later
"""What a board file's device gets to work with: its table, wires, clock and memory.

A device type is something that is called with a `Site` and returns a device
(vmm/devices/device.py: ``size``, ``read``, ``write``).  Built-in types
(`catalogue.py`) and a user's own have the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from vmm.boards.boardfile import BoardFileError, Table
from vmm.machine.bus import PAGE, DeviceLike, Overlap
from vmm.machine.line import Line
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome

Inputs = Callable[[str], Line]  # an interrupt controller's inputs by name; LookupError: none such


class Board(Protocol):
    """What a site asks of the board that is being built."""

    machine: Machine

    def wire(self, table: Table, key: str, text: str) -> Line: ...


class Site:
    """The place of one device on a board."""

    def __init__(self, name: str, table: Table, board: Board) -> None:
        self.name = name
        self.table = table
        self.machine = board.machine
        self.clock = board.machine.clock
        self.processor: Any = board.machine.processor  # with the pins of its architecture
        self.inputs: Inputs | None = None  # set by an interrupt controller
        self.serial = table.flag("console")  # this device is the console
        self._board = board

    def error(self, key: str, text: str) -> BoardFileError:
        """An error at one of the device's keys, to raise."""
        return self.table.error(key, text)

    # -- what the file says -----------------------------------------------------------

    def number(self, key: str, default: int | None = None, low: int = 0,
               high: int = (1 << 32) - 1) -> int:
        """An integer of the device's table; without a default it must be there."""
        return self.table.number(key, default, low, high)

    def text(self, key: str, default: str | None = None) -> str:
        """A text of the device's table; without a default it must be there."""
        return self.table.text(key, default)

    def line(self, key: str = "irq") -> Line:
        """The wire to ``CONTROLLER:INPUT``; one that ends nowhere if the file does not say."""
        if key not in self.table:
            return Line(name=f"{self.name}.{key}")
        return self._board.wire(self.table, key, self.table.text(key))

    def lines(self, key: str, count: int) -> list[Line]:
        """``count`` wires from a list of ``CONTROLLER:INPUT``."""
        if key not in self.table:
            return [Line(name=f"{self.name}.{key}{i}") for i in range(count)]
        texts = self.table.get(key)
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise self.error(key, 'wants a list of texts "CONTROLLER:INPUT"')
        if len(texts) != count:
            raise self.error(key, f"wants {count} wires, not {len(texts)}")
        return [self._board.wire(self.table, key, text) for text in texts]

    # -- what the device may do --------------------------------------------------------

    def window(self, key: str, device: DeviceLike, default: int | None = None,
               ports: bool = False) -> None:
        """Place a further window of the device at the address that ``key`` gives."""
        bus = self.machine.bus
        space, high = (bus.ports, 0xFFFF) if ports else (bus.devices, (1 << 32) - 1)
        base = self.number(key, default, high=high)
        if base + device.size > high + 1:
            raise self.error(key, f"{device.size:#x} bytes from {base:#x} on end beyond {high:#x}")
        if not ports:
            self._apart_from_memory(key, base, device.size)
        try:
            space.place(base, device)
        except Overlap as overlap:
            raise self.error(key, str(overlap)) from overlap

    def _apart_from_memory(self, key: str, base: int, size: int) -> None:
        """To the engine a page is memory or devices."""
        start, end = base & -PAGE, -(-(base + size) // PAGE) * PAGE
        for memory in self.machine.bus.memory:
            if start < memory.end and memory.base < end:
                raise self.error(key, f"shares a page of 4 KiB with the memory {memory.name}")

    def put(self, data: bytes) -> None:
        """Print on the console, if the device is the one (``console = true``)."""
        if self.serial:
            self.machine.console.put(data)

    def feed(self) -> None:
        """Tell the console that the device has room for input again."""
        if self.serial:
            self.machine.console.feed()

    def read_memory(self, address: int, size: int) -> bytes:
        """DMA; ValueError if it is not all memory."""
        return self.machine.dma_read(address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        """DMA; ValueError if it is not all RAM."""
        self.machine.dma_write(address, data)

    def end(self, status: int) -> None:
        """End the run: the guest has asked for it, with this exit status."""
        text = f"the guest ended itself ({self.name}) with status {status & 0xFF}"
        self.machine.stop(Outcome.exit(status, text))
