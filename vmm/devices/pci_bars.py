# SPDX-License-Identifier: GPL-2.0-or-later
"""Base address registers of PCI functions (PCI Local Bus Specification 2.1, 6.2.5.1).

A function declares each with `io_bar` or `memory_bar` in its configuration
table, and `Bars` moves the function's registers to where software has put them,
while the command register lets the function answer there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vmm.devices.pci import COMMAND_IO, COMMAND_MEMORY, ConfigRegister, ConfigSpace

FIRST, LAST = 0x10, 0x24  # offsets of BAR0 and BAR5
IO_SPACE = 0x1
TYPE_64, PREFETCHABLE = 0x4, 0x8

Move = Callable[[int | None], None]  # a base, or None: nowhere


def _register(number: int, size: int, least: int, flags: int) -> ConfigRegister:
    if not 0 <= number <= 5 or size < least or size & (size - 1):
        raise ValueError(f"BAR{number} of {size} bytes: a power of two of at least {least}")
    return ConfigRegister(
        FIRST + 4 * number, f"BAR{number}", 4, flags, writable=-size & 0xFFFFFFFF
    )


def io_bar(number: int, size: int) -> ConfigRegister:
    """A base address register for ``size`` ports: a power of two, at least 4."""
    return _register(number, size, 4, IO_SPACE)


def memory_bar(number: int, size: int) -> ConfigRegister:
    """A base address register for ``size`` bytes of 32-bit memory: a power of two, at least 16."""
    return _register(number, size, 16, 0)


class Bars:
    """Where the registers of one function are.

    ``moves`` has for each register, by name, who is told.  The function passes what its
    configuration space tells it to `changed`.
    """

    def __init__(self, moves: Mapping[str, Move], command: str = "PCICMD") -> None:
        self.moves = dict(moves)
        self.command = command

    def changed(self, config: ConfigSpace, register: str) -> None:
        """A register has changed: move what it governs."""
        for name in self.moves if register == self.command else (register,):
            if name in self.moves:
                self.moves[name](self._base(config, name))

    def _base(self, config: ConfigSpace, name: str) -> int | None:
        value = config[name]
        enable = COMMAND_IO if value & IO_SPACE else COMMAND_MEMORY
        base = value & ~3 if value & IO_SPACE else value & ~15
        return base if config[self.command] & enable and base else None


def assign(spaces: list[ConfigSpace], port: int, memory: int) -> None:
    """Give every base address register an address, ascending from ``port`` and ``memory``.

    As firmware does: all ones are written to learn a size.  Functions that have got an
    address are then allowed to answer.
    """
    for space in spaces:
        command = 0
        for offset in range(FIRST, LAST + 1, 4):
            space.write(offset, 4, 0xFFFFFFFF)
            found = space.read(offset, 4)
            if not found:
                continue
            if found & IO_SPACE:
                size = (~(found & ~3) & 0xFFFF) + 1
                port = -(-port // size) * size
                space.write(offset, 4, port)
                port += size
                command |= COMMAND_IO
            else:
                size = (~(found & ~15) & 0xFFFFFFFF) + 1
                memory = -(-memory // size) * size
                space.write(offset, 4, memory)
                memory += size
                command |= COMMAND_MEMORY
        if command:
            space.write(0x04, 2, space.read(0x04, 2) | command)
