"""The bus: which memory or device answers at a physical address or port.

Memory is mapped straight into the engine; the bus hears only of device
accesses.  Devices may share a page (LEON3's APB places one every 256 bytes).
What nobody answers is counted and answered as the board's bus would.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from vmm.memory.frames import Frames

PAGE = 0x1000


class DeviceLike(Protocol):
    """What the bus needs of a device (see vmm/devices/device.py)."""

    name: str
    size: int

    def read(self, offset: int, size: int) -> int: ...
    def write(self, offset: int, size: int, value: int) -> None: ...


Stable = Callable[[int, int, int], bool]  # (offset, size, value read)
Piece = tuple[Frames, int, int]  # bytes from and to


@dataclass(frozen=True, slots=True)
class Placed:
    """A device at an address (or port).

    ``stable`` is the device's method of that name, if it has one: whether a
    read just made had no side effect and will give the same value until some
    device is written, read with side effects, or has an event.  Such reads are
    then answered without asking Python again.
    """

    base: int
    size: int
    device: DeviceLike
    stable: Stable | None = None

    @property
    def end(self) -> int:
        return self.base + self.size


@dataclass(frozen=True, slots=True)
class Memory:
    """A stretch of RAM or ROM."""

    base: int
    size: int
    frames: Frames
    offset: int
    rom: bool
    name: str
    secure: bool = False  # answers the ARM secure state only

    @property
    def end(self) -> int:
        return self.base + self.size


@dataclass(slots=True)
class Shadow:
    """RAM behind a stretch of other memory or of nothing: see `Bus.switch`."""

    base: int
    size: int
    frames: Frames
    offset: int
    readable: bool = False
    writable: bool = False

    @property
    def end(self) -> int:
        return self.base + self.size


class Overlap(ValueError):
    """Two things were placed at one address."""


class AddressSpace:
    """Devices by address: find the one that answers."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._placed: list[Placed] = []
        self.known: list[DeviceLike] = []  # placed while the board was built, in that order
        self.complete = False  # the board is built

    def place(self, base: int, device: DeviceLike, size: int | None = None) -> Placed:
        """Put ``device`` at ``base``; Overlap if something is there already."""
        stable = getattr(device, "stable", None)
        placed = Placed(base, device.size if size is None else size, device, stable)
        at = bisect_right(self._starts, base)
        for neighbour in self._placed[max(0, at - 1) : at + 1]:
            if base < neighbour.end and neighbour.base < placed.end:
                raise Overlap(
                    f"{device.name} at {base:#x} overlaps {neighbour.device.name} "
                    f"at {neighbour.base:#x}"
                )
        self._starts.insert(at, base)
        self._placed.insert(at, placed)
        if not self.complete and not any(device is one for one in self.known):
            self.known.append(device)
        return placed

    def remove(self, placed: Placed) -> None:
        """Take a device away again, as moving a PCI device's addresses does."""
        at = self._placed.index(placed)
        del self._starts[at], self._placed[at]

    def find(self, address: int) -> Placed | None:
        """What is at ``address``, or None."""
        at = bisect_right(self._starts, address) - 1
        if at >= 0 and address < self._placed[at].end:
            return self._placed[at]
        return None

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._placed)


class Movable:
    """A device whose place the guest chooses, as a PCI base address does."""

    def __init__(self, space: AddressSpace) -> None:
        self.space = space
        self.device: Any = None  # set once it is built
        self.placed: Placed | None = None

    def move(self, base: int | None) -> None:
        """Put the device at ``base``, or nowhere; a place that is taken is noted by the device."""
        if self.placed is not None:
            self.space.remove(self.placed)
            self.placed = None
        if base is not None:
            try:
                self.placed = self.space.place(base, self.device)
            except Overlap as error:
                self.device.unknown.note(str(error))


class Bus:
    """Physical memory, memory-mapped devices and (on x86) ports of one machine."""

    def __init__(self, byteorder: str, floating: int = 0) -> None:
        """``floating`` is the byte that a read nobody answers returns."""
        self.byteorder = byteorder
        self.floating = floating
        self.memory: list[Memory] = []
        self.shadows: list[Shadow] = []
        self.windows: list[tuple[int, int]] = []  # base and size: devices may be placed there later
        self.devices = AddressSpace()
        self.ports = AddressSpace()
        self.unanswered: dict[tuple[str, int], int] = {}
        self.on_unanswered: Callable[[str, int, int, int], None] | None = None
        # Where guest-physical addresses are, if a second stage has moved frames
        self.moved: Callable[[int], int] | None = None
        self.on_host_write: Callable[[int, int], None] = lambda address, size: None
        self._all_reach_devices = False
        self.set_models: Callable[[bool], None] = lambda on: None
        self.set_hot: Callable[[int, int, int, bool], None] = lambda a, size, value, port: None
        self.clear_hot: Callable[[], None] = lambda: None
        self.set_behind: Callable[[int, int, bool, bool], None] = lambda b, size, load, store: None
        self._hot = False

    # -- memory -----------------------------------------------------------------

    def add_memory(
        self, base: int, size: int, name: str, rom: bool = False, frames: Frames | None = None,
        offset: int = 0, secure: bool = False,
    ) -> Memory:
        """Describe RAM or ROM at ``base``; the machine maps it into its engines."""
        memory = Memory(base, size, frames or Frames(size, name), offset, rom, name, secure)
        for other in self.memory:
            if base < other.end and other.base < memory.end:
                raise Overlap(f"{name} at {base:#x} overlaps {other.name} at {other.base:#x}")
        self.memory.append(memory)
        return memory

    def add_shadow(self, base: int, size: int, frames: Frames, offset: int) -> Shadow:
        """Put RAM behind ``base``, switched out; both are whole pages."""
        shadow = Shadow(base, size, frames, offset)
        self.shadows.append(shadow)
        return shadow

    def switch(self, shadow: Shadow, readable: bool, writable: bool) -> None:
        """Have reads, writes, or both reach the RAM behind instead of what is in front."""
        if (shadow.readable, shadow.writable) != (readable, writable):
            shadow.readable, shadow.writable = readable, writable
            self.set_behind(shadow.base, shadow.size, readable, writable)

    def memory_at(self, address: int, size: int = 1) -> Memory | None:
        """The memory that holds all of ``address`` to ``address + size``."""
        for memory in self.memory:
            if memory.base <= address and address + size <= memory.end:
                return memory
        return None

    def pieces(
        self, address: int, size: int, store: bool = False, rom: bool = True
    ) -> list[Piece] | None:
        """The memory that answers at ``address``, piece by piece; None if some of it is not.

        ``store`` looks for what stores reach; without ``rom`` that must be RAM.
        """
        pieces: list[Piece] = []
        for start, count in self._places(address, size):
            found = self._pieces_at(start, count, store, rom)
            if found is None:
                return None
            pieces += found
        return pieces

    def _places(self, address: int, size: int) -> list[tuple[int, int]]:
        """Where bytes at a guest-physical address are by `moved`: address and size of each part."""
        if self.moved is None:
            return [(address, size)]
        parts = []
        while size > 0:
            count = min(size, PAGE - address % PAGE)
            parts.append((self.moved(address), count))
            address, size = address + count, size - count
        return parts

    def _pieces_at(self, address: int, size: int, store: bool, rom: bool) -> list[Piece] | None:
        pieces: list[Piece] = []
        end = address + size
        while address < end:
            found: Shadow | Memory | None = None
            stop = end
            for shadow in self.shadows:
                if shadow.base <= address < shadow.end:
                    stop = min(stop, shadow.end)
                    found = shadow if (shadow.writable if store else shadow.readable) else None
                elif shadow.base > address:
                    stop = min(stop, shadow.base)
            if found is None:
                memory = self.memory_at(address)
                if memory is None or (memory.rom and not rom):
                    return None
                found = memory
                stop = min(stop, memory.end)
            start = found.offset + address - found.base
            pieces.append((found.frames, start, start + stop - address))
            address = stop
        return pieces

    def _fill(
        self, pieces: list[Piece] | None, address: int, data: bytes | memoryview
    ) -> bool:
        if pieces is None:
            return False
        done = 0
        for frames, start, stop in pieces:
            frames.view[start:stop] = data[done : done + stop - start]
            frames.wrote(start, stop - start)
            done += stop - start
        for at, size in self._places(address, len(data)):
            self.on_host_write(at, size)
        return True

    def read_memory(self, address: int, size: int) -> bytes | None:
        """Bytes of guest memory as the guest and its devices read them, or None."""
        pieces = self.pieces(address, size)
        if pieces is None:
            return None
        return b"".join(frames.view[start:stop] for frames, start, stop in pieces)

    def write_memory(self, address: int, data: bytes | memoryview) -> bool:
        """Change what is read at ``address``, ROM included, as a loader or a debugger does.

        False, and nothing written, if it is not all memory.
        """
        return self._fill(self.pieces(address, len(data)), address, data)

    def clear_memory(self, address: int, size: int) -> bool:
        """Zero memory, ROM included, whatever is switched in front of it, as a loader does.

        False, and nothing changed, if it is not all one memory.
        """
        memory = self.memory_at(address, size)
        if memory is None:
            return False
        memory.frames.clear(memory.offset + address - memory.base, size)
        self.on_host_write(address, size)
        return True

    def write_ram(self, address: int, data: bytes) -> bool:
        """Write guest memory as a device does; False, and nothing written, if not all is RAM."""
        pieces = self.pieces(address, len(data), store=True, rom=False)
        return self._fill(pieces, address, data)

    # -- device accesses (from the engine) --------------------------------------

    @property
    def hot_reads(self) -> bool:
        """Whether the native layer may answer accesses; False: every one reaches its device."""
        return not self._all_reach_devices

    @hot_reads.setter
    def hot_reads(self, hot: bool) -> None:
        self._all_reach_devices = not hot
        self.set_models(hot)
        self.cool()

    def cool(self) -> None:
        """Some device may have changed: no register's value is known any more."""
        if self._hot:
            self._hot = False
            self.clear_hot()

    def _read(self, placed: Placed, address: int, size: int, port: bool) -> int:
        offset = address - placed.base
        try:
            value = placed.device.read(offset, size) & ((1 << 8 * size) - 1)
        except Exception as error:
            error.add_note(f"device {placed.device.name}, read of {size} at {address:#x}")
            raise
        if (
            placed.stable is not None
            and size <= 4
            and not self._all_reach_devices
            and placed.stable(offset, size, value)
        ):
            self._hot = True
            self.set_hot(address, size, value, port)
        else:
            self.cool()
        return value

    def _nobody(self, what: str, address: int, size: int, value: int) -> None:
        key = (what, address)
        self.unanswered[key] = self.unanswered.get(key, 0) + 1
        if self.on_unanswered is not None:
            self.on_unanswered(what, address, size, value)

    def read(self, address: int, size: int) -> int:
        """A processor's read of a device."""
        placed = self.devices.find(address)
        if placed is None:
            self._nobody("read", address, size, 0)
            return int.from_bytes(bytes([self.floating]) * size, "little")
        return self._read(placed, address, size, False)

    def write(self, address: int, size: int, value: int) -> None:
        """A processor's write to a device."""
        placed = self.devices.find(address)
        if placed is None:
            self._nobody("write", address, size, value)
        else:
            try:
                placed.device.write(address - placed.base, size, value)
            except Exception as error:
                error.add_note(f"device {placed.device.name}, write of {size} at {address:#x}")
                raise
        self.cool()

    def port_in(self, port: int, size: int) -> int:
        """IN: a port nobody answers reads all ones; a wide access is split over narrow devices."""
        placed = self.ports.find(port)
        if placed is None:
            self._nobody("in", port, size, 0)
            return (1 << 8 * size) - 1
        if port + size <= placed.end or size == 1:
            return self._read(placed, port, size, True)
        return sum(self.port_in(port + i, 1) << 8 * i for i in range(size))

    def port_out(self, port: int, size: int, value: int) -> None:
        """OUT: the counterpart of `port_in`."""
        placed = self.ports.find(port)
        if placed is None:
            self._nobody("out", port, size, value)
        elif port + size <= placed.end or size == 1:
            try:
                placed.device.write(port - placed.base, size, value)
            except Exception as error:
                error.add_note(f"device {placed.device.name}, write of {size} at port {port:#x}")
                raise
            self.cool()
        else:
            for i in range(size):
                self.port_out(port + i, 1, value >> 8 * i & 0xFF)
