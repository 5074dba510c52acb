# SPDX-License-Identifier: GPL-2.0-or-later
"""CFI parallel NOR flash with the Intel/Sharp command set (JEDEC JESD68.01 and
JEP137; Intel 28F-J3 data sheet), as on QEMU's `virt`.

One bank is two 16-bit devices side by side on a 32-bit bus, so a command goes to
both halves and a status or an identifier is read twice.  Programming and erasing
take no virtual time: the status is ready at the next read.

As on real NOR flash programming only clears bits (QEMU stores the value), an
erase begins with its confirmation (QEMU: with the first cycle), and a buffered
program commits at its confirmation.  Block locks are accepted and ignored, as QEMU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vmm.devices.device import Register, Unknown
from vmm.memory.frames import Contents

BANK_WIDTH, DEVICE_WIDTH = 4, 2
DEVICES = BANK_WIDTH // DEVICE_WIDTH
SECTOR = 256 * 1024
MANUFACTURER, DEVICE_CODE = 0x89, 0x18

READ_ARRAY, PROGRAM, PROGRAM_ALT, ERASE, CLEAR_STATUS = 0xFF, 0x40, 0x10, 0x20, 0x50
LOCK, READ_STATUS, READ_IDENTIFIER, QUERY, BUFFER = 0x60, 0x70, 0x90, 0x98, 0xE8
CONFIRM, LOCK_SET = 0xD0, 0x01

READY, ERASE_ERROR, PROGRAM_ERROR = 0x80, 0x20, 0x10
BUFFER_BITS = 11  # each device's write buffer: 2048 bytes


def _query_table(size: int) -> bytes:
    """The query structure of one of the two devices of a bank of ``size`` bytes."""
    table = bytearray(0x52)
    blocks = size // SECTOR
    sector_256 = SECTOR // DEVICES >> 8
    table[0x10:0x13] = b"QRY"
    table[0x13:0x17] = bytes((0x01, 0x00, 0x31, 0x00))  # Intel extended set, table at 0x31
    table[0x1B:0x1F] = bytes((0x45, 0x55, 0x00, 0x00))  # supply voltages
    table[0x1F:0x27] = bytes((0x07, 0x07, 0x0A, 0x00, 0x04, 0x04, 0x04, 0x00))  # time-outs
    table[0x27] = (size // DEVICES).bit_length() - 1
    table[0x28] = 0x02  # 8 and 16 bits wide
    table[0x2A] = BUFFER_BITS
    table[0x2C] = 1  # one region of equal blocks
    table[0x2D:0x31] = (blocks - 1).to_bytes(2, "little") + sector_256.to_bytes(2, "little")
    table[0x31:0x36] = b"PRI10"
    table[0x3F] = 1
    return bytes(table)


@dataclass
class State:
    """The contents are in the memory that was handed in, and saved with it."""

    command: int = 0  # 0: read array
    cycle: int = 0  # write cycles of the command that have come
    status: int = READY
    count: int = 0  # words still to come into the write buffer
    block: int = 0  # the sector that the first cycle addressed
    buffer: list[tuple[int, int, int]] = field(default_factory=list)  # offset, size, value


class CfiFlash:
    """``memory`` is the contents; its length is the bank's (virt: 64 MiB).

    While ``array_mode`` holds, the bank reads as plain memory and the bus may map
    ``memory`` itself for reading; ``on_mode(array_mode)`` is called at every change.
    """

    registers: tuple[Register, ...] = ()

    def __init__(
        self,
        memory: bytearray | Contents,
        on_mode: Callable[[bool], None] | None = None,
        read_only: bool = False,
        name: str = "flash",
    ) -> None:
        size = len(memory)
        if size < SECTOR or size & (size - 1):
            raise ValueError(f"{name}: {size} bytes is not a power of two of {SECTOR} or more")
        self.name = name
        self.size = size
        self.memory = memory
        self.on_mode = on_mode
        self.read_only = read_only
        self.unknown = Unknown(name)
        self.array_mode = True
        self._table = _query_table(size)
        self.state = State()

    def reset(self) -> None:
        self.state = State()
        self._set_mode(True)

    def resume(self) -> None:
        """Take the mode from the state, after it was replaced."""
        self._set_mode(self.state.command == 0 and self.state.cycle == 0)

    # -- reading ------------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        command = self.state.command
        if command == 0:
            return int.from_bytes(self.memory[offset : offset + size], "little")
        if command == READ_IDENTIFIER:
            return self._on_bus(offset, size, self._identifier)
        if command == QUERY:
            return self._on_bus(offset, size, self._query)
        return self._on_bus(offset, size, lambda index: self.state.status)

    def _on_bus(self, offset: int, size: int, answer: Callable[[int], int]) -> int:
        """Both devices drive their half with what they answer for their word address."""
        value = 0
        for lane in range(size):
            at = offset + lane
            if at % DEVICE_WIDTH == 0:
                value |= (answer(at // BANK_WIDTH) & 0xFF) << 8 * lane
        return value

    def _identifier(self, index: int) -> int:
        return {0: MANUFACTURER, 1: DEVICE_CODE}.get(index & 0xFF, 0)

    def _query(self, index: int) -> int:
        return self._table[index] if index < len(self._table) else 0

    # -- writing ------------------------------------------------------------

    def write(self, offset: int, size: int, value: int) -> None:
        state = self.state
        if state.cycle == 0:
            self._set_mode(False)
            self._begin(offset, value & 0xFF)
        elif state.command in (PROGRAM, PROGRAM_ALT):
            self._program([(offset, size, value)])
            self._finish()
        elif state.command == ERASE:
            self._confirm_erase(value & 0xFF)
        elif state.command == BUFFER:
            self._fill_buffer(offset, size, value)
        elif state.command == LOCK:
            if value & 0xFF in (CONFIRM, LOCK_SET):
                self._finish()
            else:
                self._read_array(value & 0xFF)

    def _begin(self, offset: int, command: int) -> None:
        state = self.state
        if command in (PROGRAM, PROGRAM_ALT, ERASE, LOCK, BUFFER):
            state.command = command
            state.cycle = 1
            state.block = offset & ~(SECTOR - 1)
            state.buffer.clear()
            if command == BUFFER:
                state.status |= READY
        elif command in (READ_STATUS, READ_IDENTIFIER, QUERY):
            state.command = command
        elif command == CLEAR_STATUS:
            state.status = READY
            self._read_array(READ_ARRAY)
        else:
            self._read_array(command)

    def _finish(self) -> None:
        """The command is over; reads give the status until another command."""
        self.state.cycle = 0
        self.state.status |= READY

    def _read_array(self, command: int) -> None:
        # 0xf0 is AMD's reset and 0x00 QEMU's: probes, not mistakes.
        if command not in (READ_ARRAY, 0xF0, 0x00):
            self.unknown.note(f"flash command {command:#04x} is not known here")
        self.state.command = 0
        self.state.cycle = 0
        self.state.buffer.clear()
        self._set_mode(True)

    def _confirm_erase(self, command: int) -> None:
        if command != CONFIRM:
            self._read_array(command)
            return
        if self.read_only:
            self.state.status |= ERASE_ERROR
        else:
            block = self.state.block
            self.memory[block : block + SECTOR] = b"\xff" * SECTOR
        self._finish()

    def _fill_buffer(self, offset: int, size: int, value: int) -> None:
        state = self.state
        if state.cycle == 1:
            state.count = value & 0xFFFF
            state.cycle = 2
            if state.count >= (1 << BUFFER_BITS) // DEVICE_WIDTH:
                self.unknown.note(f"flash buffer of {state.count + 1} words is too long")
                state.status |= PROGRAM_ERROR
                self._finish()
        elif state.cycle == 2:
            state.buffer.append((offset, size, value))
            if state.count == 0:
                state.cycle = 3
            state.count = max(0, state.count - 1)
        elif value & 0xFF == CONFIRM:
            self._program(state.buffer)
            state.buffer.clear()
            self._finish()
        else:
            self._read_array(value & 0xFF)

    def _program(self, words: list[tuple[int, int, int]]) -> None:
        if self.read_only:
            self.state.status |= PROGRAM_ERROR
            return
        for offset, size, value in words:
            if offset + size > self.size:
                continue
            old = int.from_bytes(self.memory[offset : offset + size], "little")
            new = old & value & ((1 << 8 * size) - 1)
            self.memory[offset : offset + size] = new.to_bytes(size, "little")

    def _set_mode(self, array_mode: bool) -> None:
        if array_mode != self.array_mode:
            self.array_mode = array_mode
            if self.on_mode is not None:
                self.on_mode(array_mode)
