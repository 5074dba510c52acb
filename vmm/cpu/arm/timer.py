"""The generic timer's system registers: from CP15 accesses to the comparators.

ARM DDI 0406C, table B8-2.  The counters run natively on virtual time; the
comparators are an object with the methods of `Comparators` (a device of the
board), because they have interrupt lines and events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from vmm.cpu.arm.processor import ArmProcessor
from vmm.cpu.arm.registers import SystemRegister, cp_key

PHYSICAL, VIRTUAL, HYPERVISOR, SECURE = range(4)
SECURE_INSTANCE = 1 << 24
NATIVE_PHYSICAL, NATIVE_VIRTUAL, KEPT, KEPT_SECURE = range(4)


class Comparators(Protocol):
    """What answers the registers."""

    def read_control(self, timer: int) -> int: ...
    def write_control(self, timer: int, value: int) -> None: ...
    def read_compare(self, timer: int) -> int: ...
    def write_compare(self, timer: int, value: int) -> None: ...
    def read_value(self, timer: int) -> int: ...
    def write_value(self, timer: int, value: int) -> None: ...
    def write_offset(self, value: int) -> None: ...
    def reset(self) -> None: ...


def _id(register: SystemRegister) -> int:
    return register.crn << 16 | register.crm << 12 | register.opc1 << 8 | register.opc2 << 4


# name, register, timer, what
CONTROLS = (
    (SystemRegister("cntp_ctl", 14, 0, 2, 1), PHYSICAL),
    (SystemRegister("cntv_ctl", 14, 0, 3, 1), VIRTUAL),
    (SystemRegister("cnthp_ctl", 14, 4, 2, 1), HYPERVISOR),
)
VALUES = (
    (SystemRegister("cntp_tval", 14, 0, 2, 0), PHYSICAL),
    (SystemRegister("cntv_tval", 14, 0, 3, 0), VIRTUAL),
    (SystemRegister("cnthp_tval", 14, 4, 2, 0), HYPERVISOR),
)
COMPARES = (
    (SystemRegister("cntp_cval", 0, 2, 14, 0, wide=True), PHYSICAL),
    (SystemRegister("cntv_cval", 0, 3, 14, 0, wide=True), VIRTUAL),
    (SystemRegister("cnthp_cval", 0, 6, 14, 0, wide=True), HYPERVISOR),
)
PHYSICAL_COUNT = SystemRegister("cntpct", 0, 0, 14, 0, wide=True)
VIRTUAL_COUNT = SystemRegister("cntvct", 0, 1, 14, 0, wide=True)
OFFSET = SystemRegister("cntvoff", 0, 4, 14, 0, wide=True)


class TimerRegisters:
    """Routes one processor's timer registers; ``divider`` is cycles a tick (a power of 2)."""

    def __init__(self, processor: ArmProcessor, comparators: Comparators, divider: int) -> None:
        if divider & (divider - 1):
            raise ValueError(f"cycles per timer tick must be a power of two, not {divider}")
        self.comparators = comparators
        self.offset = 0
        native = processor.engine.native
        native.counter_mul, native.counter_shift = 1, divider.bit_length() - 1
        self._table: dict[int, tuple[str, int]] = {}
        for secure in (False, True):
            self._take(processor, PHYSICAL_COUNT, secure, NATIVE_PHYSICAL)
            self._take(processor, VIRTUAL_COUNT, secure, NATIVE_VIRTUAL)
            self._take(processor, OFFSET, secure, KEPT)
            for kind, rows in (("control", CONTROLS), ("value", VALUES), ("compare", COMPARES)):
                for register, timer in rows:
                    own = secure and timer == PHYSICAL
                    if self._take(processor, register, secure, KEPT_SECURE if own else KEPT):
                        key = _id(register) | (SECURE_INSTANCE if own else 0)
                        self._table[key] = (kind, SECURE if own else timer)
        self._table[_id(OFFSET)] = ("offset", VIRTUAL)
        processor.engine.handlers.sysreg = self.access

    @staticmethod
    def _take(processor: ArmProcessor, register: SystemRegister, secure: bool, what: int) -> bool:
        return processor.system_register(cp_key(register, secure), what)

    def reset(self) -> None:
        """All registers to their reset values."""
        self.offset = 0
        self.comparators.reset()

    def access(self, register: int, write: bool, value: int) -> int:
        """An MRC, MRRC, MCR or MCRR of one of the registers."""
        kind, timer = self._table[register]
        c = self.comparators
        if kind == "control":
            if not write:
                return c.read_control(timer)
            c.write_control(timer, value)
        elif kind == "value":
            if not write:
                return c.read_value(timer)
            c.write_value(timer, value)
        elif kind == "compare":
            if not write:
                return c.read_compare(timer)
            c.write_compare(timer, value)
        else:
            if not write:
                return self.offset
            self.offset = value
            c.write_offset(value)
        return 0


class Banked:
    """The registers of several processors: ``current`` says which one makes an access."""

    def __init__(self, registers: Sequence[TimerRegisters], current: Callable[[], int]) -> None:
        self.registers = tuple(registers)
        self.current = current

    def access(self, register: int, write: bool, value: int) -> int:
        """As `TimerRegisters.access`."""
        return self.registers[self.current()].access(register, write, value)
