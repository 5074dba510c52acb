# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI configuration: spaces as declared tables, buses, and mechanism #1.

PCI Local Bus Specification 2.1, chapters 3.2.2.3.2 and 6.  A function is its
configuration space; what its registers control is told to it by callbacks.
Only bus 0 exists, so type 1 cycles, like all cycles that no function claims,
end with a master abort: reads give all ones, writes are lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from vmm.devices.byte_port import read_bytes, write_bytes
from vmm.devices.device import Register, Unknown

SPACE = 256  # bytes of configuration space
HEADER = 64
ENABLE = 1 << 31
ADDRESS_BITS = 0x80FFFFFC  # of CONFADD; the others are reserved and read as zero

COMMAND, STATUS = 0x04, 0x06
COMMAND_IO, COMMAND_MEMORY, COMMAND_MASTER = 0x1, 0x2, 0x4
STATUS_DEVSEL_MEDIUM = 0x0200
MULTIFUNCTION = 0x80
QEMU_VENDOR, QEMU_SUBSYSTEM = 0x1AF4, 0x1100


@dataclass(frozen=True, slots=True)
class ConfigRegister:
    """One register of a configuration space: which bits can be written, which are cleared by 1."""

    offset: int
    name: str
    size: int = 1  # bytes
    reset: int = 0
    writable: int = 0
    clears: int = 0


def identity(
    vendor: int, device: int, revision: int, class_code: int, header: int = 0
) -> tuple[ConfigRegister, ...]:
    """The registers that say what a function is; ``class_code`` has three bytes.

    The subsystem is QEMU's: that is how firmware knows that fw_cfg is there.
    """
    return (
        ConfigRegister(0x00, "VID", 2, vendor),
        ConfigRegister(0x02, "DID", 2, device),
        ConfigRegister(0x08, "RID", 1, revision),
        ConfigRegister(0x09, "CLASSC", 3, class_code),
        ConfigRegister(0x0E, "HEDT", 1, header),
        ConfigRegister(0x2C, "SVID", 2, QEMU_VENDOR),
        ConfigRegister(0x2E, "SID", 2, QEMU_SUBSYSTEM),
    )


@dataclass(slots=True)
class ConfigState:
    """The 256 bytes."""

    space: bytearray = field(default_factory=lambda: bytearray(SPACE))


Live = tuple[Callable[[], int], Callable[[int], None]]  # how a register is read and written


class ConfigSpace:
    """One function's configuration space.

    ``on_change(register, before)`` is told of a register whose value a write
    has changed, and of every register after a reset or `resume` (``before`` is
    then the new value).  A register in ``live`` keeps nothing: its reads and writes are
    two functions.  Bytes that the table does not have read as zero; those
    behind the header, which every function has, are counted.
    """

    def __init__(
        self,
        name: str,
        registers: tuple[ConfigRegister, ...],
        on_change: Callable[[str, int], None] = lambda register, before: None,
        live: dict[str, Live] | None = None,
    ) -> None:
        self.name = name
        self.registers = registers
        self.on_change = on_change
        self.live = live or {}
        self.unknown = Unknown(name)
        self.state = ConfigState()
        self._places = {register.name: register for register in registers}
        self._writable, self._clears = bytearray(SPACE), bytearray(SPACE)
        self._owner: list[str | None] = [None] * SPACE
        for register in registers:
            where = slice(register.offset, register.offset + register.size)
            self._writable[where] = register.writable.to_bytes(register.size, "little")
            self._clears[where] = register.clears.to_bytes(register.size, "little")
            self._owner[where] = [register.name] * register.size
        self._load_resets()

    def _load_resets(self) -> None:
        self.state = ConfigState()
        for register in self.registers:
            self[register.name] = register.reset

    def reset(self) -> None:
        self._load_resets()
        self.resume()

    def resume(self) -> None:
        """Tell of every register, as after the state was replaced."""
        for register in self.registers:
            self.on_change(register.name, self[register.name])

    def __getitem__(self, name: str) -> int:
        """A register's value, by name."""
        register = self._places[name]
        end = register.offset + register.size
        return int.from_bytes(self.state.space[register.offset : end], "little")

    def __setitem__(self, name: str, value: int) -> None:
        """Change a register as the function itself does: no mask, nobody told."""
        register = self._places[name]
        end = register.offset + register.size
        self.state.space[register.offset : end] = value.to_bytes(register.size, "little")

    def read(self, offset: int, size: int) -> int:
        """A configuration read inside one double word."""
        living = self._owner[offset]
        if living in self.live:
            return self.live[living][0]() & ((1 << 8 * size) - 1)
        for at in range(offset, offset + size):
            if self._owner[at] is None and at >= HEADER:
                self.unknown.read(at, 1)
        return int.from_bytes(self.state.space[offset : offset + size], "little")

    def write(self, offset: int, size: int, value: int) -> None:
        """A configuration write inside one double word."""
        living = self._owner[offset]
        if living in self.live:
            self.live[living][1](value)
            return
        space = self.state.space
        changed: dict[str, int] = {}
        for at in range(offset, offset + size):
            byte, value = value & 0xFF, value >> 8
            owner = self._owner[at]
            if owner is None:
                if at >= HEADER:
                    self.unknown.write(at, 1, byte)
                continue
            kept = space[at] & ~self._writable[at] & ~(self._clears[at] & byte)
            after = kept | byte & self._writable[at]
            if after != space[at]:
                changed.setdefault(owner, self[owner])
                space[at] = after
        for name, before in changed.items():
            self.on_change(name, before)


class PciBus:
    """The functions of one bus by (device, function) number."""

    def __init__(self) -> None:
        self.functions: dict[tuple[int, int], ConfigSpace] = {}
        self.unknown = Unknown("pci")

    def place(self, device: int, function: int, space: ConfigSpace) -> None:
        """Put a function into a slot; ValueError if the number is taken or out of range."""
        number = (device, function)
        if not (0 <= device < 32 and 0 <= function < 8) or number in self.functions:
            raise ValueError(f"{space.name}: PCI function {device}.{function} is not free")
        self.functions[number] = space
        space.unknown.sink = self._report

    def _report(self, text: str) -> None:
        if self.unknown.sink is not None:
            self.unknown.sink(text)

    def find(self, device: int, function: int) -> ConfigSpace | None:
        """Who claims a type 0 cycle, or None."""
        return self.functions.get((device, function))


@dataclass(slots=True)
class ConfigMechanismState:
    """CONFADD."""

    address: int = 0


class Ports(Protocol):
    """Byte-wide ports that lie under CONFADD."""

    def read(self, offset: int, size: int) -> int: ...
    def write(self, offset: int, size: int, value: int) -> None: ...


class ConfigMechanism:
    """Ports 0xCF8 (CONFADD, only as a double word) and 0xCFC to 0xCFF (CONFDATA).

    Byte and word accesses to 0xCF8 to 0xCFB are ordinary I/O cycles and go to
    ``beneath``, at the same offsets: the reset control register is at 0xCF9.
    """

    name = "pci-config"
    size = 8
    registers = (Register(0, "CONFADD"), Register(4, "CONFDATA"))

    def __init__(self, bus: PciBus, beneath: Ports) -> None:
        self.bus = bus
        self.beneath = beneath
        self.unknown = bus.unknown
        self.state = ConfigMechanismState()

    def reset(self) -> None:
        self.state = ConfigMechanismState()

    def resume(self) -> None:
        """Nothing runs by itself."""

    def read(self, offset: int, size: int) -> int:
        if offset == 0 and size == 4:
            return self.state.address
        if offset >= 4:
            return self._read(offset & 3, size)
        return read_bytes(self._read_byte, offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == 0 and size == 4:
            self.state.address = value & ADDRESS_BITS
        elif offset >= 4:
            self._write(offset & 3, size, value)
        else:
            write_bytes(self._write_byte, offset, size, value)

    def _read_byte(self, offset: int) -> int:
        return self._read(offset & 3, 1) if offset >= 4 else self.beneath.read(offset, 1)

    def _write_byte(self, offset: int, value: int) -> None:
        if offset >= 4:
            self._write(offset & 3, 1, value)
        else:
            self.beneath.write(offset, 1, value)

    def _selected(self) -> ConfigSpace | None:
        address = self.state.address
        if not address & ENABLE or address >> 16 & 0xFF:
            return None
        return self.bus.find(address >> 11 & 31, address >> 8 & 7)

    def _read(self, byte: int, size: int) -> int:
        space = self._selected()
        if space is None:
            return (1 << 8 * size) - 1
        return space.read(self.state.address & 0xFC | byte, size)

    def _write(self, byte: int, size: int, value: int) -> None:
        space = self._selected()
        if space is not None:
            space.write(self.state.address & 0xFC | byte, size, value)
