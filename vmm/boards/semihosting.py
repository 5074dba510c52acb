"""Arm semihosting: the calls a guest test needs to print and to end.

Arm "Semihosting for AArch32 and AArch64", chapters 2 and 5.  File calls
reach the console only (":tt"); a guest has no business with the host's files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from vmm.cpu.processor import Processor
from vmm.machine.machine import Machine
from vmm.machine.outcome import Outcome
from vmm.native import library as native

SVC_ARM, SVC_THUMB = 0xEF123456, 0xDFAB
OPEN, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISERROR, ISTTY = 1, 2, 3, 4, 5, 6, 7, 8, 9
CLOCK, TIME, ERRNO, EXIT, EXIT_EXTENDED, ELAPSED, TICKFREQ = (
    0x10, 0x11, 0x13, 0x18, 0x20, 0x30, 0x31
)
APPLICATION_EXIT = 0x20026
LONGEST = 1 << 16  # bytes of one string
FAILED = 0xFFFFFFFF


class Semihosting:
    """Serves `SVC 0x123456` (Thumb: `SVC 0xAB`)."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._calls: dict[int, Callable[[int], int]] = {
            OPEN: self._open, CLOSE: lambda block: 0, WRITEC: self._writec, WRITE0: self._write0,
            WRITE: self._write, READ: self._read, READC: lambda block: 0,
            ISERROR: lambda block: int(self._words(block, 1)[0] >> 31), ISTTY: lambda block: 1,
            CLOCK: lambda block: machine.clock.now() // 10_000_000,
            TIME: lambda block: machine.clock.now() // 1_000_000_000, ERRNO: lambda block: 0,
            ELAPSED: self._elapsed, TICKFREQ: lambda block: 1_000_000_000,
        }

    @property
    def processor(self) -> Processor:
        """The machine's, which a monitor may have taken over since."""
        return self.machine.processor

    def trap(self, kind: int) -> int:
        """An SVC with the semihosting number: serve it if the instruction really is one."""
        processor, registers = self.processor, self.processor.registers
        thumb = bool(registers["cpsr"] & 0x20)
        size = 2 if thumb else 4
        code = self._bytes(processor.pc - size, size)
        if code is None:
            return native.NATIVE
        word = int.from_bytes(code, "little")
        condition = 0 if thumb else 0xF0000000  # it was met, or there were no trap
        if word | condition != (SVC_THUMB if thumb else SVC_ARM | condition):
            return native.NATIVE
        operation, block = registers["r0"], registers["r1"]
        if operation == EXIT:
            status = 0 if block == APPLICATION_EXIT else 1
            self._end(status)
        elif operation == EXIT_EXTENDED:
            reason, status = self._words(block, 2)
            self._end(status if reason == APPLICATION_EXIT else 1)
        else:
            call = self._calls.get(operation)
            registers["r0"] = FAILED if call is None else call(block) & 0xFFFFFFFF
        return native.HANDLED

    def _end(self, status: int) -> None:
        text = f"the guest ended itself (semihosting) with status {status & 0xFF}"
        self.machine.stop(Outcome.exit(status, text))

    # -- guest memory -----------------------------------------------------------

    def _bytes(self, address: int, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            at = (address + len(data)) & 0xFFFFFFFF
            physical = self.processor.translate(at)
            if physical is None:
                return None
            chunk = self.machine.bus.read_memory(
                physical, min(size - len(data), 0x400 - (at & 0x3FF))
            )
            if chunk is None:
                return None
            data += chunk
        return data

    def _words(self, block: int, count: int) -> tuple[int, ...]:
        data = self._bytes(block, 4 * count)
        return (0,) * count if data is None else struct.unpack(f"<{count}I", data)

    # -- calls ------------------------------------------------------------------

    def _open(self, block: int) -> int:
        name_at, _, length = self._words(block, 3)
        return 1 if self._bytes(name_at, min(length, 16)) == b":tt" else FAILED

    def _writec(self, block: int) -> int:
        character = self._bytes(block, 1)
        if character:
            self.machine.console.put(character)
        return 0

    def _write0(self, address: int) -> int:
        text = bytearray()
        while len(text) < LONGEST:
            byte = self._bytes(address + len(text), 1)
            if not byte or byte == b"\0":
                break
            text += byte
        if text:
            self.machine.console.put(bytes(text))
        return 0

    def _write(self, block: int) -> int:
        _, address, length = self._words(block, 3)
        data = self._bytes(address, min(length, LONGEST))
        if data is None:
            return length
        self.machine.console.put(data)
        return length - len(data)

    def _read(self, block: int) -> int:
        return self._words(block, 3)[2]  # nothing read: end of file

    def _elapsed(self, block: int) -> int:
        physical = self.processor.translate(block)
        if physical is not None:
            self.machine.bus.write_memory(physical, self.machine.clock.now().to_bytes(8, "little"))
        return 0
